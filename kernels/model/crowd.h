// The crowd: attention spreads like an epidemic, buys shares and calls, and stampedes on the way
// down. SIR (Kermack & McKendrick 1927) stepped exactly at frozen rates (docs/model.md, 7).
#pragma once
#include "orders.h"

// Parts of a step: of everybody, how many join; of those who are in, how many leave. `unrestricted`:
// 1 where they may buy.
struct Crowding {
    Real joining, leaving, unrestricted;
};

FN Crowding spread_attention(State& s, const Name& p, const Now& now, Mask restricted) {
    const Real locked_out = one_if(restricted);
    const Real run_up = s.log_price - s.log_price_slow;
    const Real momentum = clip(run_up, Real(-0.5f), Real(1.0f));
    const Real drawdown = positive(s.log_price_max - s.log_price - Real(p.stampede_drawdown));
    const Real exit_rate =
        maximum(fused(Real(p.exit_rate), fused(Real(p.stampede), drawdown, Real(1.0f)),
                      locked_out * Real(p.exit_restricted)),
                Real(1e-6f));
    const Real leaving = happened(exit_rate * Real(now.run.dt));
    Real force = Real(p.infection) * positive(fused(Real(p.momentum), momentum, Real(1.0f))) *
                 fused(Real(p.shared), now.attention - s.attention, s.attention);
    if (now.channels & CHANNEL_LEADER) force = fused(Real(p.following), s.leader, force);
    const Real susceptible = positive(Real(1.0f) - s.attention - s.removed);
    const Real joining =
        (Real(1.0f) - locked_out) * susceptible * happened(force * leaving / exit_rate);
    const Real left = s.attention * leaving;
    s.attention = s.attention + (joining - left);
    s.removed = s.removed + left;
    s.log_price_slow = fused(Real(p.momentum_c), run_up, s.log_price_slow);
    return {joining, leaving, Real(1.0f) - locked_out};
}

// Part of a holding that is sold at a profit in a step, `paid` the mean log price that it cost.
FN Real profit_taken(const State& s, const Name& p, Real paid) {
    const Real gain = s.log_price - paid - Real(p.crowd_profit);
    return happened(Real(p.crowd_profit_rate_dt) * positive(gain));
}

// Both those who leave, a part of them, and those who take profit.
FN Real leaving_or_profit(const State& s, const Name& p, Real leaving, Real paid) {
    if (!(p.crowd_profit_rate_dt > 0.0f)) return leaving;
    return fused(Real(1.0f) - leaving, profit_taken(s, p, paid), leaving);
}

// Of a crowd that minds, the mean price it paid follows what it `bought` at `at` and now holds.
FN void remember_purchase(State& s, const Name& p, Real bought, Real at) {
    if (!(p.crowd_profit_rate_dt > 0.0f)) return;
    s.crowd_entry = averaged(s.crowd_entry, at, bought, s.crowd_shares);
}

// Delivered shares that are sold to pay for them, evenly over the session.
FN Real sell_unpaid(State& s, const Now& now) {
    const int steps_left = now.run.steps_per_day - now.step.step_of_day + 1;
    const Real sold = s.unpaid / Real(float(steps_left));
    s.unpaid = s.unpaid - sold;
    return sold;
}

FN void crowd_orders(State& s, const Name& p, const Now& now, const Crowding& crowd, Orders& o) {
    o.crowd_shares.buy = Real(p.share_budget) * (crowd.joining / s.price);
    const Real leaving = crowd.leaving * Real(1.0f - p.never_sell);
    o.crowd_shares.sell = s.crowd_shares * leaving_or_profit(s, p, leaving, s.crowd_entry);
    if (p.call_delivered > 0.0f)
        o.crowd_shares.sell = minimum(o.crowd_shares.sell + sell_unpaid(s, now), s.crowd_shares);
}
