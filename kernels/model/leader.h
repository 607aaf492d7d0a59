// A leader builds a block that the crowd follows, then sells it into the crowd (docs/model.md, 7).
#pragma once
#include "orders.h"

FN Order leader_order(const State& s, const Name& p, Real volume) {
    const Mask sells = s.log_price_max >= Real(p.leader_sell_above);
    const Real zero = Real(0.0f);
    const Real buy = minimum(positive(Real(p.leader_block) - s.leader), Real(p.leader_rate_dt));
    const Real sell = minimum(s.leader, Real(p.leader_participation_dt) * volume);
    return {select(sells, zero, buy), select(sells, sell, zero)};
}
