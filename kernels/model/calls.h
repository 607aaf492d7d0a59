// The crowd's calls, weekly and monthly: bought, closed, and rolled at their expiry
// (docs/model.md, 7 and 9).
#pragma once
#include "black_scholes.h"
#include "crowd.h"

// Price of a call over the share's price, km out of the money; `root_tau` in sqrt(years).
FN Real call_price(const Name& p, Real vol, float root_tau) {
    return option_price(Real(1.0f), Real(p.call_strike_exp), Real(-p.call_strike),
                        vol * Real(root_tau), true);
}

// Of calls in the money, what is not closed out so many days before their expiry.
FN float still_open(const Name& p, float days) {
    const float left = days * p.call_close_out_rate;
    return left < 1.0f ? p.call_kept + (1.0f - p.call_kept) * left : 1.0f;
}

// Part of the calls that is closed in a step: by those who leave or take profit, counted from the
// share's price when the calls were bought, and by those who will not exercise: `out`.
FN Real closed(const State& s, const Name& p, const Run& run, Real leaving, float root_tau,
               Real strike, Real& out) {
    leaving = leaving_or_profit(s, p, leaving, strike - Real(p.call_strike));
    if (!(p.call_close_out_rate > 0.0f)) return leaving;
    const float days = 252.0f * root_tau * root_tau;
    const float kept = still_open(p, days) / still_open(p, days + run.dt);
    out = (Real(1.0f) - leaving) * select(s.log_price > strike, Real(1.0f - kept), Real(0.0f));
    return leaving + out;
}

// What is rolled of calls that are closed out, over the share's price.
FN Real rolled_early(const State& s, const Name& p, Real out) {
    const Real worth = positive(Real(1.0f) - exponential(s.call_log_strike) / s.price);
    return Real(p.call_roll_early) * (out * s.calls) * worth;
}

// One maturity: a part `leaving` is closed, `spent` (over the share's price) buys more.
FN void trade_maturity(const State& s, const Name& p, Real leaving, Real spent, float root_tau,
                       Real& calls, Real& strike) {
    const Real bought = spent / maximum(call_price(p, s.implied_vol, root_tau), Real(0.005f));
    calls = fused(calls, Real(1.0f) - leaving, bought);
    strike = averaged(strike, s.log_price + Real(p.call_strike), bought, calls);
}

// Sellers of calls withdraw as their capacity fills. `programme`: premium a day of a programme.
FN void trade_calls(State& s, const Name& p, const Now& now, const Crowding& crowd, Real programme,
                    Mask halted) {
    const bool monthly = now.features & FEATURE_MONTHLY_CALLS;
    const Real open = monthly ? s.calls + s.monthly_calls : s.calls, zero = Real(0.0f);
    const Real room = positive(fused(open, Real(-p.call_capacity_inverse), Real(1.0f)));
    const Real closing = now.channels & CHANNEL_CROWD ? select(halted, zero, Real(1.0f)) : zero;
    const Real joining = select(halted, zero, room * (crowd.joining / s.price));

    Real spent = Real(p.call_budget * (1.0f - p.monthly_share)) * joining;
    if ((now.channels & CHANNEL_PROGRAMMES) && (now.features & FEATURE_EVENTS))
        spent = spent + select(halted, zero, room * (programme * Real(now.run.dt) / s.price));
    Real out = zero, later = Real(p.call_budget * p.monthly_share) * joining;
    Real leaving = closing * closed(s, p, now.run, crowd.leaving, now.step.sqrt_tau,
                                    s.call_log_strike, out);
    if (p.call_roll_early > 0.0f)
        later = fused(closing * crowd.unrestricted, rolled_early(s, p, out), later);
    trade_maturity(s, p, leaving, spent, now.step.sqrt_tau_buy, s.calls, s.call_log_strike);
    if (!monthly) return;
    leaving = closing * closed(s, p, now.run, crowd.leaving, now.step.sqrt_tau_month,
                               s.monthly_call_log_strike, out);
    trade_maturity(s, p, leaving, later, now.step.sqrt_tau_month_buy, s.monthly_calls,
                   s.monthly_call_log_strike);
}

// At an expiry calls pay their intrinsic value in cash, but for what is delivered, and part of it is
// rolled up.
FN void expire_calls(const State& s, const Name& p, float root_tau, Mask restricted, Real& calls,
                     Real& strike) {
    const Real intrinsic = calls * positive(s.price - exponential(strike));
    const Real premium = maximum(call_price(p, s.implied_vol, root_tau), Real(1e-3f));
    const Real open = Real(1.0f) - one_if(restricted);
    calls = open * Real(p.call_roll) * intrinsic / (s.price * premium);
    strike = s.log_price + Real(p.call_strike);
}

// On a ladder the later calls are the next to expire.
FN void move_up(State& s) {
    s.calls = s.calls + s.monthly_calls;
    s.call_log_strike =
        averaged(s.call_log_strike, s.monthly_call_log_strike, s.monthly_calls, s.calls);
    s.monthly_calls = Real(0.0f);
}
