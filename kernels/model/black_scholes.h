// Black & Scholes (1973) at zero rates.
#pragma once
#include "mathematics.h"

// `moneyness` is ln(price/strike), `sd` volatility x sqrt(years), at least 1e-4. Both tails come from
// one density, P n(d1) = K n(d2), so far options keep their digits.
FN Real option_price(Real price, Real strike, Real moneyness, Real sd, bool call) {
    const Real width = maximum(sd, Real(1e-4f)), zero = Real(0.0f);
    const Real d1 = fused(Real(0.5f), width, moneyness / width), d2 = d1 - width;
    const Real density = price * normal_density(d1);
    const Real tail1 = density * mills_ratio(absolute(d1));
    const Real tail2 = density * mills_ratio(absolute(d2));
    if (!call)
        return select(d2 > zero, tail2, strike - tail2) - select(d1 > zero, tail1, price - tail1);
    const Real share = select(d1 > zero, price - tail1, tail1);
    return share - select(d2 > zero, strike - tail2, tail2);
}
