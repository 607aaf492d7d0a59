// The crowd: attention spreads like an epidemic, buys shares and calls, and stampedes on the way
// down. SIR (Kermack & McKendrick 1927) stepped exactly at frozen rates (docs/model.md, 7).
#pragma once
#include "clearing.h"

// Price of a call over the share's price, km out of the money; `root_tau` in sqrt(years).
// N(d1) - e^km N(d2), both tails from one density: n(d1) = e^km n(d2).
FN Real call_price(const Name& p, Real vol, float root_tau) {
    const Real sd = maximum(vol * Real(root_tau), Real(1e-4f)), zero = Real(0.0f);
    const Real d1 = fused(Real(0.5f), sd, Real(-p.call_strike) / sd), d2 = d1 - sd;
    const Real density = normal_density(d1);
    const Real tail1 = density * mills_ratio(absolute(d1));
    const Real tail2 = density * mills_ratio(absolute(d2));
    const Real share = select(d1 > zero, Real(1.0f) - tail1, tail1);
    return share - select(d2 > zero, Real(p.call_strike_exp) - tail2, tail2);
}

FN void crowd_orders(State& s, const Name& p, const Step& step, float dt, unsigned channels,
                     Real attention_everywhere, Orders& orders) {
    const Real locked_out = one_if(restricted(s, p));
    const Real run_up = s.x - s.x_slow;
    const Real momentum = clip(run_up, Real(-0.5f), Real(1.0f));
    const Real drawdown = positive(s.x_max - s.x - Real(p.stampede_drawdown));
    const Real exit_rate =
        maximum(fused(Real(p.exit_rate), fused(Real(p.stampede), drawdown, Real(1.0f)),
                      locked_out * Real(p.exit_restricted)),
                Real(1e-6f));
    const Real leaving = happened(exit_rate * Real(dt));
    const Real force =
        Real(p.infection) * positive(fused(Real(p.momentum), momentum, Real(1.0f))) *
        fused(Real(p.shared), attention_everywhere - s.attention, s.attention);
    const Real susceptible = positive(Real(1.0f) - s.attention - s.removed);
    const Real joining =
        (Real(1.0f) - locked_out) * susceptible * happened(force * leaving / exit_rate);
    const Real left = s.attention * leaving;
    s.attention = s.attention + (joining - left);
    s.removed = s.removed + left;
    s.x_slow = fused(Real(p.momentum_c), run_up, s.x_slow);

    const Real joining_shares = joining / s.price;
    if (channels & CHANNEL_CROWD_SHARES) {
        orders.crowd_buy = Real(p.share_budget) * joining_shares;
        orders.crowd_sell = s.crowd * leaving * Real(1.0f - p.never_sell);
    }
    if (channels & CHANNEL_CROWD_CALLS) {
        const Real premium = maximum(call_price(p, s.vol, step.sqrt_tau_buy), Real(0.005f));
        const Real bought = Real(p.call_budget) * joining_shares / premium;
        s.calls = fused(s.calls, Real(1.0f) - leaving, bought);
        const Real weight = bought / (s.calls + Real(1e-12f));
        s.call_strike = fused(weight, s.x + Real(p.call_strike) - s.call_strike, s.call_strike);
    }
}

// At a weekly expiry calls pay their intrinsic value in cash and part of it is rolled up.
FN void expire_calls(State& s, const Name& p, const Step& step) {
    const Real intrinsic = s.calls * positive(s.price - exponential(s.call_strike));
    const Real premium = maximum(call_price(p, s.vol, step.sqrt_tau_roll), Real(1e-3f));
    const Real open = Real(1.0f) - one_if(restricted(s, p));
    s.calls = open * Real(p.call_roll) * intrinsic / (s.price * premium);
    s.call_strike = s.x + Real(p.call_strike);
}
