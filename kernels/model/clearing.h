// What makes a price: elastic holders around an anchor, x = w + M ln(E0/E) + J (Gabaix & Koijen
// 2021; J after Obizhaeva & Wang 2013), and the fills of a clearing move (docs/model.md, 4 and 8).
#pragma once
#include "state.h"

// M ln(E0/E), with one scalar division instead of a vector of them.
FN Real inventory_price(const Name& p, Real elastic) {
    return Real(-p.elasticity) * logarithm(elastic * Real(1.0f / p.elastic0));
}

FN void set_price(State& s, const Name& p) {
    s.x = s.anchor + (inventory_price(p, s.elastic) + s.transient);
    s.price = exponential(s.x);
    s.x_max = maximum(s.x_max, s.x);
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

// J after net buying q of a step; the flow, q times the steps of a day, is part of the volume.
FN Real moved_transient(Real transient, Real impact, Real net, Real volume, int steps_per_day) {
    const Real all = fused(absolute(net), Real(float(steps_per_day)), volume);
    return fused(impact, net / all, transient);
}

FN Real daily_volume(const State& s, const Name& p) {
    return Real(p.adv) * fused(Real(p.attention_volume), s.attention, Real(1.0f));
}
