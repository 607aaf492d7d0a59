// A leader builds a block that the crowd follows, then sells it into the crowd (docs/model.md, 7).
#pragma once
#include "orders.h"

FN void leader_orders(const State& s, const Name& p, Real volume, Orders& o) {
    const Mask sells = s.x_max >= Real(p.leader_sell_above);
    const Real zero = Real(0.0f);
    const Real buy = minimum(positive(Real(p.leader_block) - s.leader), Real(p.leader_rate_dt));
    const Real sell = minimum(s.leader, Real(p.leader_participation_dt) * volume);
    o.leader.buy = select(sells, zero, buy);
    o.leader.sell = select(sells, sell, zero);
}
