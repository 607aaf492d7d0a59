// What is no name's: when events start, the factors' variance of the day, the funds' equity, the
// days the broker restricts, the attention of all names; and what of it holds in a step.
#pragma once
#include "step.h"

struct Everyone {
    Real event_start[EVENT_SLOTS], equity[FUND_SLOTS], kept[FUND_SLOTS];
    Real factor_variance, broker_days, attention;
    Shares overnight, intraday;  // of the daily variance
};

FN Everyone everyone_at_start(const Launch& launch, const Run& run, const Uses& uses,
                              PathId path) {
    Everyone all = {};
    all.factor_variance = Real(1.0f);
    all.overnight = shares_of(run.overnight_share);
    all.intraday = shares_of((1.0f - run.overnight_share) * run.dt);
    POWDERKEG_UNROLL
    for (int f = 0; f < uses.fund_count; ++f) all.equity[f] = Real(1.0f);
    POWDERKEG_UNROLL
    for (int i = 0; i < uses.event_count; ++i)
        all.event_start[i] = start_row(launch.events[i], run, path);
    return all;
}

FN Now now_at(const Launch& launch, const Run& run, const Uses& uses, int row, PathId path,
              Everyone& all) {
    const Step& step = launch.schedule[row];
    const bool overnight = step.kind & STEP_OVERNIGHT;
    if (overnight && (uses.features & FEATURE_FACTOR_TAILS))
        all.factor_variance = draw_variance(launch.mixing, run.factor_mixing, run.seed,
                                            FACTOR_MIXING_STREAM, path, step.day);
    Shares move = {overnight ? all.overnight.share : all.intraday.share,
                   overnight ? all.overnight.root : all.intraday.root};
    Now now = {uses, run, step, launch.funds, move, all.factor_variance, all.attention,
               broker_restricts(all.broker_days, run), all.kept, {}};
    if (uses.channels & CHANNEL_FUNDS) {
        POWDERKEG_UNROLL
        for (int f = 0; f < uses.fund_count; ++f)
            all.kept[f] = kept_share(launch.funds[f], all.equity[f]);
    }
    if (uses.features & FEATURE_EVENTS)
        now.timeline = timeline_at(row, launch.events, uses.event_count, all.event_start);
    return now;
}

// What holds at the start, before any step.
FN Now now_before(const Launch& launch, const Run& run, const Uses& uses, const Everyone& all) {
    const Real none = Real(0.0f);
    return {uses, run, launch.schedule[0], launch.funds, all.overnight, all.factor_variance,
            none, none > none, all.kept, {}};
}

// The row of the schedule: one register less than carrying it along.
FN int row_of(const Launch& launch, const Now& now) { return int(&now.step - launch.schedule); }

FN Effects effects_at(const Launch& launch, const Now& now, int slot) {
    if (!(now.features & FEATURE_EVENTS)) return nothing_happens();
    const float* sizes = launch.event_sizes + slot * now.event_count;
    return effects_of(now.timeline, launch.events, sizes, now.event_count);
}

FN Chain chain_at(const Launch& launch, const Run& run, const Name& p, int step) {
    if (p.chain < 0) return {nullptr, 0.0f};
    const long long slice = (long long)p.chain * run.steps + step;
    return {launch.chain + slice * run.vol_nodes * run.price_nodes, launch.steepest[slice]};
}

// What is exercised of a chain at a close stands in its table where nobody trades: the night after.
FN Chain expired_at(const Launch& launch, const Now& now, const Name& p) {
    const int night = row_of(launch, now) + 1;
    if (night == now.run.steps) return {nullptr, 0.0f};
    return chain_at(launch, now.run, p, night);
}
