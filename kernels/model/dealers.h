// Dealers hedge the static chain and the crowd's calls (docs/model.md, 8). Hedging is stiff: near
// expiry the gain |G| passes 1/(kappa dt), so no explicit step is used.
#pragma once
#include "chain.h"
#include "clearing.h"
#include "orders.h"

// Gain below which a long-gamma name's price and hedge are solved together: next to an expiry the
// target is flat but for the crowd's calls, and the strike must not be jumped over.
constexpr float LONG_GAMMA_BELOW = 0.01f;

struct Maturity {
    Real inverse_sd, half_sd;
};

struct DealerView {
    Chain chain;
    VolCell vol;
    Real elasticity;  // M, with the events' factor
    Maturity weekly, monthly;
    bool has_monthly;
};

FN Maturity maturity(Real vol, float root_tau) {
    const Real sd = maximum(vol * Real(root_tau), Real(1e-4f));
    return {Real(1.0f) / sd, Real(0.5f) * sd};
}

// o N((x - l)/s + s/2)
FN void add_calls(Hedge& h, const Maturity& m, Real calls, Real strike, Real x) {
    Real density;
    const Real delta = normal_cdf(fused(x - strike, m.inverse_sd, m.half_sd), density);
    h.target = fused(calls, delta, h.target);
    h.slope = fused(calls * density, m.inverse_sd, h.slope);
}

// H*(x) = sign chain + the crowd's calls
FN Hedge hedge_target(const State& s, const Name& p, const Run& run, const DealerView& view,
                      Real x) {
    Hedge h = {Real(0.0f), Real(0.0f)};
    if (view.chain.table) h = chain_hedge(view.chain, x, view.vol, p, run);
    add_calls(h, view.weekly, s.calls, s.call_log_strike, x);
    if (view.has_monthly) add_calls(h, view.monthly, s.monthly_calls, s.monthly_call_log_strike, x);
    return h;
}

// Long gamma: y = c (H*(x) - H) and x = xh + M ln(E'/(E' - y)) solved together. The root lies
// between xh and the price of the order that xh asks for; bracketed Newton from the steepest point.
FN Real solve_long_gamma(const State& s, const Name& p, const Run& run, const DealerView& view,
                         Real x_hat, Real elastic, Real asked) {
    const Real M = view.elasticity, c = Real(p.hedging_c), floor = Real(p.elastic_min);
    const Real x_far = fused(M, logarithm(elastic / maximum(elastic - c * asked, floor)), x_hat);
    Real x_low = minimum(x_hat, x_far), x_high = maximum(x_hat, x_far);
    Real x = clip(Real(view.chain.steepest), x_low, x_high);
    for (int round = 0; round < 12; ++round) {
        Hedge h = hedge_target(s, p, run, view, x);
        const Real after = maximum(elastic - c * (h.target - s.hedge), floor);
        const Real gap = x - fused(M, logarithm(elastic / after), x_hat);
        const Real slope = Real(1.0f) - M * c * h.slope / after;
        const Mask above = gap > Real(0.0f);
        x_high = select(above, x, x_high);
        x_low = select(above, x_low, x);
        const Real newton = x - gap / maximum(slope, Real(1.0f));
        const Mask inside = newton >= x_low && newton <= x_high;
        x = select(inside, newton, Real(0.5f) * (x_low + x_high));
    }
    return elastic * happened((x - x_hat) / M);
}

// What the target asks for (negative: sales) after everybody else's orders and the news.
FN Real chase_target(const State& s, const Name& p, const Now& now, const Chain& chain, Real M,
                     const Order& others) {
    const Run& run = now.run;
    DealerView view = {};
    view.chain = chain;
    view.elasticity = M;
    view.has_monthly = now.features & FEATURE_MONTHLY_CALLS;
    if (chain.table) view.vol = vol_cell(s.implied_vol, run);
    view.weekly = maturity(s.implied_vol, now.step.sqrt_tau);
    if (view.has_monthly) view.monthly = maturity(s.implied_vol, now.step.sqrt_tau_month);

    const Real elastic = maximum(s.elastic - others.buy + others.sell, Real(p.elastic_min));
    const Real x_hat = s.anchor + (inventory_price(p, M, elastic) + s.transient);
    Hedge h = hedge_target(s, p, run, view, x_hat);
    // never past the range of targets, nor faster than kappa back into it when calls are gone
    const Real calls = view.has_monthly ? s.calls + s.monthly_calls : s.calls;
    const Real low = minimum(Real(p.chain_low) - s.hedge, Real(0.0f));
    const Real high = positive(Real(p.chain_high) + calls - s.hedge);

    // exponential step along the linearised price
    const Real gain = M / elastic * h.slope;
    const Real z = maximum(Real(p.hedging_dt) * (Real(1.0f) - gain), Real(-80.0f));
    const Real y = clip((h.target - s.hedge) * Real(p.hedging_dt) * growth(-z), low, high);
    if (!p.long_gamma) return y;
    const Real together =
        solve_long_gamma(s, p, run, view, x_hat, elastic, h.target - s.hedge);
    return select(gain < Real(LONG_GAMMA_BELOW), together, y);
}

// Order of the dealers (negative: they sell), within their part of volume.
FN Real dealer_order(const State& s, const Name& p, const Now& now, const Chain& chain, Real M,
                     const Order& others) {
    const Real y = chase_target(s, p, now, chain, M, others);
    if (!(p.hedging_participation_dt > 0.0f)) return y;
    const Real most = Real(p.hedging_participation_dt) * daily_volume(s, p);
    return clip(y, -most, most);
}
