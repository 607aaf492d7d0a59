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
// `factors` is the name's factor return per square-root day.
FN void move_anchor(State& s, const Name& p, Real factors, Real normal, const Shares& step) {
    const Real sigma = Real(p.sigma) * fused(Real(p.attention_volatility), s.attention, Real(1.0f));
    const Real variance = sigma * sigma;
    const Real idiosyncratic = square_root(variance - Real(p.factor_variance));
    const Real shock = step.root * fused(idiosyncratic, normal, factors);
    const Real drift = fused(Real(-0.5f), variance, Real(p.drift));
    s.anchor = s.anchor + fused(Real(step.share), drift, shock);
}
