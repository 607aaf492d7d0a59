// A path from the as-of close to the horizon: all names in lockstep, one page.
#pragma once
#include "step.h"

// Pointers of a launch; shapes in kernels/layout.py (Packed, Simulated).
struct Launch {
    const Name* names;
    const float* loadings;
    const unsigned* factor_streams;
    const Step* steps;
    const float* chain;
    const float* steepest;
    const unsigned long long* path_ids;
    long long paths;
    float* pnl;
    Path* out;
    unsigned* closes;
    unsigned* peaks;
    Trace* trace;
};

#ifdef POWDERKEG_CHANNELS  // both are fixed when the GPU kernel is compiled
#define LAUNCH_CHANNELS(run) (unsigned(POWDERKEG_CHANNELS))
#define LAUNCH_TRACED(launch) (POWDERKEG_TRACED)
#else
#define LAUNCH_CHANNELS(run) ((run).channels)
#define LAUNCH_TRACED(launch) ((launch).trace != nullptr)
#endif

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
    const Real short_interest = s.cohort + s.new_shorts + Real(p.book_short);
    tile.count(close + Q_PRICE * HISTOGRAM_BINS, price_bin(s.price));
    tile.count(close + Q_SHORT_INTEREST * HISTOGRAM_BINS,
               linear_bin(short_interest, SHORT_INTEREST_LOW, SHORT_INTEREST_SCALE));
    tile.count(close + Q_UTILISATION * HISTOGRAM_BINS,
               linear_bin(s.utilisation, UTILISATION_LOW, UTILISATION_SCALE));
    tile.count(close + Q_BORROW_FEE * HISTOGRAM_BINS,
               linear_bin(s.fee, BORROW_FEE_LOW, BORROW_FEE_SCALE));
    tile.count(close + Q_DEALER_HEDGE * HISTOGRAM_BINS,
               linear_bin(s.hedge, DEALER_HEDGE_LOW, DEALER_HEDGE_SCALE));
    tile.count(close + Q_IMPLIED_VOL * HISTOGRAM_BINS,
               linear_bin(s.vol, IMPLIED_VOL_LOW, IMPLIED_VOL_SCALE));
    tile.count(close + Q_ATTENTION * HISTOGRAM_BINS,
               linear_bin(s.attention, ATTENTION_LOW, ATTENTION_SCALE));
}

template <class Tile>
FN void keep_trace(const Tile& tile, const Launch& launch, const Run& run, int row, int name,
                   const State& s, const Name& p, const Clearing& c) {
    const Real fields[] = {
        s.x, s.anchor, s.transient, s.elastic, s.crowd, s.hedge, s.cohort, s.new_shorts,
        s.attention, s.removed, s.calls, s.call_strike, s.vol, s.realised_vol, s.fee,
        s.utilisation, s.fee_paid, s.x_max, s.x_slow, s.entry_price, s.clock,
        one_if(restricted(s, p)), s.floor, s.fails, c.fill_price, c.net, s.borrow_paid};
    constexpr int count = sizeof(Trace) / sizeof(float);
    static_assert(sizeof(fields) / sizeof(Real) == count);
    const long long stride = (long long)(run.steps + 1) * run.names * count;
    float* first = (float*)(launch.trace + (long long)row * run.names + name);
    for (int f = 0; f < count; ++f) tile.write(first + f, stride, fields[f]);
}

// Tile: which names a thread holds, sums over all names, and how a lane writes.
template <class Tile>
FN void simulate(Tile& tile, const Launch& launch, const Run& run) {
    const unsigned channels = LAUNCH_CHANNELS(run);
    const bool traced = LAUNCH_TRACED(launch);
    State* const states = tile.states;
    Normals* const normals = tile.normals;
    Normals* const factor_normals = tile.factor_normals;
    const PathId path = tile.path;

    const float day_share = 1.0f - run.overnight_share;
    const Shares overnight_move = shares_of(run.overnight_share);
    const Shares intraday_move = shares_of(day_share * run.dt);

    Real attention[Tile::SLOTS], pnl[Tile::SLOTS], margin[Tile::SLOTS];
    tile.clear(attention), tile.clear(pnl), tile.clear(margin);
    POWDERKEG_UNROLL
    for (int k = 0; k < tile.held(); ++k) {
        const Name& p = launch.names[tile.slot(k)];
        Int words[4];
        random_words(run.seed, p.stream, DOMAIN_RESTRICTION, path, 0, words);
        start(states[k], p, uniform(words[0]));
        if (tile.real(k)) attention[k] = Real(p.attention_weight) * states[k].attention;
        if (traced && tile.real(k))
            keep_trace(tile, launch, run, 0, tile.slot(k), states[k], p,
                       {Real(1.0f), Real(0.0f)});
    }
    Real attention_everywhere = tile.sum(attention);
    BookPath book = {Real(0.0f), Real(0.0f), Real(NEVER), Real(NEVER)};

    for (int t = 0; t < run.steps; ++t) {
        const Step& step = launch.steps[t];
        const bool overnight = step.kind & STEP_OVERNIGHT;

        Real factors[Tile::FACTORS];
        POWDERKEG_UNROLL
        for (int f = 0; f < tile.factors(); ++f)
            factors[f] =
                overnight
                    ? overnight_normal(run.seed, launch.factor_streams[f], path, step.draw)
                    : step_normal(factor_normals[f], run.seed, launch.factor_streams[f], path,
                                  step.draw, run.normals_per_step);

        POWDERKEG_UNROLL
        for (int k = 0; k < tile.held(); ++k) {
            const int slot = tile.slot(k);
            const Name& p = launch.names[slot];
            State& s = states[k];
            Real factor_return = Real(0.0f);
            POWDERKEG_UNROLL
            for (int f = 0; f < tile.factors(); ++f)
                factor_return = fused(Real(launch.loadings[slot * tile.factors() + f]),
                                      factors[f], factor_return);

            Clearing clearing = {Real(0.0f), Real(0.0f)};
            if (overnight) {
                move_anchor(s, p, factor_return,
                            overnight_normal(run.seed, p.stream, path, step.draw),
                            overnight_move);
                set_price(s, p);
                clearing.fill_price = s.price;
            } else {
                const Real normal = step_normal(normals[k], run.seed, p.stream, path, step.draw,
                                                run.normals_per_step);
                clearing = trade(s, p, step, run, channels, traced,
                                 chain_at(launch, run, p, t), intraday_move, factor_return, normal,
                                 attention_everywhere);
                pay_borrow_fee(s, p, run.dt);
            }

            if (step.kind & STEP_CLOSE) {
                close_realised_vol(s, p);
                if ((step.kind & STEP_EXPIRY) && (channels & CHANNEL_CROWD) &&
                    (channels & CHANNEL_CROWD_CALLS))
                    expire_calls(s, p, step);
                if (tile.real(k))
                    count_close(tile,
                                launch.closes + ((long long)step.day * run.names + slot) *
                                                    Q_COUNT * HISTOGRAM_BINS,
                                s, p);
            }
            if (traced && tile.real(k))
                keep_trace(tile, launch, run, t + 1, slot, s, p, clearing);
            if (!tile.real(k)) continue;  // padding adds exact zeros
            attention[k] = Real(p.attention_weight) * s.attention;
            pnl[k] = position_pnl(s, p);
            margin[k] = position_margin(s, p);
        }

        if (channels & CHANNEL_CROWD) attention_everywhere = tile.sum(attention);
        check_book(book, tile.sum(pnl), tile.sum(margin), step.time, step.kind & STEP_CLOSE);
        if (step.horizon >= 0) tile.write_path(launch.pnl + step.horizon * launch.paths, book.pnl);
    }

    Real floor[Tile::SLOTS], fails[Tile::SLOTS];
    tile.clear(floor), tile.clear(fails);
    POWDERKEG_UNROLL
    for (int k = 0; k < tile.held(); ++k) {
        if (!tile.real(k)) continue;
        const State& s = states[k];
        floor[k] = s.floor;
        fails[k] = s.fails;
        pnl[k] = s.borrow_paid;
        tile.count(launch.peaks + tile.slot(k) * HISTOGRAM_BINS, price_bin(exponential(s.x_max)));
    }
    tile.write_record(launch.out, book, tile.sum(pnl), tile.sum(floor), tile.sum(fails));
}
