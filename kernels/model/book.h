// The book: what it is worth, what margin it needs, what it pays (docs/model.md, 11).
#pragma once
#include "borrow.h"

// Part of the starting position that is left; 1 to the bit until the book trades.
FN Real part_held(const State& s, const Name& p) {
    return positive(fused(Real(p.book0) - s.book, Real(-p.book_inverse), Real(1.0f)));
}

// What one name adds to the book's P&L, in units of equity.
FN Real position_pnl(const State& s, const Name& p) {
    const Real gain = fused(part_held(s, p), s.price, Real(-1.0f));
    return fused(Real(p.book_weight), gain, -(s.borrow_paid + s.spent));
}

// The same of its prices alone, had every trade been done at the price that it saw.
FN Real price_pnl(const State& s, const Name& p) {
    const Real gain = fused(part_held(s, p), s.price, Real(-1.0f));
    return fused(Real(p.book_weight), gain, s.slippage - s.spent);
}

// Margin rate x |a|: the base, house add-ons for what is large or dear to borrow, and `added`, the
// margin of events.
FN Real margin_rate(const State& s, const Name& p, Real added, int funds) {
    Real rate = Real(p.book_margin);
    if (p.margin_max > 0.0f) {
        const Real size = absolute(s.book);
        Real interest = s.cohort + s.new_shorts + positive(-s.book) + Real(1e-12f);
        POWDERKEG_UNROLL
        for (int f = 0; f < funds; ++f) interest = interest + positive(-s.fund[f]);
        const float zero = 0.0f;
        if (p.margin_float > zero)
            rate = fused(Real(p.margin_float), positive(size - Real(p.margin_float_from)), rate);
        if (p.margin_volume > zero)
            rate = fused(Real(p.margin_volume),
                         positive(size * Real(1.0f / p.adv) - Real(p.margin_volume_from)), rate);
        if (p.margin_interest > zero)
            rate = fused(Real(p.margin_interest),
                         positive(positive(-s.book) / interest - Real(p.margin_interest_from)),
                         rate);
        if (p.margin_fee > zero && p.book0 < zero)
            rate = fused(Real(p.margin_fee),
                         positive(new_loan_fee(s, p) - Real(p.margin_fee_from)), rate);
        rate = minimum(rate, Real(p.margin_max));
    }
    return rate + added;
}

// Margin requirement of one name, in units of equity. Low prices: FINRA rule 4210(c), at least 5 a
// share, below that the whole price or half of 5.
FN Real position_margin(const State& s, const Name& p, Real added, int funds) {
    const Real rate = margin_rate(s, p, added, funds), held = part_held(s, p);
    if (!(p.margin_five > 0.0f)) return rate * (held * s.price);
    const Real five = Real(p.margin_five), whole = absolute(Real(p.book_weight));
    const Real high = maximum(rate * s.price, whole * five);
    const Real low = maximum(rate * s.price, whole * maximum(s.price, Real(0.5f) * five));
    return held * select(s.price < five, low, high);
}

FN void pay_borrow_fee(State& s, const Name& p, float dt) {
    const float borrowed = p.book_weight < 0.0f ? -p.book_weight : 0.0f;
    const Real owed = Real(borrowed * dt / 252.0f) * part_held(s, p);
    s.borrow_paid = fused(owed * s.price, s.fee_existing, s.borrow_paid);
}

// After a step's fills: money spent and slippage against the price seen, of net buying `bought`.
FN void settle_trade(State& s, const Name& p, Real bought, Real fill_price, Real seen) {
    const Real value = Real(p.book_value) * bought;
    s.spent = fused(value, fill_price, s.spent);
    s.slippage = fused(value, fill_price - seen, s.slippage);
}

constexpr float NEVER = 1e30f;

// What P&L is made of: price + derivatives - borrow - financing - slippage.
struct Parts {
    Real price, derivatives, borrow, financing, slippage;
};

// Running results of a path; days and steps are NEVER until they happen. `relief` is the requirement that the
// book must shed now, `cut` the part of every position that it gives up by itself, `age` the steps
// since a margin call that stands, or -1.
struct BookPath {
    Real pnl, worst, worst_close, call_day, call_day_close, largest_call, forced_day, financing;
    Real age, relief, cut, excess, worst_step, call_step, ruin_step;
    Parts parts;  // where its loss is taken
};

FN BookPath book_at_start() {
    const Real zero = Real(0.0f), never = Real(NEVER);
    return {zero,        zero, zero, never, never, zero,  never, zero,
            Real(-1.0f), zero, zero, zero,  zero,  never, never, {zero, zero, zero, zero, zero}};
}

// Sums over all names after a step.
struct Sums {
    Real pnl, margin, gross, longs;
};

// Whether the path's loss is taken after this step, as far as is known yet.
FN Mask is_moment(const BookPath& b, const Run& run, const Step& step) {
    const bool close = step.kind & STEP_CLOSE;
    const Real zero = Real(0.0f);
    if (run.moment == MOMENT_WORST) return b.pnl < b.worst;
    if (run.moment == MOMENT_WORST_CLOSE && close) return b.pnl < b.worst_close;
    return close && run.moment == step.day + 1 ? zero >= zero : zero > zero;
}

// After row `row` of the schedule. Returns whose loss is taken here.
FN Mask check_book(BookPath& b, const Run& run, const Sums& sums, const Step& step, int row) {
    const bool close = step.kind & STEP_CLOSE, overnight = step.kind & STEP_OVERNIGHT;
    const Real zero = Real(0.0f), one = Real(1.0f), time = Real(step.time);
    if (run.financing_dt > 0.0f && !overnight) {
        const Real debit = positive(sums.longs - (one + (sums.pnl - b.financing)));
        b.financing = fused(Real(run.financing_dt), debit, b.financing);
    }
    b.pnl = sums.pnl - b.financing;
    const Mask taken = is_moment(b, run, step);
    const Real here = Real(float(row + 1));
    b.worst_step = select(b.pnl < b.worst, here, b.worst_step);
    b.worst = minimum(b.worst, b.pnl);
    b.ruin_step = select(Real(-1.0f) >= b.pnl, minimum(b.ruin_step, here), b.ruin_step);
    const Real equity = one + b.pnl, short_of = sums.margin - equity;
    const Mask called = short_of > zero;
    b.largest_call = maximum(b.largest_call, short_of);
    b.excess = zero - short_of;
    b.call_step = select(called, minimum(b.call_step, here), b.call_step);
    b.call_day = select(called, minimum(b.call_day, time), b.call_day);
    if (close) {
        b.worst_close = minimum(b.worst_close, b.pnl);
        b.call_day_close = select(called, minimum(b.call_day_close, time), b.call_day_close);
    }
    if (run.policy & POLICY_MARGIN) {
        // a call stands until the cushion is there as well
        const Real need = positive(fused(Real(run.cushion), sums.margin, short_of));
        const Mask stands = called || (b.age >= zero && need > zero);
        const Real older = overnight ? b.age : b.age + Real(1.0f);
        b.age = select(stands, select(b.age < zero, zero, older), Real(-1.0f));
        const Mask due = b.age >= Real(run.grace_steps);
        // what is shed lowers the cushion as well
        b.relief = select(due, need * Real(1.0f / (1.0f + run.cushion)), zero);
    }
    if (run.policy & POLICY_DELEVERAGE) {
        const Real most = Real(run.leverage) * positive(equity);
        b.cut = positive(one - most / maximum(sums.gross, Real(1e-12f)));
    }
    return taken;
}

FN Real day_or_nan(Real day) {
    return select(day < Real(NEVER), day, from_bits(Int(0x7fc00000)));
}

// The record of a path, a number a path for each of its fields.
struct PathRecord {
#define MEMBER(field) Real field;
    PATH_FIELDS(MEMBER)
#undef MEMBER
};

FN void record_book(const BookPath& b, PathRecord& kept) {
    kept.worst_pnl = b.worst;
    kept.margin_call_day = day_or_nan(b.call_day);
    kept.margin_call_day_close = day_or_nan(b.call_day_close);
    kept.worst_close_pnl = b.worst_close;
    kept.largest_call = b.largest_call;
    kept.forced_day = day_or_nan(b.forced_day);
    kept.price_pnl = b.parts.price;
    kept.derivative_pnl = b.parts.derivatives;
    kept.borrow_cost = b.parts.borrow;
    kept.financing_cost = b.parts.financing;
    kept.slippage = b.parts.slippage;
    kept.worst_step = b.worst_step;
    kept.call_step = day_or_nan(b.call_step);
    kept.ruin_step = day_or_nan(b.ruin_step);
}
