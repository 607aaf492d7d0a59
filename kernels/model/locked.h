// Locked holders let go at high multiples, slowly (docs/model.md, 7).
#pragma once
#include "orders.h"
#include "tolerance.h"

FN Order locked_order(const State& s, const Name& p, Real /* volume */) {
    const Real reached = given_up(s.log_price, p.release_mean, p.release_inverse_sd,
                                  p.release_floor, p.release_inverse_mass);
    const Real held = Real(p.locked) * fused(Real(-p.release_share), reached, Real(1.0f));
    return {Real(0.0f), Real(p.release_c) * minimum(positive(s.locked - held), s.locked)};
}
