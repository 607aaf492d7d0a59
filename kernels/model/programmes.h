// Programmes of the timeline: buyers and sellers who do not ask the price (docs/model.md, 1 and 7).
#pragma once
#include "orders.h"

FN Order programme_order(const State& s, const Effects& e, float dt) {
    Order wanted = order_of(e.programme * Real(dt));
    return {wanted.buy, minimum(wanted.sell, s.programme)};
}
