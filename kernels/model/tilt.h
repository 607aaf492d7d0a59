// Importance sampling: components move the means of the normals and the rates of the restriction
// clocks. A path is of the component that its id says, and weighs its density without any tilt over
// that of the whole mixture (docs/model.md, 2).
#pragma once
#include "philox.h"
#include "records.h"

struct Tilt {
    const Component* components;
    const float* table;  // (components, streams, 1 + days): clock rate - 1, then means by day
    int count, streams, columns;
    Mask mine[MAX_COMPONENTS];
};

// Of one stream: log density under each component over that without a tilt, constants left out.
struct Ratios {
    Real of[MAX_COMPONENTS];
};

FN Tilt tilt_of(const Component* components, const float* table, int count, const Run& run,
                PathId path) {
    Tilt tilt = {components, table, count, run.lanes * run.names_per_lane + run.factors,
                 1 + run.days, {}};
    const Real place = to_real(path.low & Int(COMPONENT_CYCLE - 1));
    POWDERKEG_UNROLL
    for (int c = 0; c < count; ++c) {
        const float first = float(components[c].first), end = first + float(components[c].places);
        tilt.mine[c] = place >= Real(first) && place < Real(end);
    }
    return tilt;
}

FN Real tilt_at(const Tilt& tilt, int component, int stream, int column) {
    return Real(tilt.table[(component * tilt.streams + stream) * tilt.columns + column]);
}

// A standard normal of a step, `root` of the day's standard deviation, with the path's mean.
FN Real tilt_normal(const Tilt& tilt, int stream, int day, Real root, Real normal,
                    Ratios& ratios) {
    if (tilt.count == 0) return normal;
    Real mean[MAX_COMPONENTS];
    POWDERKEG_UNROLL
    for (int c = 0; c < tilt.count; ++c) {
        mean[c] = root * tilt_at(tilt, c, stream, 1 + day);
        normal = normal + select(tilt.mine[c], mean[c], Real(0.0f));
    }
    POWDERKEG_UNROLL
    for (int c = 0; c < tilt.count; ++c) ratios.of[c] = fused(mean[c], normal, ratios.of[c]);
    return normal;
}

// A clock of rate 1 with the path's rate.
FN Real tilt_clock(const Tilt& tilt, int stream, Real clock, Ratios& ratios) {
    if (tilt.count == 0) return clock;
    Real faster = Real(0.0f);
    POWDERKEG_UNROLL
    for (int c = 0; c < tilt.count; ++c)
        faster = select(tilt.mine[c], tilt_at(tilt, c, stream, 0), faster);
    clock = clock / (Real(1.0f) + faster);
    POWDERKEG_UNROLL
    for (int c = 0; c < tilt.count; ++c) ratios.of[c] = -tilt_at(tilt, c, stream, 0) * clock;
    return clock;
}

template <class Tile>
FN Real path_weight(const Tile& tile, const Tilt& tilt, const Ratios* names,
                    const Ratios& factors) {
    if (tilt.count == 0) return Real(1.0f);
    Real ratio[MAX_COMPONENTS], most = Real(-1e30f), sum = Real(0.0f);
    POWDERKEG_UNROLL
    for (int c = 0; c < tilt.count; ++c) {
        Real part[Tile::SLOTS];
        tile.clear(part);
        POWDERKEG_UNROLL
        for (int k = 0; k < tile.held(); ++k)
            if (tile.real(k)) part[k] = names[k].of[c];
        ratio[c] = Real(tilt.components[c].constant) + (factors.of[c] + tile.sum(part));
        most = maximum(most, ratio[c]);
    }
    POWDERKEG_UNROLL
    for (int c = 0; c < tilt.count; ++c) sum = sum + exponential(ratio[c] - most);
    return exponential(-(most + logarithm(sum)));
}
