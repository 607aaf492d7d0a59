// The anchor w: what the elastic holders believe the share is worth (docs/model.md, 6 and 8).
#pragma once
#include "state.h"

// A step's share of the daily variance.
struct Shares {
    float share;
    Real root;
};

FN Shares shares_of(float share) { return {share, square_root(Real(share))}; }

// What moves a name's anchor in a step: its own normal, its return on factors per square-root day,
// and its loadings times attention factors, relative. Factors are of their variance of the day.
struct News {
    Real factors, attention, normal;
};

// A day's drift. While a crowd attends, the price becomes what the share is believed to be worth:
// adaptive expectations (Cagan 1956).
FN Real anchor_drift(const State& s, const Name& p, unsigned channels) {
    if (!(channels & CHANNEL_CROWD)) return Real(p.drift);
    return fused(Real(p.adaptation) * s.attention, s.log_price - s.anchor, Real(p.drift));
}

// Attention adds variance to the name itself and to attention factors, of which they have a share;
// e^w stays a martingale when the drift is zero. Both variances of the day are 1 without heavy
// tails.
FN void diffuse_anchor(State& s, const Name& p, Real drift, unsigned features, const News& news,
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
    Real of_factors = Real(p.factor_variance), shock = news.factors;
    if (features & FEATURE_ATTENTION_FACTORS) {
        const Real scaled = Real(p.attention_share) * own;
        shock = fused(square_root(positive(own)), news.attention, shock);
        own = own - scaled;
        of_factors = of_factors + scaled;
    }
    if (features & FEATURE_NAME_TAILS) own = own * s.variance;
    if (features & (FEATURE_NAME_TAILS | FEATURE_FACTOR_TAILS))
        variance = fused(of_factors, factor_variance, own);
    shock = step.root * fused(square_root(positive(own)), news.normal, shock);
    drift = fused(Real(-0.5f), variance, drift);
    s.anchor = s.anchor + fused(Real(step.share), drift, shock);
}
