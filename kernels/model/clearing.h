// What makes a price: elastic holders around an anchor, x = w + M ln(E*/E) + J (Gabaix & Koijen
// 2021; J after Obizhaeva & Wang 2013), and the fills of a clearing move (docs/model.md, 4 and 8).
#pragma once
#include "state.h"

// M ln(E*/E), with one scalar division instead of a vector of them; M with the events' factor.
FN Real inventory_price(const Name& p, Real M, Real elastic) {
    return -M * logarithm(elastic * Real(1.0f / p.elastic_normal));
}

FN void set_price(State& s, const Name& p, Real M, Mask halted) {
    const Real x = s.anchor + (inventory_price(p, M, s.elastic) + s.transient);
    s.log_price = select(halted, s.log_price, x);
    s.price = exponential(clip(s.log_price, Real(LOWEST_X), Real(HIGHEST_X)));
    s.log_price_max = maximum(s.log_price_max, s.log_price);
}

// Mean price of a move of the elastic float from `before` to `after`: (1/q) int P dE, any M.
FN Real fill_price(Real anchor, Real mean_transient, Real M, Real elastic_normal, Real before,
                   Real after) {
    const Real start = anchor + fused(M, logarithm(elastic_normal / before), mean_transient);
    const Real rho = logarithm(before / after);
    // money is reckoned at bounded prices, as everywhere
    const Real first = exponential(clip(start, Real(LOWEST_X), Real(HIGHEST_X)));
    const Real rise = growth(minimum((M - Real(1.0f)) * rho, Real(2.0f * HIGHEST_X)));
    return minimum(first * rise / growth(-rho), exponential(Real(HIGHEST_X)));
}

// Share of every buy order that the elastic float can fill above its floor.
FN Real fill_share(Real elastic, Real floor, Real buys, Real sells) {
    const Real available = positive(elastic - floor + sells);
    const Mask short_of = buys > available;
    return select(short_of, available / select(short_of, buys, Real(1.0f)), Real(1.0f));
}

// Impact of a book that thins as volatility rises.
FN Real present_impact(const State& s, const Name& p) {
    const Real rise = fused(s.implied_vol, Real(1.0f / p.vol0), Real(-1.0f));
    const Real thinner = positive(fused(Real(p.depth_volatility), rise, Real(1.0f)));
    return Real(p.transient_impact) * thinner;
}

// J after net buying q of a step; the flow, q times the steps of a day, is part of the volume.
FN Real moved_transient(Real transient, Real impact, Real net, Real volume, int steps_per_day) {
    const Real all = fused(absolute(net), Real(float(steps_per_day)), volume);
    return fused(impact, net / all, transient);
}

FN Real daily_volume(const State& s, const Name& p) {
    return Real(p.adv) * fused(Real(p.attention_volume), s.attention, Real(1.0f));
}
