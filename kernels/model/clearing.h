// What makes a price: elastic holders around an anchor, x = w + M ln(E0/E) + J (Gabaix & Koijen
// 2021; J after Obizhaeva & Wang 2013), and the fills of a clearing move (docs/model.md, 4 and 8).
#pragma once
#include "state.h"

FN Real log_price(const State& s, const Name& p) {
    return s.anchor + fused(Real(p.elasticity), logarithm(Real(p.elastic0) / s.elastic), s.transient);
}

// Mean price of a move of the elastic float from `before` to `after`: (1/q) int P dE, any M.
FN Real fill_price(Real anchor, Real mean_transient, Real elasticity, Real elastic0, Real before,
                   Real after) {
    const Real start =
        anchor + fused(elasticity, logarithm(elastic0 / before), mean_transient);
    const Real rho = logarithm(before / after);
    return exponential(start) * growth((elasticity - Real(1.0f)) * rho) / growth(-rho);
}

// Share of every buy order that the elastic float can fill above its floor.
FN Real fill_share(Real elastic, Real floor, Real buys, Real sells) {
    const Real available = positive(elastic - floor + sells);
    const Mask short_of = buys > available;
    return select(short_of, available / select(short_of, buys, Real(1.0f)), Real(1.0f));
}

// J after net buying q of a step; the flow is part of the volume.
FN Real moved_transient(Real transient, Real impact, Real net, Real volume, float dt) {
    return fused(impact, net / (volume + absolute(net) / Real(dt)), transient);
}

FN Real daily_volume(const State& s, const Name& p) {
    return Real(p.adv) * fused(Real(p.attention_volume), s.attention, Real(1.0f));
}
