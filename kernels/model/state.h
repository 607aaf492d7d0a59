// The state of one name on one path; holdings in floats, see docs/model.md.
#pragma once
#include "philox.h"
#include "uses.h"

// By the names of traces and of the reference: kernels/holders says what each is. `fund` holds what
// fund_1, fund_2, ... of a trace do; the last three are drawn overnight for the day: variance, the
// step of the jump (or -1), its size.
struct State {
#define MEMBER(field) Real field;
    STATE_FIELDS(MEMBER)
#undef MEMBER
    Real fund[FUND_SLOTS];
    Real variance, jump_step, jump;
};

// The mean of what a holding, now `held`, has cost, after `added` of it came at `at`.
FN Real averaged(Real mean, Real at, Real added, Real held) {
    return fused(added / (held + Real(1e-12f)), at - mean, mean);
}

// Fills are whole lots of 2^-22 float, so holdings stay exact and the ledger balances to the bit.
FN Real lots(Real shares) {
    return round_even(shares * Real(LOTS_PER_FLOAT)) * Real(1.0f / LOTS_PER_FLOAT);
}
