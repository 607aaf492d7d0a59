// Levered longs, the mirror of the cohort: they sell as the fall from their entry, which follows
// part of the run-up, passes their tolerance (docs/model.md, 7).
#pragma once
#include "orders.h"
#include "tolerance.h"

FN Order levered_order(State& s, const Name& p, Real volume) {
    const Real down = fused(Real(p.levered_refinancing), s.log_price_max, -s.log_price);
    s.drawdown_max = maximum(s.drawdown_max, down);
    const Real called = given_up(s.drawdown_max, p.levered_tolerance, p.levered_inverse_sd,
                                 p.levered_floor, p.levered_inverse_mass);
    const Real left = Real(p.levered0) * (Real(1.0f) - called);
    const Real due = minimum(positive(s.levered - left), s.levered);
    return {Real(0.0f), minimum(due, Real(p.levered_participation_dt) * volume)};
}
