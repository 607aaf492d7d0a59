// The issuer sells new shares at the market above a price (docs/model.md, 7).
#pragma once
#include "orders.h"

FN Order issuer_order(const State& s, const Name& p, Real volume) {
    const Real due = minimum(positive(Real(p.issue_maximum) - s.issued),
                             Real(p.issue_participation_dt) * volume);
    return {Real(0.0f), select(s.log_price > Real(p.issue_threshold), due, Real(0.0f))};
}
