// Random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011) and Box-Muller (docs/model.md, 2).
// A number depends on seed, stream, domain, path and draw alone: any path can be run by itself.
#pragma once
#include "mathematics.h"

enum : int {
    DOMAIN_INTRADAY = 0,
    DOMAIN_OVERNIGHT = 1,
    DOMAIN_RESTRICTION = 2,
    DOMAIN_MIXING = 3,
    DOMAIN_JUMPS = 4,
    DOMAIN_EVENTS = 5,
};

struct PathId {
    Int low, high;
};

FN void philox(Int c[4], unsigned key0, unsigned key1) {
    POWDERKEG_UNROLL
    for (int round = 0; round < 10; ++round) {
        Int high0, low0, high1, low1;
        multiply(c[0], 0xD2511F53u, high0, low0);
        multiply(c[2], 0xCD9E8D57u, high1, low1);
        c[0] = high1 ^ c[1] ^ Int(int(key0));
        c[1] = low1;
        c[2] = high0 ^ c[3] ^ Int(int(key1));
        c[3] = low0;
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
}

FN void random_words(unsigned long long seed, unsigned stream, int domain, PathId path, int block,
                     Int words[4]) {
    words[0] = Int(block);
    words[1] = Int(int(stream));
    words[2] = path.low;
    words[3] = path.high | Int(domain << 24);
    philox(words, unsigned(seed), unsigned(seed >> 32));
}

// (0, 1], never 0
FN Real uniform(Int word) {
    return (to_real(shift_right(word, 1)) + Real(0.5f)) * Real(4.656612873e-10f);
}

FN void box_muller(Int a, Int b, Real& first, Real& second) {
    const Real radius = square_root(Real(-2.0f) * logarithm(uniform(a)));
    Real sine, cosine;
    sine_cosine(b, sine, cosine);
    first = radius * cosine;
    second = radius * sine;
}

// Four consecutive normals of one stream, made when the first is asked for.
struct Normals {
    Real z[4];
};

FN Real pick(const Normals& n, int j) {
    return j == 0 ? n.z[0] : j == 1 ? n.z[1] : j == 2 ? n.z[2] : n.z[3];
}

FN void refill(Normals& n, unsigned long long seed, unsigned stream, int domain, PathId path,
               int block) {
    Int words[4];
    random_words(seed, stream, domain, path, block, words);
    box_muller(words[0], words[1], n.z[0], n.z[1]);
    box_muller(words[2], words[3], n.z[2], n.z[3]);
}

// The normal of a step: draws `first` .. `first + count - 1`, summed and scaled to variance 1.
FN Real step_normal(Normals& n, unsigned long long seed, unsigned stream, PathId path, int first,
                    int count) {
    if (count == 1) {
        if ((first & 3) == 0) refill(n, seed, stream, DOMAIN_INTRADAY, path, first >> 2);
        return pick(n, first & 3);
    }
    Real sum = Real(0.0f);
    for (int draw = first; draw < first + count; ++draw) {
        if ((draw & 3) == 0) refill(n, seed, stream, DOMAIN_INTRADAY, path, draw >> 2);
        sum = sum + pick(n, draw & 3);
    }
    return sum / square_root(Real(float(count)));
}

// The normal of a day in a domain with one draw a day.
FN Real day_normal(unsigned long long seed, unsigned stream, int domain, PathId path, int day) {
    Normals n;
    refill(n, seed, stream, domain, path, day >> 2);
    return pick(n, day & 3);
}
