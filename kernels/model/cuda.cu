// The GPU back end: a tile of POWDERKEG_LANES lanes per path, POWDERKEG_NAMES_PER_LANE names in the
// registers of each lane; compiled at run time by kernels/backends/cuda.py for one layout, one set of
// channels and features.
#include "path.h"

struct Tile {
    static constexpr int SLOTS = POWDERKEG_NAMES_PER_LANE, T = POWDERKEG_LANES;
    static constexpr int FACTORS = POWDERKEG_FACTORS > 0 ? POWDERKEG_FACTORS : 1;
    State states[SLOTS], closed[SLOTS];  // now, at the last close
    Normals normals[SLOTS], factor_normals[FACTORS];
    PathId path;
    long long index;  // of the path in this launch
    int lane, names;
    bool valid;

    FN_MEMBER int held() const { return SLOTS; }
    FN_MEMBER int slot(int k) const { return lane * SLOTS + k; }
    FN_MEMBER bool real(int k) const { return slot(k) < names; }
    FN_MEMBER int factors() const { return POWDERKEG_FACTORS; }
    FN_MEMBER int components() const { return POWDERKEG_COMPONENTS; }
    FN_MEMBER Uses uses(const Trace*) const {
        return {POWDERKEG_CHANNELS, POWDERKEG_FEATURES, POWDERKEG_FUNDS, POWDERKEG_EVENTS,
                POWDERKEG_TRACED};
    }

    FN_MEMBER int per_lane(const Run&) const { return SLOTS; }
    // Every lane of a warp takes part in a shuffle, so the paths of a warp decide together.
    FN_MEMBER bool any_path(Mask m) const { return __any_sync(0xffffffffu, m); }
    FN_MEMBER Real of_lane(const Real* values, int lane_of_path, int k, const Run&) const {
        return __shfl_sync(0xffffffffu, values[k], lane_of_path, T);
    }

    FN_MEMBER void clear(Real* values) const {
        POWDERKEG_UNROLL
        for (int k = 0; k < SLOTS; ++k) values[k] = 0.0f;
    }

    FN_MEMBER Real sum(const Real* values) const {
        Real total = values[0];
        POWDERKEG_UNROLL
        for (int k = 1; k < SLOTS; ++k) total = total + values[k];
        POWDERKEG_UNROLL
        for (int half = T / 2; half > 0; half /= 2)
            total = total + __shfl_xor_sync(0xffffffffu, total, half);
        return total;
    }

    FN_MEMBER void count(unsigned* histogram, Int bin) const {
        if (valid) atomicAdd(histogram + bin, 1u);  // integers: the order does not matter
    }

    FN_MEMBER void write(float* to, long long stride, Real value) const {
        if (valid) to[index * stride] = value;
    }

    FN_MEMBER void write_path(float* to, long long stride, Real value) const {
        if (lane == 0) write(to, stride, value);
    }
};

extern "C" __global__ void __launch_bounds__(128, 2)
    powderkeg_kernel(const Run* run, LAUNCH_PARAMETERS) {
    const long long thread = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    Tile tile;
    tile.lane = int(thread % Tile::T);
    tile.index = thread / Tile::T;
    tile.valid = tile.index < path_count;
    tile.names = run->names;
    const unsigned long long id = path_ids[tile.valid ? tile.index : path_count - 1];
    tile.path = {int(unsigned(id)), int(unsigned(id >> 32))};
    const Launch launch = {LAUNCH_ARGUMENTS};
    simulate(tile, launch, *run);
}
