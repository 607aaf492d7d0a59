// Programmes of the timeline: buyers and sellers who do not ask the price (docs/model.md, 1 and 7).
#pragma once
#include "orders.h"

FN void programme_orders(const State& s, const Effects& e, float dt, Orders& o) {
    o.programme = order_of(e.programme * Real(dt));
    o.programme.sell = minimum(o.programme.sell, s.programme);
    o.issuer.sell = fused(e.issuance, Real(dt), o.issuer.sell);
}
