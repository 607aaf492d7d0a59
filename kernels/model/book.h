// The book: equity positions, borrow fees, margin-call flag (docs/model.md, 11).
#pragma once
#include "state.h"

// What one name adds to the book's P&L and margin requirement, in units of equity.
FN Real position_pnl(const State& s, const Name& p) {
    return fused(Real(p.book_weight), s.price - Real(1.0f), -s.borrow_paid);
}

// `added` is the margin of events, in the same unit as book_margin.
FN Real position_margin(const State& s, const Name& p, Real added) {
    return (Real(p.book_margin) + added) * s.price;
}

FN void pay_borrow_fee(State& s, const Name& p, float dt) {
    const float borrowed = p.book_weight < 0.0f ? -p.book_weight : 0.0f;
    s.borrow_paid = fused(Real(borrowed * dt / 252.0f) * s.price, s.fee, s.borrow_paid);
}

constexpr float NEVER = 1e30f;

// Running results of a path; days are NEVER until they happen.
struct BookPath {
    Real pnl, worst, call_day, call_day_close;
};

FN void check_book(BookPath& b, Real pnl, Real margin, float time, bool close) {
    b.pnl = pnl;
    b.worst = minimum(b.worst, pnl);
    const Mask called = Real(1.0f) + pnl - margin < Real(0.0f);
    b.call_day = select(called, minimum(b.call_day, Real(time)), b.call_day);
    if (close)
        b.call_day_close =
            select(called, minimum(b.call_day_close, Real(time)), b.call_day_close);
}

FN Real day_or_nan(Real day) {
    return select(day < Real(NEVER), day, from_bits(Int(0x7fc00000)));
}
