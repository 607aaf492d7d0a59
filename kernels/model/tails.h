// Heavy tails: the variance of a day is drawn overnight, from a table over the normal score
// (docs/model.md, 6).
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
