// The borrow market: what can be lent, what is borrowed, the fees and the recall
// (docs/model.md, 7 and 9).
#pragma once
#include "state.h"

// `factor` is what a recall event leaves.
FN Real lendable(const State& s, const Name& p, Real factor) {
    Real all = fused(Real(p.lendable_elastic), s.elastic, Real(p.lendable_locked) * s.locked);
    if (p.lendable_crowd > 0.0f) all = fused(Real(p.lendable_crowd), s.crowd_shares, all);
    return maximum(all * factor, Real(1.0f / LOTS_PER_FLOAT));
}

FN Real borrowed(const State& s, int funds) {
    Real all = s.cohort + s.new_shorts + positive(-s.book) + positive(-s.hedge);
    POWDERKEG_UNROLL
    for (int f = 0; f < funds; ++f) all = all + positive(-s.fund[f]);
    return all;
}

// Fee of new loans, from the utilisation of the last step.
FN Real new_loan_fee(const State& s, const Name& p) {
    const Real excess = positive(s.utilisation - Real(p.fee_threshold)) - Real(p.fee_excess0);
    return maximum(fused(Real(p.fee_slope), excess, Real(p.fee0)), Real(p.fee_min));
}

// Existing loans pay, utilisation follows the holdings, loans are repriced with a lag.
FN void move_borrow_market(State& s, const Name& p, float dt, Real lendable_factor, int funds) {
    s.fee_paid = fused(s.fee_existing, Real(dt / 252.0f), s.fee_paid);
    s.utilisation = borrowed(s, funds) / lendable(s, p, lendable_factor);
    const Real fee = new_loan_fee(s, p);
    s.fee_existing = p.repricing_c < 1.0f
                         ? fused(Real(p.repricing_c), fee - s.fee_existing, s.fee_existing)
                         : fee;
}
