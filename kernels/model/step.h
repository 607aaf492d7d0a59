// One intraday step of one name: orders from the price everybody sees, the anchor moves, dealers
// answer, the market clears (docs/model.md, 7-9).
#pragma once
#include "anchor.h"
#include "book.h"
#include "borrow.h"
#include "crowd.h"
#include "dealers.h"
#include "restriction.h"
#include "shorts.h"
#include "volatility.h"

// What a trace keeps of the clearing itself.
struct Clearing {
    Real fill_price, net;
};

FN Orders collect_orders(State& s, const Name& p, const Step& step, float dt, unsigned channels,
                         Real attention_everywhere) {
    const Real none = Real(0.0f);
    Orders o = {none, none, none, none, none};
    if (channels & CHANNEL_CROWD)
        crowd_orders(s, p, step, dt, channels, attention_everywhere, o);
    if (channels & CHANNEL_SHORTS) o.cohort_buy = cohort_cover(s, p, daily_volume(s, p));
    if (channels & (CHANNEL_RECALL | CHANNEL_NEW_SHORTS)) {
        const Real spare = lendable(s, p) - borrowed(s, p);
        if (channels & CHANNEL_NEW_SHORTS) {
            o.new_short_sell = new_short_entry(s, p, positive(spare));
            o.new_short_buy = new_short_exit(s, p);
        }
        if (channels & CHANNEL_RECALL) {
            const Real shorts = s.cohort + s.new_shorts;
            const Real called = Real(p.recall_c) * positive(-spare) / maximum(shorts, Real(1e-12f));
            o.cohort_buy = fused(called, s.cohort, o.cohort_buy);
            o.new_short_buy = fused(called, s.new_shorts, o.new_short_buy);
        }
        o.new_short_buy = minimum(o.new_short_buy, s.new_shorts);
    }
    o.cohort_buy = minimum(o.cohort_buy, s.cohort);
    return o;
}

// Buys are filled pro rata down to the floor of the elastic float, sells always; whole lots.
FN Clearing clear(State& s, const Name& p, const Run& run, unsigned channels, const Orders& o,
                  Real dealer, bool traced) {
    const Real dealer_buy = positive(dealer), dealer_sell = positive(-dealer);
    const Real lapsing = o.crowd_buy + dealer_buy;  // covering comes back by itself
    const Real buys = lapsing + o.cohort_buy + o.new_short_buy;
    const Real sells = o.crowd_sell + o.new_short_sell + dealer_sell;
    const Real share = fill_share(s.elastic, Real(p.elastic_min), buys, sells);

    const Real crowd_buy = lots(share * o.crowd_buy), crowd_sell = lots(o.crowd_sell);
    const Real cohort = lots(share * o.cohort_buy);
    const Real closed = lots(share * o.new_short_buy), opened = lots(o.new_short_sell);
    const Real hedge = lots(share * dealer_buy) - lots(dealer_sell);
    const Real net = (crowd_buy - crowd_sell) + cohort + (closed - opened) + hedge;

    const Real before = s.elastic, transient = s.transient;
    s.crowd = s.crowd + (crowd_buy - crowd_sell);
    s.cohort = s.cohort - cohort;
    s.new_shorts = s.new_shorts + (opened - closed);
    s.hedge = s.hedge + hedge;
    s.elastic = s.elastic - net;
    s.floor = select(share < Real(1.0f), Real(1.0f), s.floor);
    s.fails = fused(Real(1.0f) - share, lapsing, s.fails);
    s.entry_price =
        fused(opened / (s.new_shorts + Real(1e-12f)), s.x - s.entry_price, s.entry_price);

    if (channels & CHANNEL_TRANSIENT_IMPACT)
        s.transient = moved_transient(transient, Real(p.transient_impact), net,
                                      daily_volume(s, p), run.steps_per_day);
    set_price(s, p);

    Clearing c = {Real(0.0f), net};
    if (traced)
        c.fill_price = fill_price(s.anchor, Real(0.5f) * (transient + s.transient),
                                  Real(p.elasticity), Real(p.elastic0), before, s.elastic);
    return c;
}

FN Clearing trade(State& s, const Name& p, const Step& step, const Run& run, unsigned channels,
                  bool traced, const Chain& chain, const Shares& move, Real factors, Real normal,
                  Real attention_everywhere) {
    const Orders o = collect_orders(s, p, step, run.dt, channels, attention_everywhere);

    move_anchor(s, p, factors, normal, move);
    s.transient = s.transient * Real(1.0f - p.transient_decay_c);

    Real dealer = Real(0.0f);
    if (channels & CHANNEL_DEALERS)
        dealer = dealer_order(s, p, step, run, chain,
                              o.crowd_buy + o.cohort_buy + o.new_short_buy,
                              o.crowd_sell + o.new_short_sell);
    const Clearing c = clear(s, p, run, channels, o, dealer, traced);

    s.fee_paid = fused(s.fee, Real(run.dt / 252.0f), s.fee_paid);
    set_borrow_fee(s, p);
    move_implied_vol(s, p);
    if (channels & CHANNEL_RESTRICTION) run_clock(s, p, run.dt);
    return c;
}

FN void start(State& s, const Name& p, Real uniform_draw) {
    const Real zero = Real(0.0f);
    s.x = s.anchor = s.transient = s.x_max = s.x_close = zero;
    s.price = Real(1.0f);
    s.elastic = Real(p.elastic0);
    s.crowd = s.new_shorts = zero;
    s.hedge = Real(p.hedge0);
    s.cohort = Real(p.cohort0);
    s.attention = Real(p.attention0);
    s.removed = s.x_slow = s.calls = s.call_strike = zero;
    s.vol = Real(p.vol0);
    s.realised_vol = Real(p.sigma * 15.8745079f);  // sqrt(252)
    s.fee_paid = s.entry_price = s.floor = s.fails = s.borrow_paid = zero;
    // A draw that rounds to 1 would start with the clock run out, restricted from the first step.
    s.clock = maximum(-logarithm(uniform_draw), Real(2.3283064e-10f));
    set_borrow_fee(s, p);
}
