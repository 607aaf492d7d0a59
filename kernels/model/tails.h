// Heavy tails: the variance of a day is drawn overnight, from a table over the normal score
// (docs/model.md, 6). Jumps of the anchor (Merton 1976), at most one a day.
#pragma once
#include "grid.h"
#include "state.h"

// FNV-1a of "mixing:factors", the stream of the factors' mixing normal.
constexpr unsigned fnv1a(const char* text) {
    unsigned h = 2166136261u;
    for (; *text; ++text) h = (h ^ (unsigned char)*text) * 16777619u;
    return h;
}
constexpr unsigned FACTOR_MIXING_STREAM = fnv1a("mixing:factors");

// Variance of a day, mean 1; `row` of the tables, or negative for 1.
FN Real draw_variance(const float* mixing, int row, unsigned long long seed, unsigned stream,
                      PathId path, int day) {
    if (row < 0) return Real(1.0f);
    const Real score = day_normal(seed, stream, DOMAIN_MIXING, path, day);
    const float per_node = (MIXING_NODES - 1) / (2.0f * MIXING_RANGE);
    Real fraction;
    const Int cell =
        cell_of((score + Real(MIXING_RANGE)) * Real(per_node), MIXING_NODES, fraction);
    const float* table = mixing + (long long)row * MIXING_NODES;
    const Real low = gather(table, cell), high = gather(table + 1, cell);
    return fused(fraction, high - low, low);
}

// Whether the name jumps today, in which step (0: overnight) and how far.
FN void draw_jump(State& s, const Name& p, const Run& run, PathId path, int day) {
    s.jump_step = Real(-1.0f);
    s.jump = Real(0.0f);
    if (!(p.jump_probability > 0.0f)) return;
    Int words[4];
    random_words(run.seed, p.stream, DOMAIN_JUMPS, path, day, words);
    const Real u = uniform(words[0]);
    Real z, unused;
    box_muller(words[2], words[3], z, unused);

    const float last = float(run.steps_per_day - 1);
    const Real when = u / Real(p.jump_probability) - Real(run.overnight_share);
    const Real step = when * Real(float(run.steps_per_day) / (1.0f - run.overnight_share));
    const Real intraday = Real(1.0f) + to_real(to_int(clip(step, Real(0.0f), Real(last))));
    s.jump_step = select(u < Real(p.jump_probability),
                         select(when < Real(0.0f), Real(0.0f), intraday), Real(-1.0f));
    s.jump = fused(Real(p.jump_sd), z, Real(p.jump_mean));
}

FN void jump(State& s, const Name& p, const Step& step) {
    const Real now = Real(float(step.step_of_day));
    const Mask jumps = s.jump_step >= now && s.jump_step <= now;
    s.anchor = s.anchor + select(jumps, s.jump, Real(0.0f));
    if (step.kind & STEP_OVERNIGHT) s.anchor = s.anchor - Real(p.jump_compensator);
}
