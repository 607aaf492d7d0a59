// Dealers hedge the static chain and the crowd's calls (docs/model.md, 8). Hedging is stiff: near
// expiry the gain |G| passes 1/(kappa dt), so no explicit step is used.
#pragma once
#include "chain.h"
#include "clearing.h"

// Gain below which a long-gamma name's price and hedge are solved together: next to an expiry the
// target is flat but for the crowd's calls, and the strike must not be jumped over.
constexpr float LONG_GAMMA_BELOW = 0.01f;

struct DealerView {
    Chain chain;
    VolCell vol;
    Real call_inverse_sd, call_half_sd;
};

// H*(x) = sign chain + n N((x - l)/s + s/2)
FN Hedge hedge_target(const State& s, const Name& p, const Run& run, const DealerView& view,
                      Real x) {
    Hedge h = {Real(0.0f), Real(0.0f)};
    if (view.chain.table) h = chain_hedge(view.chain, x, view.vol, p, run);
    Real density;
    const Real d = fused(x - s.call_strike, view.call_inverse_sd, view.call_half_sd);
    const Real delta = normal_cdf(d, density);
    h.target = fused(s.calls, delta, h.target);
    h.slope = fused(s.calls * density, view.call_inverse_sd, h.slope);
    return h;
}

// Long gamma: y = c (H*(x) - H) and x = xh + M ln(E'/(E' - y)) solved together. The root lies
// between xh and the price of the order that xh asks for; bracketed Newton from the steepest point.
FN Real solve_long_gamma(const State& s, const Name& p, const Run& run, const DealerView& view,
                         Real x_hat, Real elastic, Real asked) {
    const Real M = Real(p.elasticity), c = Real(p.hedging_c), floor = Real(p.elastic_min);
    const Real x_far = fused(M, logarithm(elastic / maximum(elastic - c * asked, floor)), x_hat);
    Real x_low = minimum(x_hat, x_far), x_high = maximum(x_hat, x_far);
    Real x = clip(Real(view.chain.steepest), x_low, x_high);
    for (int round = 0; round < 12; ++round) {
        const Hedge h = hedge_target(s, p, run, view, x);
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

// Order of the dealers: what they buy (negative: sell) after everybody else's orders and the news.
FN Real dealer_order(const State& s, const Name& p, const Step& step, const Run& run,
                     const Chain& chain, Real buys, Real sells) {
    DealerView view = {};
    view.chain = chain;
    if (chain.table) view.vol = vol_cell(s.vol, run);
    const Real sd = maximum(s.vol * Real(step.sqrt_tau), Real(1e-4f));
    view.call_inverse_sd = Real(1.0f) / sd;
    view.call_half_sd = Real(0.5f) * sd;

    const Real elastic = maximum(s.elastic - buys + sells, Real(p.elastic_min));
    const Real M = Real(p.elasticity);
    const Real x_hat = s.anchor + (inventory_price(p, elastic) + s.transient);
    const Hedge h = hedge_target(s, p, run, view, x_hat);
    // never past the range of targets, nor faster than kappa back into it when calls are gone
    const Real low = minimum(Real(p.chain_low) - s.hedge, Real(0.0f));
    const Real high = positive(Real(p.chain_high) + s.calls - s.hedge);

    // exponential step along the linearised price
    const Real gain = M / elastic * h.slope;
    const Real z = maximum(Real(p.hedging_dt) * (Real(1.0f) - gain), Real(-80.0f));
    const Real y = clip((h.target - s.hedge) * Real(p.hedging_dt) * growth(-z), low, high);
    if (!p.long_gamma) return y;
    const Real together =
        solve_long_gamma(s, p, run, view, x_hat, elastic, h.target - s.hedge);
    return select(gain < Real(LONG_GAMMA_BELOW), together, y);
}
