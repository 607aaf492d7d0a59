// One intraday step of one name: orders from the price everybody sees, the anchor moves, dealers
// answer, the market clears, and what follows the price follows (docs/model.md, 7-9).
#pragma once
#include "calls.h"
#include "cancellation.h"
#include "clearing_rule.h"
#include "close_out.h"
#include "dealers.h"
#include "delivery.h"
#include "derivatives.h"
#include "funds.h"
#include "issuer.h"
#include "jumps.h"
#include "leader.h"
#include "levered_longs.h"
#include "locked.h"
#include "new_shorts.h"
#include "pauses.h"
#include "policy.h"
#include "programmes.h"
#include "restriction.h"
#include "shorts.h"
#include "tails.h"
#include "volatility.h"

// What a trace keeps of the clearing itself.
struct Clearing {
    Real fill_price, net, book;  // net buying of all, and of the book
};

// M, with the factor of the elasticity events that are on.
FN Real elasticity(const Name& p, const Effects& e) { return Real(p.elasticity) * e.elasticity; }

// News of the timeline, the step's own move, a jump.
FN void move_anchor(State& s, const Name& p, const Now& now, const Effects& e, const News& news) {
    const Real drift = anchor_drift(s, p, now.channels);
    if (now.features & FEATURE_EVENTS) s.anchor = s.anchor + e.news;
    diffuse_anchor(s, p, drift, now.features, news, now.factor_variance, now.move);
    if (now.features & FEATURE_JUMPS) jump(s, p, now.step);
}

// The cohort and new shorts: covering, entry, recalls. `open` is the part of the book's short that
// can be recalled; returns what share of all such shorts is.
FN Real short_orders(const State& s, const Name& p, const Now& now, const Effects& e, Real open,
                     Real volume, Orders& o) {
    const unsigned channels = now.channels;
    Real called = Real(0.0f);
    if (channels & CHANNEL_SHORTS) o.cohort.buy = cohort_cover(s, p, now.features, volume);
    if (channels & (CHANNEL_RECALL | CHANNEL_NEW_SHORTS)) {
        const Real spare = lendable(s, p, e.lendable) - borrowed(s, now.fund_count);
        if (channels & CHANNEL_NEW_SHORTS) {
            o.new_shorts.sell = new_short_entry(s, p, positive(spare));
            o.new_shorts.buy = new_short_exit(s, p);
        }
        if (channels & CHANNEL_RECALL) {
            const Real shorts = s.cohort + s.new_shorts + open;
            called = Real(p.recall_c) * positive(-spare) / maximum(shorts, Real(1e-12f));
            o.cohort.buy = fused(called, s.cohort, o.cohort.buy);
            o.new_shorts.buy = fused(called, s.new_shorts, o.new_shorts.buy);
        }
        o.new_shorts.buy = minimum(o.new_shorts.buy, s.new_shorts);
    }
    o.cohort.buy = minimum(o.cohort.buy, s.cohort);
    return called;
}

// Everybody's but the dealers'.
FN Orders collect_orders(State& s, const Name& p, const Position* positions, const Now& now,
                         const Effects& e, const Duty& duty, Mask halted) {
    const unsigned channels = now.channels;
    const bool programmes = (channels & CHANNEL_PROGRAMMES) && (now.features & FEATURE_EVENTS);
    Orders o;
    o.crowd_shares = o.cohort = o.new_shorts = nothing();
    Crowding crowd = {};
    if (channels & CHANNEL_CROWD) {
        crowd = spread_attention(s, p, now, restricted(s, p, now.broker, e));
        if (channels & CHANNEL_CROWD_SHARES) crowd_orders(s, p, now, crowd, o);
    }
    if ((channels & CHANNEL_CROWD_CALLS) && ((channels & CHANNEL_CROWD) || programmes))
        trade_calls(s, p, now, crowd, e.call_programme, halted);

    const Real volume = daily_volume(s, p);
    const bool recalls = (channels & CHANNEL_BOOK) && (now.run.policy & POLICY_RECALL);
    const Real open = recalls ? positive(-s.book - Real(p.book_located)) : Real(0.0f);
    const Real called = short_orders(s, p, now, e, open, volume, o);
#define ASK(holding, on) if (channels & (on)) o.holding = holding##_order(s, p, volume);
    LONE_HOLDERS(ASK)
#undef ASK
    if (channels & (CHANNEL_ISSUER | CHANNEL_PROGRAMMES)) o.issued = nothing();
    if (channels & CHANNEL_ISSUER) o.issued = issuer_order(s, p, volume);
    if (channels & CHANNEL_PROGRAMMES) {
        o.programme = programme_order(s, e, now.run.dt);
        o.issued.sell = fused(e.issuance, Real(now.run.dt), o.issued.sell);
    }
    if (channels & CHANNEL_BOOK)
        o.book = book_order(s, p, now.run, duty, minimum(called, Real(1.0f)) * open);
    if (channels & CHANNEL_FUNDS) {
        POWDERKEG_UNROLL
        for (int f = 0; f < now.fund_count; ++f)
            o.fund[f] = fund_order(now.funds[f], positions[f], now.kept[f], s.fund[f]);
    }
    if (can_halt(now)) o.crowd_shares = hold_back(s, o.crowd_shares, halted);
    return o;
}

// Buys are filled pro rata down to the floor of the elastic float, sells always.
FN Clearing clear(State& s, const Name& p, const Now& now, const Effects& e, const Orders& o,
                  const Order& others, Real dealer, Mask halted) {
    const Real M = elasticity(p, e);
    Order dealers = order_of(dealer), all = others + dealers;
    const Real share = fill_share(s.elastic, Real(p.elastic_min), all.buy, all.sell);
    s.floor = select(share < Real(1.0f), Real(1.0f), s.floor);
    s.fails = fused(Real(1.0f) - share, lapsing_buys(o, dealers, now.channels), s.fails);

    const Real before = s.elastic, transient = s.transient, trades = one_if(!halted);
    const Real held = s.book, seen = s.price, crowd = s.crowd_shares;
    const Real net = move_holdings(s, now, o, dealers, {share * trades, trades});
    s.new_short_entry = averaged(s.new_short_entry, s.log_price,
                                 lots(trades * o.new_shorts.sell), s.new_shorts);
    const Real left = lots(trades * o.crowd_shares.sell);
    remember_purchase(s, p, s.crowd_shares - crowd + left, s.log_price);
    if (now.channels & CHANNEL_TRANSIENT_IMPACT) {
        Real impact = present_impact(s, p);
        if (now.features & FEATURE_EVENTS) impact = impact / e.depth;
        s.transient =
            moved_transient(transient, impact, net, daily_volume(s, p), now.run.steps_per_day);
    }
    set_price(s, p, M, halted);

    const Real bought = s.book - held, zero = Real(0.0f);
    Clearing c = {s.price, net, bought};  // where nobody may trade, the price that stands
    const bool book = (now.channels & CHANNEL_BOOK) && any(bought < zero || bought > zero);
    if (now.traced || book)
        c.fill_price = select(halted, s.price,
                              fill_price(s.anchor, Real(0.5f) * (transient + s.transient), M,
                                         Real(p.elastic_normal), before, s.elastic));
    if (book) settle_trade(s, p, bought, c.fill_price, seen);
    return c;
}

FN Clearing trade(State& s, const Name& p, const Position* positions, const Now& now,
                  const Effects& e, const Duty& duty, const Chain& chain, const News& news) {
    const Run& run = now.run;
    const unsigned channels = now.channels;
    const Mask halted = halted_now(s, channels, e);
    const Real crowd_before = s.crowd_shares;
    Orders o = collect_orders(s, p, positions, now, e, duty, halted);
    Order others = total(o, now);
    if (can_halt(now)) others = one_if(!halted) * others;

    move_anchor(s, p, now, e, news);
    s.transient = s.transient * Real(1.0f - p.transient_decay_c);

    Real dealer = Real(0.0f);
    if (channels & CHANNEL_DEALERS)
        dealer = select(halted, Real(0.0f),
                        dealer_order(s, p, now, chain, elasticity(p, e), others));
    Clearing c = clear(s, p, now, e, o, others, dealer, halted);
    c.book = c.book + close_out(s, p, channels, halted);
    if (channels & CHANNEL_PAUSES) check_bands(s, p, now.step, e.halted);

    move_borrow_market(s, p, run.dt, e.lendable, now.fund_count);
    move_implied_vol(s, p, now.features);
    if (channels & CHANNEL_RESTRICTION) run_clock(s, p, run.dt);
    if (channels & CHANNEL_CLEARING_RULE) settle(s, run, crowd_before);
    return c;
}

// The first price of a day: nobody trades overnight.
FN Clearing open_day(State& s, const Name& p, const Now& now, const Effects& e, const News& news) {
    move_anchor(s, p, now, e, news);
    set_price(s, p, elasticity(p, e), e.halted);
    if (now.channels & CHANNEL_PAUSES) reopen(s);
    return {s.price, Real(0.0f), Real(0.0f)};
}

// After the last step of a day. `expired`: what is exercised of the static chain.
FN void close_day(State& s, const Name& p, const Now& now, const Chain& expired, Mask sells_only) {
    const Step& step = now.step;
    const bool delivers = (now.channels & CHANNEL_DEALERS) && p.exercised > 0.0f;
    close_realised_vol(s, p);
    if (delivers && expired.table) deliver_chain(s, p, now.run, expired);
    if (!(now.channels & CHANNEL_CROWD) || !(now.channels & CHANNEL_CROWD_CALLS)) return;
    if (step.kind & STEP_EXPIRY) {
        if (delivers) deliver_calls(s, p, s.calls, s.call_log_strike);
        expire_calls(s, p, step.sqrt_tau_roll, sells_only, s.calls, s.call_log_strike);
        if (now.features & FEATURE_CALL_LADDER) move_up(s);
    }
    if ((step.kind & STEP_MONTHLY_EXPIRY) && (now.features & FEATURE_MONTHLY_CALLS)) {
        if (delivers) deliver_calls(s, p, s.monthly_calls, s.monthly_call_log_strike);
        expire_calls(s, p, step.sqrt_tau_month_roll, sells_only, s.monthly_calls,
                     s.monthly_call_log_strike);
    }
}

// `clock` is the exponential draw of the restriction clock.
FN void start(State& s, const Name& p, const Position* positions, int funds, Real clock) {
    s = State{};
#define START(field, value) s.field = Real(value);
    STARTING_FIELDS(START)
#undef START
    POWDERKEG_UNROLL
    for (int f = 0; f < funds; ++f) s.fund[f] = Real(positions[f].holding0);
    s.variance = Real(1.0f);
    s.jump_step = Real(-1.0f);
    s.realised_vol = Real(p.sigma * 15.8745079f);  // sqrt(252)
    // A draw that rounds to 1 would start with the clock run out, restricted from the first step.
    s.restriction_clock = maximum(clock, Real(2.3283064e-10f));
    s.utilisation = borrowed(s, funds) / lendable(s, p, Real(1.0f));
    s.fee_existing = new_loan_fee(s, p);
}
