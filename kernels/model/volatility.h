// Implied volatility follows realised volatility and the demand for calls (docs/model.md, 9).
#pragma once
#include "state.h"

FN void move_implied_vol(State& s, const Name& p, unsigned features) {
    const Real fair = maximum(Real(p.vol0), Real(p.vol_realised) * s.realised_vol);
    const Real calls = features & FEATURE_MONTHLY_CALLS ? s.calls + s.monthly_calls : s.calls;
    const Real demand = fused(Real(p.vol_demand), positive(calls), Real(1.0f));
    const Real goal = minimum(fair * demand, Real(p.vol_max));
    s.implied_vol = fused(Real(p.vol_c), goal - s.implied_vol, s.implied_vol);
}

// Close of a day: exponentially weighted realised variance, per annum.
FN void close_realised_vol(State& s, const Name& p) {
    const Real r = s.log_price - s.log_price_close;
    const Real kept = Real(1.0f - p.rv_weight) * s.realised_vol * s.realised_vol;
    s.realised_vol = square_root(fused(Real(252.0f * p.rv_weight) * r, r, kept));
    s.log_price_close = s.log_price;
}
