// Funds with positions in several names cut all of them alike as they lose money (Cont & Wagalath
// 2013; docs/model.md, 7 and 9).
#pragma once
#include "orders.h"

// The share of its starting positions that a fund of this equity keeps.
FN Real kept_share(const Fund& fund, Real equity) {
    const Real loss = positive(Real(1.0f - fund.threshold) - equity);
    const Real kept = fused(Real(-fund.slope), loss, Real(1.0f));
    return clip(kept, Real(0.0f), Real(1.0f)) * Real(1.0f / fund.kept0);
}

FN Order fund_order(const Fund& fund, const Position& position, Real kept, Real holding) {
    const Real target = Real(position.holding0) * kept;
    const Mask cuts = absolute(target) < absolute(holding);
    return order_of(select(cuts, Real(fund.cut_c), Real(fund.rebuild_c)) * (target - holding));
}

// What a name adds to a fund's equity in a step: what is traded on the way trades at the mean price.
FN Real fund_gain(const Position& position, Real held, Real holds, Real change_of_price) {
    return Real(0.5f * position.value) * (held + holds) * change_of_price;
}
