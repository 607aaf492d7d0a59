// Real: one number per path. A float on the GPU, a SIMD vector of paths on the CPU.
// Every back end of this file gives the same bits: IEEE add, multiply, divide, square root and
// explicit fused multiply-add only, denormals flushed to zero.
#pragma once

#if defined(__CUDACC__)
#include "real_cuda.h"
#elif defined(__AVX512F__) && defined(__AVX512DQ__) && !defined(POWDERKEG_PORTABLE)
#include "real_avx512.h"
#elif defined(__AVX2__) && defined(__FMA__) && !defined(POWDERKEG_PORTABLE)
#include "real_avx2.h"
#else
#include "real_portable.h"
#endif

FN Real minimum(Real a, Real b) { return select(a < b, a, b); }
FN Real maximum(Real a, Real b) { return select(a > b, a, b); }
FN Real positive(Real a) { return maximum(a, Real(0.0f)); }
FN Real clip(Real a, Real low, Real high) { return minimum(maximum(a, low), high); }
FN Real one_if(Mask m) { return select(m, Real(1.0f), Real(0.0f)); }
