// The state of one name on one path; holdings in floats, see docs/model.md.
#pragma once
#include "random.h"
#include "uses.h"

struct State {
    // price
    Real x, price, anchor, transient, x_max, x_close;  // price = e^x
    // who holds what
    Real elastic, crowd, hedge, cohort, new_shorts;
    Real locked, levered, programme, leader, issued, fund[FUND_SLOTS];
    // the crowd
    Real attention, removed, x_slow, calls, call_strike, monthly_calls, monthly_strike, waiting;
    // what follows the price; the fee is that of existing loans
    Real vol, realised_vol, fee, utilisation, fee_paid, entry_price, clock, drawdown, unsettled;
    // the book: its signed holding, money its trades cost, slippage of them, 1 once stopped out
    Real book, spent, slippage, stopped;
    // its options and futures: value of what is open, cash of what has expired, margin
    Real marks, settled, derivative_margin;
    // pauses: steps of rest, -1 when reopening; the price that bands are measured from
    Real rest, reference;
    // drawn overnight for the day: variance, the step of the jump (or -1), its size
    Real variance, jump_step, jump;
    // what is kept
    Real floor, fails, borrow_paid;
};

// Fills are whole lots of 2^-22 float, so holdings stay exact and the ledger balances to the bit.
FN Real lots(Real shares) {
    return round_even(shares * Real(LOTS_PER_FLOAT)) * Real(1.0f / LOTS_PER_FLOAT);
}
