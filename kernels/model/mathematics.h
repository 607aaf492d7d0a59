// exp, log, normal distribution, sine and cosine as fixed polynomials with explicit fma: the same
// bits on every machine, within about 2 units in the last place (normal_cdf: 1.5e-7 absolute).
#pragma once
#include "real.h"

// e^x = scale (1 + rest): rest keeps its relative accuracy near x = 0.
FN void exp_parts(Real x, Real& scale, Real& rest) {
    const Real n = round_even(x * Real(1.44269504f));
    const Real r = fused(n, Real(-1.42860677e-6f), fused(n, Real(-0.693145752f), x));
    Real p = Real(1.98756911e-4f);
    p = fused(p, r, Real(1.39819994e-3f));
    p = fused(p, r, Real(8.33345186e-3f));
    p = fused(p, r, Real(4.16657962e-2f));
    p = fused(p, r, Real(1.66666657e-1f));
    p = fused(p, r, Real(0.5f));
    rest = fused(p, r * r, r);
    scale = from_bits(shift_left(add(to_int(n), Int(127)), 23));
}

// A NaN stays a NaN: a price must not look like 0 when something broke.
FN Real within_exp(Real x) {
    return minimum(Real(88.0f), maximum(Real(-87.0f), x));
}

FN Real exponential(Real x) {
    Real scale, rest;
    exp_parts(within_exp(x), scale, rest);
    return fused(scale, rest, scale);
}

// e^x - 1
FN Real exponential_minus_1(Real x) {
    Real scale, rest;
    exp_parts(within_exp(x), scale, rest);
    return fused(scale, rest, scale - Real(1.0f));
}

// 1 - e^-z, the share of a step's rate z that happens
FN Real happened(Real z) { return -exponential_minus_1(-z); }

// (e^z - 1) / z
FN Real growth(Real z) {
    const Mask small = absolute(z) < Real(1e-3f);
    return select(small, fused(z, Real(0.5f), Real(1.0f)),
                  exponential_minus_1(z) / select(small, Real(1.0f), z));
}

// ln x for x > 0, after Cephes logf: mantissa in [sqrt(1/2), sqrt 2).
FN Real logarithm(Real x) {
    const Int offset = subtract(bits(x), Int(0x3f3504f3));
    const Int exponent = shift_sign(offset, 23);
    const Real e = to_real(exponent);
    const Real f = from_bits(subtract(bits(x), shift_left(exponent, 23))) - Real(1.0f);
    Real p = Real(7.0376836292e-2f);
    p = fused(p, f, Real(-1.1514610310e-1f));
    p = fused(p, f, Real(1.1676998740e-1f));
    p = fused(p, f, Real(-1.2420140846e-1f));
    p = fused(p, f, Real(1.4249322787e-1f));
    p = fused(p, f, Real(-1.6668057665e-1f));
    p = fused(p, f, Real(2.0000714765e-1f));
    p = fused(p, f, Real(-2.4999993993e-1f));
    p = fused(p, f, Real(3.3333331174e-1f));
    const Real z = f * f;
    Real y = p * f * z;
    y = fused(e, Real(-2.12194440e-4f), y);
    y = fused(Real(-0.5f), z, y);
    return fused(e, Real(0.693359375f), y + f);
}

// Mills ratio N(-a)/n(a) of a >= 0, Abramowitz & Stegun 26.2.17 (7.5e-8 of N).
FN Real mills_ratio(Real a) {
    const Real t = Real(1.0f) / fused(a, Real(0.2316419f), Real(1.0f));
    Real p = Real(1.330274429f);
    p = fused(p, t, Real(-1.821255978f));
    p = fused(p, t, Real(1.781477937f));
    p = fused(p, t, Real(-0.356563782f));
    p = fused(p, t, Real(0.319381530f));
    return p * t;
}

FN Real normal_density(Real x) {
    return Real(0.398942280f) * exponential(Real(-0.5f) * x * x);
}

// Normal distribution function and density.
FN Real normal_cdf(Real x, Real& density) {
    density = normal_density(x);
    const Real tail = density * mills_ratio(absolute(x));
    return select(x > Real(0.0f), Real(1.0f) - tail, tail);
}

FN Real normal_cdf(Real x) {
    Real density;
    return normal_cdf(x, density);
}

// Sine and cosine of 2 pi b / 2^32, after Cephes on [-pi/4, pi/4].
FN void sine_cosine(Int b, Real& sine, Real& cosine) {
    const Int quarter = shift_right(add(b, Int(1 << 29)), 30);
    const Real r = to_real(subtract(b, shift_left(quarter, 30))) * Real(1.46291808e-9f);
    const Real z = r * r;
    Real s = Real(-1.9515295891e-4f);
    s = fused(s, z, Real(8.3321608736e-3f));
    s = fused(s, z, Real(-1.6666654611e-1f));
    s = fused(s, z * r, r);
    Real c = Real(2.443315711809948e-5f);
    c = fused(c, z, Real(-1.388731625493765e-3f));
    c = fused(c, z, Real(4.166664568298827e-2f));
    c = fused(c, z * z, fused(Real(-0.5f), z, Real(1.0f)));
    const Mask even = is_zero(quarter & Int(1));
    const Int sine_sign = shift_left(quarter & Int(2), 30);
    const Int cosine_sign = shift_left(add(quarter, Int(1)) & Int(2), 30);
    sine = from_bits(bits(select(even, s, c)) ^ sine_sign);
    cosine = from_bits(bits(select(even, c, s)) ^ cosine_sign);
}
