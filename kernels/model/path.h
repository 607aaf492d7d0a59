// A path from the as-of close to the horizon: all names in lockstep, one page at the end.
#pragma once
#include "kept.h"
#include "tilt.h"
#include "whole_book.h"

// What the names of a path have beside their states, a number a slot. `before`: relief of the names
// that the book sells or covers first; `gained` by fund.
template <class Tile>
struct Names {
    Real attention[Tile::SLOTS], pnl[Tile::SLOTS], margin[Tile::SLOTS], required[Tile::SLOTS];
    Real before[Tile::SLOTS], gained[FUND_SLOTS][Tile::SLOTS];
    Clearing clearing[Tile::SLOTS];
    Ratios ratios[Tile::SLOTS];
};

template <class Tile>
FN void trace_name(const Tile& tile, const Launch& launch, const Now& now, int row, int k,
                   const Names<Tile>& names) {
    const long long stride = (long long)(now.run.steps + 1) * now.run.names *
                             (sizeof(Trace) / sizeof(float));
    const int slot = tile.slot(k);
    keep_trace(tile, launch.trace + (long long)row * now.run.names + slot, stride, now,
               tile.states[k], launch.names[slot], names.clearing[k], names.margin[k]);
}

template <class Tile>
FN void start_names(Tile& tile, const Launch& launch, const Now& now, const Tilt& tilt,
                    Names<Tile>& names) {
    tile.clear(names.attention), tile.clear(names.pnl), tile.clear(names.margin);
    tile.clear(names.required), tile.clear(names.before);
    for (int f = 0; f < FUND_SLOTS; ++f) tile.clear(names.gained[f]);
    const int funds = now.fund_count;
    POWDERKEG_UNROLL
    for (int k = 0; k < tile.held(); ++k) {
        const int slot = tile.slot(k);
        const Name& p = launch.names[slot];
        State& s = tile.states[k];
        Int words[4];
        random_words(now.run.seed, p.stream, DOMAIN_RESTRICTION, tile.path, 0, words);
        start(s, p, launch.positions + slot * funds, funds, -logarithm(uniform(words[0])));
        s.restriction_clock = tilt_clock(tilt, slot, s.restriction_clock, names.ratios[k]);
        if (now.features & FEATURE_CANCELLATION) tile.closed[k] = s;
        if (!tile.real(k)) continue;
        names.attention[k] = Real(p.attention_weight) * s.attention;
        if (now.features & FEATURE_DERIVATIVES)
            mark_derivatives(s, p, launch.derivatives, -1, 0.0f);
        names.margin[k] =
            name_margin(s, p, now.run, launch.derivatives, -1, 0.0f, Real(0.0f), funds);
        names.clearing[k] = {Real(1.0f), Real(0.0f), Real(0.0f)};
        if (now.traced) trace_name(tile, launch, now, 0, k, names);
    }
}

// The factors' returns of a step, per square-root day.
template <class Tile>
FN void draw_factors(Tile& tile, const Launch& launch, const Now& now, const Tilt& tilt,
                     Real* factors, Ratios& ratios) {
    const Run& run = now.run;
    const Step& step = now.step;
    POWDERKEG_UNROLL
    for (int f = 0; f < tile.factors(); ++f) {
        const unsigned stream = launch.factor_streams[f];
        factors[f] = step.kind & STEP_OVERNIGHT
                         ? day_normal(run.seed, stream, DOMAIN_OVERNIGHT, tile.path, step.day)
                         : step_normal(tile.factor_normals[f], run.seed, stream, tile.path,
                                       step.draw, run.normals_per_step);
        factors[f] = tilt_normal(tilt, tilt.streams - run.factors + f, step.day, now.move.root,
                                 factors[f], ratios);
        if (now.features & FEATURE_FACTOR_TAILS)
            factors[f] = factors[f] * square_root(now.factor_variance);
    }
}

// A name's returns on the factors of a step; those that scale with attention come last.
template <class Tile>
FN News news_of_factors(const Tile& tile, const Now& now, const float* loadings,
                        const Real* factors) {
    const bool scales = now.features & FEATURE_ATTENTION_FACTORS;
    const int first = tile.factors() - (scales ? now.run.attention_factors : 0);
    News news = {Real(0.0f), Real(0.0f), Real(0.0f)};
    POWDERKEG_UNROLL
    for (int f = 0; f < tile.factors(); ++f) {
        const Real loading = Real(loadings[f]);
        if (f < first)
            news.factors = fused(loading, factors[f], news.factors);
        else
            news.attention = fused(loading, factors[f], news.attention);
    }
    return news;
}

// What a name draws overnight for the day.
FN void draw_day(State& s, const Name& p, const Launch& launch, const Now& now, PathId path) {
    const int day = now.step.day;
    if (now.features & FEATURE_NAME_TAILS)
        s.variance = draw_variance(launch.mixing, p.mixing, now.run.seed, p.stream, path, day);
    if (now.features & FEATURE_JUMPS) draw_jump(s, p, now.run, path, day);
}

// One name in one step: what strikes it, what moves it, who trades it.
template <class Tile>
FN Effects move_name(Tile& tile, const Launch& launch, const Now& now, const Tilt& tilt,
                     const BookPath& book, const Real* factors, int k, Names<Tile>& names) {
    const int slot = tile.slot(k), day = now.step.day, row = row_of(launch, now);
    const Name& p = launch.names[slot];
    const Run& run = now.run;
    State& s = tile.states[k];
    News news = news_of_factors(tile, now, launch.loadings + slot * tile.factors(), factors);
    Effects e = effects_at(launch, now, slot);
    if (now.features & FEATURE_CANCELLATION)
        undo_trades(s, tile.closed[k], e.cancelled, now.fund_count);
    if (now.features & FEATURE_EVENTS) strike(s, p, now.channels, e);
    const Real price = s.price;
    Real held[FUND_SLOTS];
    POWDERKEG_UNROLL
    for (int f = 0; f < now.fund_count; ++f) held[f] = s.fund[f];

    const Position* const positions = launch.positions + slot * now.fund_count;
    if (now.step.kind & STEP_OVERNIGHT) {
        draw_day(s, p, launch, now, tile.path);
        const Real drawn = day_normal(run.seed, p.stream, DOMAIN_OVERNIGHT, tile.path, day);
        news.normal = tilt_normal(tilt, slot, day, now.move.root, drawn, names.ratios[k]);
        names.clearing[k] = open_day(s, p, now, e, news);
    } else {
        const Real drawn = step_normal(tile.normals[k], run.seed, p.stream, tile.path,
                                       now.step.draw, run.normals_per_step);
        news.normal = tilt_normal(tilt, slot, day, now.move.root, drawn, names.ratios[k]);
        Duty duty = {book.relief, book.cut, margin_of_shares(s, run, names.margin[k]),
                     names.before[k]};
        if (now.features & FEATURE_CANCELLATION) stand_down(duty, e.cancelled);
        names.clearing[k] =
            trade(s, p, positions, now, e, duty, chain_at(launch, run, p, row), news);
        pay_borrow_fee(s, p, run.dt);
    }
    if (tile.real(k)) {
        POWDERKEG_UNROLL
        for (int f = 0; f < now.fund_count; ++f)
            names.gained[f][k] = fund_gain(positions[f], held[f], s.fund[f], s.price - price);
    }
    return e;
}

// What a name adds to the sums over all names; padding adds exact zeros.
template <class Tile>
FN void measure_name(Tile& tile, const Launch& launch, const Now& now, const Effects& e, int k,
                     Names<Tile>& names) {
    if (!tile.real(k)) return;
    const Name& p = launch.names[tile.slot(k)];
    const Step& step = now.step;
    const int row = row_of(launch, now);
    State& s = tile.states[k];
    names.attention[k] = Real(p.attention_weight) * s.attention;
    names.pnl[k] = position_pnl(s, p);
    if (now.features & FEATURE_DERIVATIVES) {
        mark_derivatives(s, p, launch.derivatives, row, step.time);
        names.pnl[k] = names.pnl[k] + derivative_pnl(s, p);
        names.margin[k] = name_margin(s, p, now.run, launch.derivatives, row, step.time,
                                      e.margin, now.fund_count);
    } else {
        names.margin[k] = position_margin(s, p, e.margin, now.fund_count);
    }
    if (now.channels & CHANNEL_CLEARING_RULE) names.required[k] = requirement(s, p);
}

template <class Tile>
FN void add_up(const Tile& tile, const Now& now, const Names<Tile>& names, Everyone& all) {
    if (now.channels & CHANNEL_CROWD) all.attention = tile.sum(names.attention);
    if (now.channels & CHANNEL_FUNDS) {
        POWDERKEG_UNROLL
        for (int f = 0; f < now.fund_count; ++f)
            all.equity[f] = all.equity[f] + tile.sum(names.gained[f]);
    }
    if ((now.channels & CHANNEL_CLEARING_RULE) && !(now.step.kind & STEP_OVERNIGHT))
        all.broker_days = days_left(all.broker_days, tile.sum(names.required), now.run);
}

// After a step: the close of a day, histograms, the trace.
template <class Tile>
FN void keep_names(Tile& tile, const Launch& launch, Now& now, const Everyone& all,
                   const Names<Tile>& names) {
    const bool close = now.step.kind & STEP_CLOSE;
    now.broker = broker_restricts(all.broker_days, now.run);
    POWDERKEG_UNROLL
    for (int k = 0; k < tile.held(); ++k) {
        const int slot = tile.slot(k);
        const Name& p = launch.names[slot];
        State& s = tile.states[k];
        if (close) {
            close_day(s, p, now, expired_at(launch, now, p),
                      restricted(s, p, now.broker, effects_at(launch, now, slot)));
            if (now.features & FEATURE_CANCELLATION) tile.closed[k] = s;
        }
        if (!tile.real(k)) continue;
        const long long day = (long long)now.step.day * now.run.names + slot;
        if (close) count_close(tile, launch.closes + day * Q_COUNT * HISTOGRAM_BINS, s, p);
        if (now.traced) trace_name(tile, launch, now, row_of(launch, now) + 1, k, names);
    }
}

// Sums over all names at the end of a path, and the peaks.
template <class Tile>
FN PathRecord record_of(const Tile& tile, const Launch& launch, const BookPath& book) {
    Real floor[Tile::SLOTS], fails[Tile::SLOTS];
    tile.clear(floor), tile.clear(fails);
    POWDERKEG_UNROLL
    for (int k = 0; k < tile.held(); ++k) {
        if (!tile.real(k)) continue;
        const State& s = tile.states[k];
        floor[k] = s.floor, fails[k] = s.fails;
        tile.count(launch.peaks + tile.slot(k) * HISTOGRAM_BINS,
                   price_bin(exponential(s.log_price_max)));
    }
    PathRecord kept;
    record_book(book, kept);
    kept.floor_names = tile.sum(floor);
    kept.fails = tile.sum(fails);
    return kept;
}

// Tile: which names a thread holds, sums over all names, and how a lane writes.
template <class Tile>
FN void simulate(Tile& tile, const Launch& launch, const Run& run) {
    const Uses uses = tile.uses(launch.trace);
    const Tilt tilt = tilt_of(launch.components, launch.tilts, tile.components(), run, tile.path);
    Ratios factor_ratios = {};
    Names<Tile> names;
    Everyone all = everyone_at_start(launch, run, uses, tile.path);
    start_names(tile, launch, now_before(launch, run, uses, all), tilt, names);
    all.attention = tile.sum(names.attention);
    BookPath book = book_at_start();
    tile.write_path(launch.excess, 1, Real(1.0f) - tile.sum(names.margin));

    for (int row = 0; row < run.steps; ++row) {
        Now now = now_at(launch, run, uses, row, tile.path, all);
        Real factors[Tile::FACTORS];
        draw_factors(tile, launch, now, tilt, factors, factor_ratios);
        const bool forced = is_forced(tile, now, book);
        if (forced) order_of_relief(tile, launch, now, names.margin, names.before);
        POWDERKEG_UNROLL
        for (int k = 0; k < tile.held(); ++k) {
            Effects e = move_name(tile, launch, now, tilt, book, factors, k, names);
            measure_name(tile, launch, now, e, k, names);
        }
        add_up(tile, now, names, all);
        if (forced) mark_forced(tile, names.clearing, now.step, book);
        const Sums sums = sums_of(tile, launch, run, names.pnl, names.margin);
        keep_parts(tile, launch, uses, check_book(book, run, sums, now.step, row), book);
        if (now.step.kind & STEP_CLOSE) {
            tile.write_path(launch.pnl + now.step.day * launch.path_count, 1, book.pnl);
            tile.write_path(launch.excess + (now.step.day + 1) * launch.path_count, 1, book.excess);
        }
        if ((now.step.kind & STEP_CLOSE) || uses.traced)
            keep_names(tile, launch, now, all, names);
    }

    PathRecord kept = record_of(tile, launch, book);
    kept.weight = path_weight(tile, tilt, names.ratios, factor_ratios);
    write_record(tile, launch.paths, kept);
}
