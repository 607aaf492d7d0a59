// The clearing rule: a broker whose customers buy more than its capital bears must stop them
// (NSCC rule 15, excess capital premium; docs/model.md, 9).
#pragma once
#include "state.h"

// What the crowd bought and has not settled, after it held `before`.
FN void settle(State& s, const Run& run, Real before) {
    const Real kept = s.unsettled * Real(1.0f - run.settlement_c);
    s.unsettled = fused(s.price, s.crowd_shares - before, kept);
}

// What one name adds to the broker's requirement over its excess net capital.
FN Real requirement(const State& s, const Name& p) {
    return Real(p.broker_value) * s.implied_vol * positive(s.unsettled);
}

// Days of restriction left after an intraday step with this requirement.
FN Real days_left(Real left, Real required, const Run& run) {
    const Real premium = positive(required - Real(1.0f)) * required;
    return select(premium > Real(run.premium_limit), Real(run.broker_duration),
                  positive(left - Real(run.dt)));
}

// Half a step of slack: days are counted down in steps that floats do not hold exactly.
FN Mask broker_restricts(Real left, const Run& run) { return left > Real(0.5f * run.dt); }
