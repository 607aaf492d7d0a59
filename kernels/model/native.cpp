// The CPU back end: every SIMD lane is a path, one thread runs all names of its lanes.
#include "path.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

// Denormals are flushed to zero while the kernel runs, as on the GPU.
struct FlushDenormals {
#if defined(__x86_64__)
    unsigned saved = _mm_getcsr();
    FlushDenormals() { _mm_setcsr(saved | 0x8040u); }
    ~FlushDenormals() { _mm_setcsr(saved); }
#elif defined(__aarch64__)
    unsigned long saved;
    FlushDenormals() {
        asm volatile("mrs %0, fpcr" : "=r"(saved));
        asm volatile("msr fpcr, %0" ::"r"(saved | (1ul << 24)));
    }
    ~FlushDenormals() { asm volatile("msr fpcr, %0" ::"r"(saved)); }
#endif
};

struct Lanes {
    static constexpr int SLOTS = MAX_NAMES, FACTORS = MAX_FACTORS;
    explicit Lanes(const Run& r) : run(r) {}

    const Run& run;
    State states[SLOTS], closed[SLOTS];  // now, at the last close
    Normals normals[SLOTS], factor_normals[FACTORS];
    PathId path;
    long long first = 0;
    int valid = 0;

    int held() const { return run.names; }
    int slot(int k) const { return k; }
    bool real(int) const { return true; }
    int factors() const { return run.factors; }
    int components() const { return run.components; }
    Uses uses(const Trace* trace) const {
        return {run.channels, run.features, run.funds, run.events, trace != nullptr};
    }

    int per_lane(const Run& r) const { return r.names_per_lane; }
    bool any_path(Mask m) const { return any(m); }
    Real of_lane(const Real* values, int lane, int k, const Run& r) const {
        return values[lane * r.names_per_lane + k];
    }

    void clear(Real* values) const {
        for (int k = 0; k < run.lanes * run.names_per_lane; ++k) values[k] = Real(0.0f);
    }

    // The order of the GPU's tile: a lane's own names first, then xor butterflies over the lanes.
    Real sum(const Real* values) const {
        Real part[32];
        const int T = run.lanes, K = run.names_per_lane;
        for (int t = 0; t < T; ++t) {
            part[t] = values[t * K];
            for (int k = 1; k < K; ++k) part[t] = part[t] + values[t * K + k];
        }
        for (int half = T / 2; half > 0; half /= 2)
            for (int t = 0; t < half; ++t) part[t] = part[t] + part[t + half];
        return part[0];
    }

    void count(unsigned* histogram, Int bin) const {
        int bins[LANES];
        store(bins, bin);
        for (int i = 0; i < valid; ++i) ++histogram[bins[i]];
    }

    void write(float* to, long long stride, Real value) const {
        float lanes[LANES];
        store(lanes, value);
        for (int i = 0; i < valid; ++i) to[(first + i) * stride] = lanes[i];
    }

    void write_path(float* to, long long stride, Real value) const { write(to, stride, value); }
};

// Lanes beyond the last path repeat it and are not written.
PathId load_paths(const unsigned long long* ids, long long first, long long paths) {
    int low[LANES], high[LANES];
    for (int i = 0; i < LANES; ++i) {
        const unsigned long long id = ids[first + i < paths ? first + i : paths - 1];
        low[i] = int(unsigned(id));
        high[i] = int(unsigned(id >> 32));
    }
    return {load(low), load(high)};
}

// Calls f(lanes in, lanes out) over arrays in steps of LANES, for the functions tests look at.
template <class F>
void over(const float* in, float* out, long long n, F f) {
    for (long long i = 0; i < n; i += LANES) {
        float a[LANES] = {}, b[LANES];
        const int valid = n - i < LANES ? int(n - i) : LANES;
        for (int j = 0; j < valid; ++j) a[j] = in[i + j];
        store(b, f(load(a)));
        for (int j = 0; j < valid; ++j) out[i + j] = b[j];
    }
}

}  // namespace

EXPORT void powderkeg_simulate(const Run* run, const Launch* launch) {
    const FlushDenormals flush;
    Lanes tile(*run);
    for (long long first = 0; first < launch->path_count; first += LANES) {
        tile.first = first;
        tile.valid = launch->path_count - first < LANES ? int(launch->path_count - first) : LANES;
        tile.path = load_paths(launch->path_ids, first, launch->path_count);
        simulate(tile, *launch, *run);
    }
}

EXPORT void powderkeg_philox(const unsigned* counter, const unsigned* key, unsigned* out) {
    Int words[4];
    int lanes[LANES];
    for (int i = 0; i < 4; ++i) words[i] = Int(int(counter[i]));
    philox(words, key[0], key[1]);
    for (int i = 0; i < 4; ++i) {
        store(lanes, words[i]);
        out[i] = unsigned(lanes[LANES - 1]);
    }
}

// Normals 0 .. 4 blocks - 1 of every path, shape (paths, 4 blocks).
EXPORT void powderkeg_normals(unsigned long long seed, unsigned stream, int domain, int blocks,
                              const unsigned long long* path_ids, long long paths, float* out) {
    const FlushDenormals flush;
    for (long long first = 0; first < paths; first += LANES) {
        const PathId path = load_paths(path_ids, first, paths);
        for (int block = 0; block < blocks; ++block) {
            Normals n;
            refill(n, seed, stream, domain, path, block);
            for (int j = 0; j < 4; ++j) {
                float lanes[LANES];
                store(lanes, n.z[j]);
                for (int i = 0; i < LANES && first + i < paths; ++i)
                    out[(first + i) * 4 * blocks + 4 * block + j] = lanes[i];
            }
        }
    }
}

// One of the functions of mathematics.h, by number: exp, log, e^x - 1, cdf, density.
EXPORT void powderkeg_function(int which, const float* in, float* out, long long n) {
    const FlushDenormals flush;
    over(in, out, n, [which](Real x) {
        Real density;
        switch (which) {
            case 0: return exponential(x);
            case 1: return logarithm(x);
            case 2: return exponential_minus_1(x);
            case 3: return normal_cdf(x);
            default: normal_cdf(x, density); return density;
        }
    });
}

// Price of fills from `before` to `after` of the elastic float around w + J = 0.
EXPORT void powderkeg_fill_price(float elasticity, float elastic_normal, const float* before,
                                 const float* after, float* out, long long n) {
    const FlushDenormals flush;
    for (long long i = 0; i < n; ++i) {
        float lanes[LANES];
        store(lanes, fill_price(Real(0.0f), Real(0.0f), Real(elasticity), Real(elastic_normal),
                                Real(before[i]), Real(after[i])));
        out[i] = lanes[0];
    }
}
