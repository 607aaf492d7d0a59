// Real on x86-64-v4: sixteen paths in an AVX-512 register.
#pragma once
#include <immintrin.h>

#define FN static inline __attribute__((always_inline))
#define POWDERKEG_UNROLL

constexpr int LANES = 16;

struct Real {
    __m512 v;
    Real() = default;
    Real(float a) : v(_mm512_set1_ps(a)) {}
    explicit Real(__m512 a) : v(a) {}
};
struct Int {
    __m512i v;
    Int() = default;
    Int(int a) : v(_mm512_set1_epi32(a)) {}
    explicit Int(__m512i a) : v(a) {}
};
struct Mask {
    __mmask16 v;
};

FN Real operator+(Real a, Real b) { return Real(_mm512_add_ps(a.v, b.v)); }
FN Real operator-(Real a, Real b) { return Real(_mm512_sub_ps(a.v, b.v)); }
FN Real operator*(Real a, Real b) { return Real(_mm512_mul_ps(a.v, b.v)); }
FN Real operator/(Real a, Real b) { return Real(_mm512_div_ps(a.v, b.v)); }
FN Real operator-(Real a) { return Real(_mm512_xor_ps(a.v, _mm512_set1_ps(-0.0f))); }
FN Mask operator<(Real a, Real b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ)}; }
FN Mask operator>(Real a, Real b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_GT_OQ)}; }
FN Mask operator<=(Real a, Real b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LE_OQ)}; }
FN Mask operator>=(Real a, Real b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_GE_OQ)}; }
FN Mask operator&&(Mask a, Mask b) { return {__mmask16(a.v & b.v)}; }
FN Mask operator||(Mask a, Mask b) { return {__mmask16(a.v | b.v)}; }
FN Mask operator!(Mask a) { return {__mmask16(~a.v)}; }
FN bool any(Mask a) { return a.v != 0; }
FN Real select(Mask m, Real a, Real b) { return Real(_mm512_mask_blend_ps(m.v, b.v, a.v)); }
FN Int select(Mask m, Int a, Int b) { return Int(_mm512_mask_blend_epi32(m.v, b.v, a.v)); }
FN Real fused(Real a, Real b, Real c) { return Real(_mm512_fmadd_ps(a.v, b.v, c.v)); }
FN Real square_root(Real a) { return Real(_mm512_sqrt_ps(a.v)); }
FN Real round_even(Real a) {
    return Real(_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
FN Real absolute(Real a) { return Real(_mm512_abs_ps(a.v)); }

FN Real to_real(Int a) { return Real(_mm512_cvtepi32_ps(a.v)); }
FN Int to_int(Real a) { return Int(_mm512_cvttps_epi32(a.v)); }
FN Int bits(Real a) { return Int(_mm512_castps_si512(a.v)); }
FN Real from_bits(Int a) { return Real(_mm512_castsi512_ps(a.v)); }
FN Int shift_left(Int a, int n) { return Int(_mm512_slli_epi32(a.v, unsigned(n))); }
FN Int shift_right(Int a, int n) { return Int(_mm512_srli_epi32(a.v, unsigned(n))); }
FN Int shift_sign(Int a, int n) { return Int(_mm512_srai_epi32(a.v, unsigned(n))); }
FN Int add(Int a, Int b) { return Int(_mm512_add_epi32(a.v, b.v)); }
FN Int subtract(Int a, Int b) { return Int(_mm512_sub_epi32(a.v, b.v)); }
FN Int minimum(Int a, Int b) { return Int(_mm512_min_epi32(a.v, b.v)); }
FN Int maximum(Int a, Int b) { return Int(_mm512_max_epi32(a.v, b.v)); }
FN Int operator^(Int a, Int b) { return Int(_mm512_xor_si512(a.v, b.v)); }
FN Int operator&(Int a, Int b) { return Int(_mm512_and_si512(a.v, b.v)); }
FN Int operator|(Int a, Int b) { return Int(_mm512_or_si512(a.v, b.v)); }
FN Mask is_zero(Int a) { return {_mm512_testn_epi32_mask(a.v, a.v)}; }
FN void multiply(Int a, unsigned b, Int& high, Int& low) {
    const __m512i m = _mm512_set1_epi64(b);
    const __m512i even = _mm512_mul_epu32(a.v, m);
    const __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64(a.v, 32), m);
    high = Int(_mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 32), odd));
    low = Int(_mm512_mask_blend_epi32(0xAAAA, even, _mm512_slli_epi64(odd, 32)));
}
FN Real gather(const float* table, Int index) {
    return Real(_mm512_i32gather_ps(index.v, table, 4));
}
FN Real load(const float* from) { return Real(_mm512_loadu_ps(from)); }
FN Int load(const int* from) { return Int(_mm512_loadu_si512(from)); }
FN void store(float* to, Real a) { _mm512_storeu_ps(to, a.v); }
FN void store(int* to, Int a) { _mm512_storeu_si512(to, a.v); }
