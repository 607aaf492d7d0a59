// The anchor w: what the elastic holders believe the share is worth (docs/model.md, 6 and 8).
#pragma once
#include "state.h"

// A step's share of the daily variance.
struct Shares {
    float share;
    Real root;
};

FN Shares shares_of(float share) { return {share, square_root(Real(share))}; }

// Attention adds idiosyncratic variance; e^w stays a martingale when the drift is zero.
// `factors` is the name's factor return per square-root day, already of the factors' variance of
// the day; both variances of the day are 1 without heavy tails.
FN void diffuse_anchor(State& s, const Name& p, unsigned features, Real factors, Real normal,
                       Real factor_variance, const Shares& step) {
    const Real sigma = Real(p.sigma) * fused(Real(p.attention_volatility), s.attention, Real(1.0f));
    Real variance = sigma * sigma;
    Real own = variance - Real(p.factor_variance);
    if (features & FEATURE_CLUSTERING) {
        // at most 1 a day: impact that amplifies the anchor would feed on itself without end
        const Real daily = minimum(s.realised_vol * Real(0.0629940788f), Real(1.0f));
        const Real realised = positive(fused(daily, daily, Real(-p.factor_variance)));
        own = fused(Real(p.clustering), realised - own, own);
        variance = own + Real(p.factor_variance);
    }
    if (features & FEATURE_NAME_TAILS) own = own * s.variance;
    if (features & (FEATURE_NAME_TAILS | FEATURE_FACTOR_TAILS))
        variance = fused(Real(p.factor_variance), factor_variance, own);
    const Real shock = step.root * fused(square_root(positive(own)), normal, factors);
    const Real drift = fused(Real(-0.5f), variance, Real(p.drift));
    s.anchor = s.anchor + fused(Real(step.share), drift, shock);
}
