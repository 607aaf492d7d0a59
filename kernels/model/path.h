// A path from the as-of close to the horizon: all names in lockstep, one page.
#pragma once
#include "step.h"
#include "tilt.h"

// Pointers of a launch; shapes in kernels/records.py (Packed, Simulated).
struct Launch {
    const Name* names;
    const float* loadings;
    const unsigned* factor_streams;
    const Step* steps;
    const float* chain;
    const float* steepest;
    const Fund* funds;
    const Position* positions;
    const Event* events;
    const float* event_sizes;
    const float* mixing;
    const Component* components;
    const float* tilts;
    const Derivative* derivatives;
    const unsigned long long* path_ids;
    long long paths;
    float* pnl;
    Path* out;
    unsigned* closes;
    unsigned* peaks;
    Trace* trace;
};

FN Chain chain_at(const Launch& launch, const Run& run, const Name& p, int step) {
    if (p.chain < 0) return {nullptr, 0.0f};
    const long long slice = (long long)p.chain * run.steps + step;
    return {launch.chain + slice * run.vol_nodes * run.price_nodes, launch.steepest[slice]};
}

FN Int price_bin(Real price) {  // 32 bins to the octave from 2^-7, read off the float's bits
    const Int bin = subtract(shift_right(bits(price), 18), Int((127 - 7) * 32));
    return minimum(maximum(bin, Int(0)), Int(HISTOGRAM_BINS - 1));
}

FN Int linear_bin(Real value, float low, float scale) {
    const Real bin = (value - Real(low)) * Real(scale);
    return to_int(clip(bin, Real(0.0f), Real(float(HISTOGRAM_BINS - 1))));
}

template <class Tile>
FN void count_close(const Tile& tile, unsigned* close, const State& s, const Name& p) {
    const Real short_interest = s.cohort + s.new_shorts + positive(-s.book);
    tile.count(close + Q_PRICE * HISTOGRAM_BINS, price_bin(s.price));
    tile.count(close + Q_SHORT_INTEREST * HISTOGRAM_BINS,
               linear_bin(short_interest, SHORT_INTEREST_LOW, SHORT_INTEREST_SCALE));
    tile.count(close + Q_UTILISATION * HISTOGRAM_BINS,
               linear_bin(s.utilisation, UTILISATION_LOW, UTILISATION_SCALE));
    tile.count(close + Q_BORROW_FEE * HISTOGRAM_BINS,
               linear_bin(new_loan_fee(s, p), BORROW_FEE_LOW, BORROW_FEE_SCALE));
    tile.count(close + Q_DEALER_HEDGE * HISTOGRAM_BINS,
               linear_bin(s.hedge, DEALER_HEDGE_LOW, DEALER_HEDGE_SCALE));
    tile.count(close + Q_IMPLIED_VOL * HISTOGRAM_BINS,
               linear_bin(s.vol, IMPLIED_VOL_LOW, IMPLIED_VOL_SCALE));
    tile.count(close + Q_ATTENTION * HISTOGRAM_BINS,
               linear_bin(s.attention, ATTENTION_LOW, ATTENTION_SCALE));
}

template <class Tile>
FN void keep_trace(const Tile& tile, const Launch& launch, const Run& run, int funds_held, int row,
                   int name, const State& s, const Name& p, Mask broker, const Clearing& c,
                   Real margin) {
    const Mask sells_only = clock_restricts(s, p) || broker;
    Real funds[MAX_FUNDS] = {};
    POWDERKEG_UNROLL
    for (int f = 0; f < funds_held; ++f) funds[f] = s.fund[f];
    const Real fields[] = {
        s.x, s.anchor, s.transient, s.elastic, s.crowd, s.hedge, s.cohort, s.new_shorts,
        s.attention, s.removed, s.calls, s.call_strike, s.vol, s.realised_vol, new_loan_fee(s, p),
        s.utilisation, s.fee_paid, s.x_max, s.x_slow, s.entry_price, s.clock,
        one_if(sells_only), s.floor, s.fails, c.fill_price, c.net, s.borrow_paid,
        s.locked, s.levered, s.programme, s.leader, s.issued, funds[0], funds[1], funds[2],
        funds[3], s.monthly_calls, s.monthly_strike, s.fee, s.drawdown, s.waiting,
        one_if(s.rest > Real(0.0f)), s.unsettled, s.book, s.spent, s.slippage, margin,
        derivative_pnl(s, p)};
    constexpr int count = sizeof(Trace) / sizeof(float);
    static_assert(sizeof(fields) / sizeof(Real) == count);
    const long long stride = (long long)(run.steps + 1) * run.names * count;
    float* first = (float*)(launch.trace + (long long)row * run.names + name);
    for (int f = 0; f < count; ++f) tile.write(first + f, stride, fields[f]);
}

// What is no name's: when events start, the factors' variance of the day, the funds' equity, the
// days the broker restricts, the attention of all names.
struct Everyone {
    Real event_start[EVENT_SLOTS], equity[FUND_SLOTS], kept[FUND_SLOTS];
    Real factor_variance, broker_days, attention;
};

FN Everyone everyone_at_start(const Launch& launch, const Run& run, const Uses& uses,
                              PathId path) {
    Everyone all = {};
    all.factor_variance = Real(1.0f);
    POWDERKEG_UNROLL
    for (int f = 0; f < uses.fund_count; ++f) all.equity[f] = Real(1.0f);
    POWDERKEG_UNROLL
    for (int i = 0; i < uses.event_count; ++i)
        all.event_start[i] = start_row(launch.events[i], run, path);
    return all;
}

FN Now now_at(const Launch& launch, const Run& run, const Uses& uses, int t, const Shares& move,
              Everyone& all) {
    Now now = {uses, run, launch.steps[t], launch.funds, move, all.factor_variance, all.attention,
               broker_restricts(all.broker_days, run), all.kept, {}};
    if (uses.channels & CHANNEL_FUNDS) {
        POWDERKEG_UNROLL
        for (int f = 0; f < uses.fund_count; ++f)
            all.kept[f] = kept_share(launch.funds[f], all.equity[f]);
    }
    if (uses.features & FEATURE_EVENTS)
        now.timeline = timeline_at(t, launch.events, uses.event_count, all.event_start);
    return now;
}

FN Effects effects_at(const Launch& launch, const Now& now, int slot) {
    if (!(now.features & FEATURE_EVENTS)) return nothing_happens();
    const float* sizes = launch.event_sizes + slot * now.event_count;
    return effects_of(now.timeline, launch.events, sizes, now.event_count);
}

// What a name draws overnight for the day.
FN void draw_day(State& s, const Name& p, const Launch& launch, const Now& now, PathId path) {
    const int day = now.step.day;
    if (now.features & FEATURE_NAME_TAILS)
        s.variance = draw_variance(launch.mixing, p.mixing, now.run.seed, p.stream, path, day);
    if (now.features & FEATURE_JUMPS) draw_jump(s, p, now.run, path, day);
}

// How much the names that come first can shed in this step, for every name.
template <class Tile>
FN void order_of_relief(const Tile& tile, const Launch& launch, const Now& now, const Real* margin,
                        Real* before) {
    Real relief[Tile::SLOTS], score[Tile::SLOTS];
    tile.clear(relief), tile.clear(score);
    POWDERKEG_UNROLL
    for (int k = 0; k < tile.held(); ++k) {
        if (!tile.real(k)) continue;
        const State& s = tile.states[k];
        const Name& p = launch.names[tile.slot(k)];
        const Mask halted = halted_now(s, now.channels, effects_at(launch, now, tile.slot(k)));
        const Real shares = margin_of_shares(s, now.run, margin[k]);
        relief[k] = relief_within_reach(s, p, now.run, shares, halted);
        score[k] = relief_per_impact(s, p, shares);
    }
    rank_positions(tile, now.run, relief, score, before);
}

// The first step in which a book that is forced to trade does.
template <class Tile>
FN void mark_forced(const Tile& tile, const Clearing* clearing, const Step& step, BookPath& book) {
    Real traded[Tile::SLOTS];
    tile.clear(traded);
    POWDERKEG_UNROLL
    for (int k = 0; k < tile.held(); ++k)
        if (tile.real(k)) traded[k] = absolute(clearing[k].book);
    const Real all = tile.sum(traded);  // before any &&: every lane of a warp takes part
    const Mask now = book.relief > Real(0.0f) && all > Real(0.0f);
    book.forced_day = select(now, minimum(book.forced_day, Real(step.time)), book.forced_day);
}

// What the book's check needs of all names; what no policy asks for stays 0.
template <class Tile>
FN Sums sums_of(const Tile& tile, const Launch& launch, const Run& run, const Real* pnl,
                const Real* margin) {
    Sums sums = {tile.sum(pnl), tile.sum(margin), Real(0.0f), Real(0.0f)};
    const bool gross = run.policy & POLICY_DELEVERAGE, longs = run.financing_dt > 0.0f;
    if (!gross && !longs) return sums;
    Real value[Tile::SLOTS], bought[Tile::SLOTS];
    tile.clear(value), tile.clear(bought);
    POWDERKEG_UNROLL
    for (int k = 0; k < tile.held(); ++k) {
        if (!tile.real(k)) continue;
        const State& s = tile.states[k];
        const Name& p = launch.names[tile.slot(k)];
        const Real held = Real(p.book_weight) * (part_held(s, p) * s.price);
        value[k] = absolute(held);
        bought[k] = positive(held) + positive(s.marks);
    }
    if (gross) sums.gross = tile.sum(value);
    if (longs) sums.longs = tile.sum(bought);
    return sums;
}

// Tile: which names a thread holds, sums over all names, and how a lane writes.
template <class Tile>
FN void simulate(Tile& tile, const Launch& launch, const Run& run) {
    constexpr int SLOTS = Tile::SLOTS;
    Uses uses = tile.uses(launch.trace);
    const unsigned channels = uses.channels, features = uses.features;
    const int funds = uses.fund_count;
    State* const states = tile.states;
    const PathId path = tile.path;

    const Shares overnight_move = shares_of(run.overnight_share);
    const Shares intraday_move = shares_of((1.0f - run.overnight_share) * run.dt);

    Real attention[SLOTS], pnl[SLOTS], margin[SLOTS], required[SLOTS], gained[FUND_SLOTS][SLOTS];
    Real before[SLOTS];  // relief of the names that the book sells or covers first
    tile.clear(attention), tile.clear(pnl), tile.clear(margin), tile.clear(required);
    tile.clear(before);
    for (int f = 0; f < FUND_SLOTS; ++f) tile.clear(gained[f]);
    Clearing clearing[SLOTS];
    const Tilt tilt = tilt_of(launch.components, launch.tilts, tile.components(), run, path);
    Ratios ratios[SLOTS], factor_ratios = {};
    Everyone all = everyone_at_start(launch, run, uses, path);
    POWDERKEG_UNROLL
    for (int k = 0; k < tile.held(); ++k) {
        const int slot = tile.slot(k);
        const Name& p = launch.names[slot];
        Int words[4];
        random_words(run.seed, p.stream, DOMAIN_RESTRICTION, path, 0, words);
        start(states[k], p, launch.positions + slot * funds, funds, uniform(words[0]));
        states[k].clock = tilt_clock(tilt, slot, states[k].clock, ratios[k]);
        if (features & FEATURE_CANCELLATION) tile.closed[k] = states[k];
        if (!tile.real(k)) continue;
        attention[k] = Real(p.attention_weight) * states[k].attention;
        if (features & FEATURE_DERIVATIVES)
            mark_derivatives(states[k], p, launch.derivatives, -1, 0.0f);
        margin[k] = name_margin(states[k], p, run, launch.derivatives, -1, 0.0f, Real(0.0f), funds);
        if (uses.traced)
            keep_trace(tile, launch, run, funds, 0, slot, states[k], p, Real(0.0f) > Real(0.0f),
                       {Real(1.0f), Real(0.0f), Real(0.0f)}, margin[k]);
    }
    all.attention = tile.sum(attention);
    BookPath book = book_at_start();

    for (int t = 0; t < run.steps; ++t) {
        const Step& step = launch.steps[t];
        const bool overnight = step.kind & STEP_OVERNIGHT;
        if (overnight && (features & FEATURE_FACTOR_TAILS))
            all.factor_variance = draw_variance(launch.mixing, run.factor_mixing, run.seed,
                                                FACTOR_MIXING_STREAM, path, step.day);
        Shares move = {overnight ? overnight_move.share : intraday_move.share,
                       overnight ? overnight_move.root : intraday_move.root};
        Now now = now_at(launch, run, uses, t, move, all);

        Real factors[Tile::FACTORS];
        POWDERKEG_UNROLL
        for (int f = 0; f < tile.factors(); ++f) {
            const unsigned stream = launch.factor_streams[f];
            factors[f] = overnight ? day_normal(run.seed, stream, DOMAIN_OVERNIGHT, path, step.day)
                                   : step_normal(tile.factor_normals[f], run.seed, stream, path,
                                                 step.draw, run.normals_per_step);
            factors[f] = tilt_normal(tilt, tilt.streams - run.factors + f, step.day, move.root,
                                     factors[f], factor_ratios);
            if (features & FEATURE_FACTOR_TAILS)
                factors[f] = factors[f] * square_root(all.factor_variance);
        }

        const bool forced = (channels & CHANNEL_BOOK) && !overnight &&
                            (run.policy & POLICY_MARGIN) &&
                            tile.any_path(book.relief > Real(0.0f));
        if (forced) order_of_relief(tile, launch, now, margin, before);

        POWDERKEG_UNROLL
        for (int k = 0; k < tile.held(); ++k) {
            const int slot = tile.slot(k);
            const Name& p = launch.names[slot];
            const Position* const positions = launch.positions + slot * funds;
            State& s = states[k];
            Real factor_return = Real(0.0f);
            POWDERKEG_UNROLL
            for (int f = 0; f < tile.factors(); ++f)
                factor_return = fused(Real(launch.loadings[slot * tile.factors() + f]),
                                      factors[f], factor_return);

            Effects e = effects_at(launch, now, slot);
            if (features & FEATURE_CANCELLATION)
                undo_trades(s, tile.closed[k], e.cancelled, funds);
            if (features & FEATURE_EVENTS) strike(s, p, channels, e);
            const Real price = s.price;
            Real held[FUND_SLOTS];
            POWDERKEG_UNROLL
            for (int f = 0; f < funds; ++f) held[f] = s.fund[f];

            if (overnight) {
                draw_day(s, p, launch, now, path);
                const Real drawn =
                    day_normal(run.seed, p.stream, DOMAIN_OVERNIGHT, path, step.day);
                const Real normal =
                    tilt_normal(tilt, slot, step.day, move.root, drawn, ratios[k]);
                clearing[k] = open_day(s, p, now, e, factor_return, normal);
            } else {
                const Real drawn = step_normal(tile.normals[k], run.seed, p.stream, path,
                                               step.draw, run.normals_per_step);
                const Real normal =
                    tilt_normal(tilt, slot, step.day, move.root, drawn, ratios[k]);
                Duty duty = {book.relief, book.cut, margin_of_shares(s, run, margin[k]), before[k]};
                if (features & FEATURE_CANCELLATION) stand_down(duty, e.cancelled);
                clearing[k] = trade(s, p, positions, now, e, duty, chain_at(launch, run, p, t),
                                    factor_return, normal);
                pay_borrow_fee(s, p, run.dt);
            }

            if (!tile.real(k)) continue;  // padding adds exact zeros
            attention[k] = Real(p.attention_weight) * s.attention;
            pnl[k] = position_pnl(s, p);
            if (features & FEATURE_DERIVATIVES) {
                mark_derivatives(s, p, launch.derivatives, t, step.time);
                pnl[k] = pnl[k] + derivative_pnl(s, p);
                margin[k] =
                    name_margin(s, p, run, launch.derivatives, t, step.time, e.margin, funds);
            } else {
                margin[k] = position_margin(s, p, e.margin, funds);
            }
            if (channels & CHANNEL_CLEARING_RULE) required[k] = requirement(s, p);
            POWDERKEG_UNROLL
            for (int f = 0; f < funds; ++f)
                gained[f][k] = fund_gain(positions[f], held[f], s.fund[f], s.price - price);
        }

        if (channels & CHANNEL_CROWD) all.attention = tile.sum(attention);
        if (channels & CHANNEL_FUNDS) {
            POWDERKEG_UNROLL
            for (int f = 0; f < funds; ++f) all.equity[f] = all.equity[f] + tile.sum(gained[f]);
        }
        if ((channels & CHANNEL_CLEARING_RULE) && !overnight)
            all.broker_days = days_left(all.broker_days, tile.sum(required), run);
        if (forced) mark_forced(tile, clearing, step, book);
        check_book(book, run, sums_of(tile, launch, run, pnl, margin), step);
        if (step.horizon >= 0) tile.write_path(launch.pnl + step.horizon * launch.paths, book.pnl);

        const bool close = step.kind & STEP_CLOSE;
        if (!close && !uses.traced) continue;
        const Mask broker = broker_restricts(all.broker_days, run);
        POWDERKEG_UNROLL
        for (int k = 0; k < tile.held(); ++k) {
            const int slot = tile.slot(k);
            const Name& p = launch.names[slot];
            State& s = states[k];
            if (close) {
                close_day(s, p, now, restricted(s, p, broker, effects_at(launch, now, slot)));
                if (features & FEATURE_CANCELLATION) tile.closed[k] = s;
            }
            if (!tile.real(k)) continue;
            if (close)
                count_close(tile,
                            launch.closes + ((long long)step.day * run.names + slot) * Q_COUNT *
                                                HISTOGRAM_BINS,
                            s, p);
            if (uses.traced)
                keep_trace(tile, launch, run, funds, t + 1, slot, s, p, broker, clearing[k],
                           margin[k]);
        }
    }

    Real floor[SLOTS], fails[SLOTS], slippage[SLOTS], price[SLOTS], derivatives[SLOTS];
    tile.clear(floor), tile.clear(fails), tile.clear(slippage);
    tile.clear(price), tile.clear(derivatives);
    POWDERKEG_UNROLL
    for (int k = 0; k < tile.held(); ++k) {
        if (!tile.real(k)) continue;
        const State& s = states[k];
        floor[k] = s.floor;
        fails[k] = s.fails;
        pnl[k] = s.borrow_paid;
        slippage[k] = s.slippage;
        price[k] = price_pnl(s, launch.names[tile.slot(k)]);
        derivatives[k] = derivative_pnl(s, launch.names[tile.slot(k)]);
        tile.count(launch.peaks + tile.slot(k) * HISTOGRAM_BINS, price_bin(exponential(s.x_max)));
    }
    const Ends ends = {tile.sum(pnl),      tile.sum(floor), tile.sum(fails),
                       tile.sum(slippage), path_weight(tile, tilt, ratios, factor_ratios),
                       tile.sum(price),    tile.sum(derivatives)};
    tile.write_record(launch.out, book, ends);
}
