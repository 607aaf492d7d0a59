// The borrow market: what can be lent, what is borrowed, the fee and the recall
// (docs/model.md, 7 and 9).
#pragma once
#include "state.h"

FN Real lendable(const State& s, const Name& p) {
    const Real all = fused(Real(p.lendable_elastic), s.elastic, Real(p.lendable_locked * p.locked));
    return maximum(all, Real(1.0f / LOTS_PER_FLOAT));
}

FN Real borrowed(const State& s, const Name& p) {
    return s.cohort + s.new_shorts + Real(p.book_short) + positive(-s.hedge);
}

FN void set_borrow_fee(State& s, const Name& p) {
    s.utilisation = borrowed(s, p) / lendable(s, p);
    const Real excess = positive(s.utilisation - Real(p.fee_threshold)) - Real(p.fee_excess0);
    s.fee = maximum(fused(Real(p.fee_slope), excess, Real(p.fee0)), Real(p.fee_min));
}
