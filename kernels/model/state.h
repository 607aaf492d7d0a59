// The state of one name on one path; holdings in floats, see docs/model.md.
#pragma once
#include "random.h"
#include "records.h"

struct State {
    // price
    Real x, price, anchor, transient, x_max, x_close;  // price = e^x
    // who holds what
    Real elastic, crowd, hedge, cohort, new_shorts;
    // the crowd
    Real attention, removed, x_slow, calls, call_strike;
    // what follows the price
    Real vol, realised_vol, fee, utilisation, fee_paid, entry_price, clock;
    // what is kept
    Real floor, fails, borrow_paid;
};

// Orders of a step in floats, all positive: who buys, who sells.
struct Orders {
    Real crowd_buy, crowd_sell, cohort_buy, new_short_buy, new_short_sell;
};

// Fills are whole lots of 2^-22 float, so holdings stay exact and the ledger balances to the bit.
FN Real lots(Real shares) {
    return round_even(shares * Real(LOTS_PER_FLOAT)) * Real(1.0f / LOTS_PER_FLOAT);
}

FN Mask restricted(const State& s, const Name& p) {
    return s.clock <= Real(0.0f) && s.clock > Real(-p.restriction_duration);
}
