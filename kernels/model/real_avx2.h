// Real on x86-64-v3: eight paths in an AVX2 register.
#pragma once
#include <immintrin.h>

#define FN static inline __attribute__((always_inline))
#define POWDERKEG_UNROLL

constexpr int LANES = 8;

struct Real {
    __m256 v;
    Real() = default;
    Real(float a) : v(_mm256_set1_ps(a)) {}
    explicit Real(__m256 a) : v(a) {}
};
struct Int {
    __m256i v;
    Int() = default;
    Int(int a) : v(_mm256_set1_epi32(a)) {}
    explicit Int(__m256i a) : v(a) {}
};
struct Mask {
    __m256 v;
};

FN Real operator+(Real a, Real b) { return Real(_mm256_add_ps(a.v, b.v)); }
FN Real operator-(Real a, Real b) { return Real(_mm256_sub_ps(a.v, b.v)); }
FN Real operator*(Real a, Real b) { return Real(_mm256_mul_ps(a.v, b.v)); }
FN Real operator/(Real a, Real b) { return Real(_mm256_div_ps(a.v, b.v)); }
FN Real operator-(Real a) { return Real(_mm256_xor_ps(a.v, _mm256_set1_ps(-0.0f))); }
FN Mask operator<(Real a, Real b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_LT_OQ)}; }
FN Mask operator>(Real a, Real b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_GT_OQ)}; }
FN Mask operator<=(Real a, Real b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_LE_OQ)}; }
FN Mask operator>=(Real a, Real b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_GE_OQ)}; }
FN Mask operator&&(Mask a, Mask b) { return {_mm256_and_ps(a.v, b.v)}; }
FN Mask operator||(Mask a, Mask b) { return {_mm256_or_ps(a.v, b.v)}; }
FN Mask operator!(Mask a) {
    return {_mm256_xor_ps(a.v, _mm256_castsi256_ps(_mm256_set1_epi32(-1)))};
}
FN bool any(Mask a) { return _mm256_movemask_ps(a.v) != 0; }
FN Real select(Mask m, Real a, Real b) { return Real(_mm256_blendv_ps(b.v, a.v, m.v)); }
FN Int select(Mask m, Int a, Int b) {
    return Int(_mm256_castps_si256(
        _mm256_blendv_ps(_mm256_castsi256_ps(b.v), _mm256_castsi256_ps(a.v), m.v)));
}
FN Real fused(Real a, Real b, Real c) { return Real(_mm256_fmadd_ps(a.v, b.v, c.v)); }
FN Real square_root(Real a) { return Real(_mm256_sqrt_ps(a.v)); }
FN Real round_even(Real a) {
    return Real(_mm256_round_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
FN Real absolute(Real a) { return Real(_mm256_andnot_ps(_mm256_set1_ps(-0.0f), a.v)); }

FN Real to_real(Int a) { return Real(_mm256_cvtepi32_ps(a.v)); }
FN Int to_int(Real a) { return Int(_mm256_cvttps_epi32(a.v)); }
FN Int bits(Real a) { return Int(_mm256_castps_si256(a.v)); }
FN Real from_bits(Int a) { return Real(_mm256_castsi256_ps(a.v)); }
FN Int shift_left(Int a, int n) { return Int(_mm256_slli_epi32(a.v, n)); }
FN Int shift_right(Int a, int n) { return Int(_mm256_srli_epi32(a.v, n)); }
FN Int shift_sign(Int a, int n) { return Int(_mm256_srai_epi32(a.v, n)); }
FN Int add(Int a, Int b) { return Int(_mm256_add_epi32(a.v, b.v)); }
FN Int subtract(Int a, Int b) { return Int(_mm256_sub_epi32(a.v, b.v)); }
FN Int minimum(Int a, Int b) { return Int(_mm256_min_epi32(a.v, b.v)); }
FN Int maximum(Int a, Int b) { return Int(_mm256_max_epi32(a.v, b.v)); }
FN Int operator^(Int a, Int b) { return Int(_mm256_xor_si256(a.v, b.v)); }
FN Int operator&(Int a, Int b) { return Int(_mm256_and_si256(a.v, b.v)); }
FN Int operator|(Int a, Int b) { return Int(_mm256_or_si256(a.v, b.v)); }
FN Mask is_zero(Int a) {
    return {_mm256_castsi256_ps(_mm256_cmpeq_epi32(a.v, _mm256_setzero_si256()))};
}
FN void multiply(Int a, unsigned b, Int& high, Int& low) {
    const __m256i m = _mm256_set1_epi64x(b);
    const __m256i even = _mm256_mul_epu32(a.v, m);
    const __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64(a.v, 32), m);
    high = Int(_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA));
    low = Int(_mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xAA));
}
FN Real gather(const float* table, Int index) {
    return Real(_mm256_i32gather_ps(table, index.v, 4));
}
FN Real load(const float* from) { return Real(_mm256_loadu_ps(from)); }
FN Int load(const int* from) { return Int(_mm256_loadu_si256((const __m256i*)from)); }
FN void store(float* to, Real a) { _mm256_storeu_ps(to, a.v); }
FN void store(int* to, Int a) { _mm256_storeu_si256((__m256i*)to, a.v); }
