// Real anywhere: one path at a time in plain C++. Slow without hardware fma, right everywhere.
#pragma once
#include <cmath>
#include <cstring>

#define FN static inline
#define POWDERKEG_UNROLL

constexpr int LANES = 1;

struct Real {
    float v;
    Real() = default;
    Real(float a) : v(a) {}
};
struct Int {
    int v;
    Int() = default;
    Int(int a) : v(a) {}
};
struct Mask {
    bool v;
};

FN Real operator+(Real a, Real b) { return a.v + b.v; }
FN Real operator-(Real a, Real b) { return a.v - b.v; }
FN Real operator*(Real a, Real b) { return a.v * b.v; }
FN Real operator/(Real a, Real b) { return a.v / b.v; }
FN Real operator-(Real a) { return -a.v; }
FN Mask operator<(Real a, Real b) { return {a.v < b.v}; }
FN Mask operator>(Real a, Real b) { return {a.v > b.v}; }
FN Mask operator<=(Real a, Real b) { return {a.v <= b.v}; }
FN Mask operator>=(Real a, Real b) { return {a.v >= b.v}; }
FN Mask operator&&(Mask a, Mask b) { return {a.v && b.v}; }
FN Mask operator||(Mask a, Mask b) { return {a.v || b.v}; }
FN Mask operator!(Mask a) { return {!a.v}; }
FN bool any(Mask a) { return a.v; }
FN Real select(Mask m, Real a, Real b) { return m.v ? a : b; }
FN Int select(Mask m, Int a, Int b) { return m.v ? a : b; }
FN Real fused(Real a, Real b, Real c) { return std::fma(a.v, b.v, c.v); }
FN Real square_root(Real a) { return std::sqrt(a.v); }
FN Real round_even(Real a) { return std::nearbyint(a.v); }
FN Real absolute(Real a) { return std::fabs(a.v); }

FN Real to_real(Int a) { return float(a.v); }
FN Int to_int(Real a) { return int(a.v); }
FN Int bits(Real a) {
    int b;
    std::memcpy(&b, &a.v, 4);
    return b;
}
FN Real from_bits(Int a) {
    float b;
    std::memcpy(&b, &a.v, 4);
    return b;
}
FN Int shift_left(Int a, int n) { return int(unsigned(a.v) << n); }
FN Int shift_right(Int a, int n) { return int(unsigned(a.v) >> n); }
FN Int shift_sign(Int a, int n) { return a.v >> n; }
FN Int add(Int a, Int b) { return int(unsigned(a.v) + unsigned(b.v)); }
FN Int subtract(Int a, Int b) { return int(unsigned(a.v) - unsigned(b.v)); }
FN Int minimum(Int a, Int b) { return a.v < b.v ? a : b; }
FN Int maximum(Int a, Int b) { return a.v > b.v ? a : b; }
FN Int operator^(Int a, Int b) { return a.v ^ b.v; }
FN Int operator&(Int a, Int b) { return a.v & b.v; }
FN Int operator|(Int a, Int b) { return a.v | b.v; }
FN Mask is_zero(Int a) { return {a.v == 0}; }
FN void multiply(Int a, unsigned b, Int& high, Int& low) {
    const unsigned long long product = (unsigned long long)unsigned(a.v) * b;
    high = int(unsigned(product >> 32));
    low = int(unsigned(product));
}
FN Real gather(const float* table, Int index) { return table[index.v]; }
FN Real load(const float* from) { return *from; }
FN Int load(const int* from) { return *from; }
FN void store(float* to, Real a) { *to = a.v; }
FN void store(int* to, Int a) { *to = a.v; }
