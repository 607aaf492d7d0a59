// Options and futures of the book: marks under the path's implied volatility, cash at expiry, margin
// (docs/model.md, 11).
#pragma once
#include "black_scholes.h"
#include "book.h"

constexpr int MARGIN_MOVES = 10;

// Relative to P(0), with the name's price at `price` = e^x; `root_tau` in sqrt(years).
FN Real derivative_price(const Derivative& d, Real price, Real x, Real vol, Real root_tau) {
    if (d.kind == DERIVATIVE_FUTURE) return price - Real(d.strike);
    const Real sd = vol * Real(d.vol_ratio) * root_tau;
    return option_price(price, Real(d.strike), x - Real(d.log_strike), sd,
                        d.kind == DERIVATIVE_CALL);
}

FN Real intrinsic_value(const Derivative& d, Real price) {
    const Real gain = price - Real(d.strike);
    if (d.kind == DERIVATIVE_FUTURE) return gain;
    return positive(d.kind == DERIVATIVE_CALL ? gain : -gain);
}

FN Real root_years_left(const Derivative& d, float time) {
    return square_root(positive(Real(d.expiry_time) - Real(time)) * Real(1.0f / 252.0f));
}

// Margin of one position by itself: the whole value of a long option; of a short one its value and
// a part of the underlying, less what it is out of the money, at least a smaller part (FINRA rule
// 4210(f)(2)); of a future a part of the underlying.
FN Real derivative_margin(const Derivative& d, Real price, Real value) {
    const Real size = absolute(Real(d.units)), part = Real(d.margin_rate) * price;
    if (d.kind == DERIVATIVE_FUTURE) return size * part;
    if (d.units > 0.0f) return value;
    const bool call = d.kind == DERIVATIVE_CALL;
    const Real strike = Real(d.strike);
    const Real out_of_money = positive(call ? strike - price : price - strike);
    const Real least = Real(d.margin_least) * (call ? price : strike);
    return size * maximum(part - out_of_money, least) - value;
}

// After a step: what is open is marked, what expires is settled.
FN void mark_derivatives(State& s, const Name& p, const Derivative* all, int row, float time) {
    Real value = Real(0.0f), margin = Real(0.0f);
    for (int i = p.first_derivative; i < p.first_derivative + p.derivatives; ++i) {
        const Derivative& d = all[i];
        if (row > d.expiry_row) continue;
        if (row == d.expiry_row) {
            s.settled = fused(Real(d.units), intrinsic_value(d, s.price), s.settled);
            continue;
        }
        const Real root_tau = root_years_left(d, time);
        const Real each =
            Real(d.units) * derivative_price(d, s.price, s.log_price, s.implied_vol, root_tau);
        value = value + each;
        margin = margin + derivative_margin(d, s.price, each);
    }
    s.marks = value;
    s.derivative_margin = margin;
}

FN Real derivative_pnl(const State& s, const Name& p) {
    return s.marks + s.settled - Real(p.derivatives0);
}

// The worst of ten moves of the price, shares and derivatives together, at the volatility that
// stands (FINRA rule 4210(g)); at least the minimum of the contracts.
FN Real netted_margin(const State& s, const Name& p, const Derivative* all, int row, float time) {
    const float moves[MARGIN_MOVES] = {-.15f, -.12f, -.09f, -.06f, -.03f,
                                       .03f,  .06f,  .09f,  .12f,  .15f};
    const float logs[MARGIN_MOVES] = {-.162518929f, -.127833372f, -.0943106795f, -.0618754037f,
                                      -.0304592075f, .0295588022f, .0582689081f, .0861776962f,
                                      .113328685f,  .139761942f};
    const Real shares = Real(p.book_weight) * part_held(s, p) * s.price;
    Real worst = Real(0.0f), least = Real(0.0f);
    for (int i = p.first_derivative; i < p.first_derivative + p.derivatives; ++i)
        if (row < all[i].expiry_row) least = least + Real(all[i].margin_minimum);
    for (int j = 0; j < MARGIN_MOVES; ++j) {
        Real value = Real(0.0f);
        for (int i = p.first_derivative; i < p.first_derivative + p.derivatives; ++i) {
            const Derivative& d = all[i];
            if (row >= d.expiry_row) continue;
            const Real price = s.price * Real(1.0f + moves[j]), x = s.log_price + Real(logs[j]);
            value = fused(Real(d.units),
                          derivative_price(d, price, x, s.implied_vol, root_years_left(d, time)),
                          value);
        }
        worst = maximum(worst, (s.marks - value) - shares * Real(moves[j]));
    }
    return maximum(worst, least);
}

// Requirement of a name: shares, options and futures. Where margin is netted, what events add to
// the rate counts for the shares.
FN Real name_margin(const State& s, const Name& p, const Run& run, const Derivative* all, int row,
                    float time, Real added, int funds) {
    if (p.derivatives == 0 || !run.netted_margin)
        return position_margin(s, p, added, funds) + s.derivative_margin;
    return netted_margin(s, p, all, row, time) + added * (part_held(s, p) * s.price);
}

// What buying in the shares can shed of a name's requirement.
FN Real margin_of_shares(const State& s, const Run& run, Real margin) {
    return run.netted_margin ? margin : margin - s.derivative_margin;
}
