// Real on the GPU: one path per tile of lanes, plain floats in registers.
#pragma once

#define FN static __device__ __forceinline__
#define FN_MEMBER __device__ __forceinline__
#define POWDERKEG_UNROLL _Pragma("unroll")

typedef float Real;
typedef int Int;  // wraps like the SIMD lanes: products and sums go through unsigned
typedef bool Mask;
constexpr int LANES = 1;

FN bool any(Mask a) { return a; }
FN Real select(Mask m, Real a, Real b) { return m ? a : b; }
FN Int select(Mask m, Int a, Int b) { return m ? a : b; }
FN Real fused(Real a, Real b, Real c) { return __fmaf_rn(a, b, c); }
FN Real square_root(Real a) { return __fsqrt_rn(a); }
FN Real round_even(Real a) { return rintf(a); }
FN Real absolute(Real a) { return fabsf(a); }

FN Real to_real(Int a) { return __int2float_rn(a); }
FN Int to_int(Real a) { return __float2int_rz(a); }
FN Int bits(Real a) { return __float_as_int(a); }
FN Real from_bits(Int a) { return __int_as_float(a); }
FN Int shift_left(Int a, int n) { return int(unsigned(a) << n); }
FN Int shift_right(Int a, int n) { return int(unsigned(a) >> n); }
FN Int shift_sign(Int a, int n) { return a >> n; }
FN Int add(Int a, Int b) { return int(unsigned(a) + unsigned(b)); }
FN Int subtract(Int a, Int b) { return int(unsigned(a) - unsigned(b)); }
FN Int minimum(Int a, Int b) { return a < b ? a : b; }
FN Int maximum(Int a, Int b) { return a > b ? a : b; }
FN Mask is_zero(Int a) { return a == 0; }
FN void multiply(Int a, unsigned b, Int& high, Int& low) {
    high = int(__umulhi(unsigned(a), b));
    low = int(unsigned(a) * b);
}
FN Real gather(const float* table, Int index) { return __ldg(table + index); }
