// A GPU made of host threads, for kernels/model/cuda.cu: 32 threads are a warp, two barriers are its
// shuffle. A thread that stays away from a shuffle hangs the test, as it would break the kernel.
#pragma once
#include <xmmintrin.h>

#include <atomic>
#include <barrier>
#include <cmath>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#define __CUDACC__ 1
#define __device__
#define __global__
#define __forceinline__ inline
#define __launch_bounds__(threads, blocks)

struct Dim {
    unsigned x;
};
static thread_local Dim blockIdx, blockDim, threadIdx;
static std::barrier warp(32);
static float exchange[32];

static float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
static float __fsqrt_rn(float a) { return std::sqrt(a); }
static float __int2float_rn(int a) { return float(a); }
static int __float2int_rz(float a) { return _mm_cvttss_si32(_mm_set_ss(a)); }
static float __ldg(const float* from) { return *from; }

static int __float_as_int(float a) {
    int b;
    std::memcpy(&b, &a, 4);
    return b;
}

static float __int_as_float(int a) {
    float b;
    std::memcpy(&b, &a, 4);
    return b;
}

static unsigned __umulhi(unsigned a, unsigned b) {
    return unsigned((unsigned long long)a * b >> 32);
}

static unsigned atomicAdd(unsigned* to, unsigned value) {
    return std::atomic_ref<unsigned>(*to).fetch_add(value);
}

static float __shfl_xor_sync(unsigned, float value, int mask) {
    const unsigned lane = threadIdx.x % 32;
    exchange[lane] = value;
    warp.arrive_and_wait();
    const float other = exchange[lane ^ mask];
    warp.arrive_and_wait();
    return other;
}

static float __shfl_sync(unsigned, float value, int lane, int width) {
    const unsigned mine = threadIdx.x % 32;
    exchange[mine] = value;
    warp.arrive_and_wait();
    const float other = exchange[mine / width * width + lane];
    warp.arrive_and_wait();
    return other;
}

static bool __any_sync(unsigned, bool value) {
    exchange[threadIdx.x % 32] = value;
    warp.arrive_and_wait();
    bool any = false;
    for (float each : exchange) any = any || each != 0;
    warp.arrive_and_wait();
    return any;
}

// Arguments come as 64-bit words: pointers, and integers of 8 bytes.
template <class... A, std::size_t... I>
void launch(void (*kernel)(A...), unsigned blocks, unsigned threads, const unsigned long long* words,
            std::index_sequence<I...>) {
    std::vector<std::thread> pool;
    for (unsigned lane = 0; lane < 32; ++lane)
        pool.emplace_back([=] {
            _mm_setcsr(_mm_getcsr() | 0x8040u);  // flush denormals, as -ftz=true
            blockDim.x = threads;
            for (blockIdx.x = 0; blockIdx.x < blocks; ++blockIdx.x)
                for (threadIdx.x = lane; threadIdx.x < threads; threadIdx.x += 32)
                    kernel((A)words[I]...);
        });
    for (std::thread& thread : pool) thread.join();
}

template <class... A>
void launch(void (*kernel)(A...), unsigned blocks, unsigned threads,
            const unsigned long long* words) {
    launch(kernel, blocks, threads, words, std::index_sequence_for<A...>());
}
