// The book over all names of a path: what it must shed first, when it is forced to trade, and what
// its check needs (docs/model.md, 11).
#pragma once
#include "everyone.h"

// How much the names that come first can shed in this step, for every name.
template <class Tile>
FN void order_of_relief(const Tile& tile, const Launch& launch, const Now& now, const Real* margin,
                        Real* before) {
    Real relief[Tile::SLOTS], score[Tile::SLOTS];
    tile.clear(relief), tile.clear(score);
    POWDERKEG_UNROLL
    for (int k = 0; k < tile.held(); ++k) {
        if (!tile.real(k)) continue;
        const State& s = tile.states[k];
        const Name& p = launch.names[tile.slot(k)];
        const Mask halted = halted_now(s, now.channels, effects_at(launch, now, tile.slot(k)));
        const Real shares = margin_of_shares(s, now.run, margin[k]);
        relief[k] = relief_within_reach(s, p, now.run, shares, halted);
        score[k] = relief_per_impact(s, p, shares);
    }
    rank_positions(tile, now.run, relief, score, before);
}

// Whether some path of a warp or vector has a book that must trade in this step.
template <class Tile>
FN bool is_forced(const Tile& tile, const Now& now, const BookPath& book) {
    return (now.channels & CHANNEL_BOOK) && !(now.step.kind & STEP_OVERNIGHT) &&
           (now.run.policy & POLICY_MARGIN) && tile.any_path(book.relief > Real(0.0f));
}

// The first step in which a book that is forced to trade does.
template <class Tile>
FN void mark_forced(const Tile& tile, const Clearing* clearing, const Step& step, BookPath& book) {
    Real traded[Tile::SLOTS];
    tile.clear(traded);
    POWDERKEG_UNROLL
    for (int k = 0; k < tile.held(); ++k)
        if (tile.real(k)) traded[k] = absolute(clearing[k].book);
    const Real all = tile.sum(traded);  // before any &&: every lane of a warp takes part
    const Mask now = book.relief > Real(0.0f) && all > Real(0.0f);
    book.forced_day = select(now, minimum(book.forced_day, Real(step.time)), book.forced_day);
}

// What P&L is made of after this step, for the paths whose loss is taken `here`.
template <class Tile>
FN void keep_parts(const Tile& tile, const Launch& launch, const Uses& uses, Mask here,
                   BookPath& book) {
    if (!tile.any_path(here)) return;
    const bool holds_derivatives = uses.features & FEATURE_DERIVATIVES;
    Real price[Tile::SLOTS], derivatives[Tile::SLOTS], borrow[Tile::SLOTS], slippage[Tile::SLOTS];
    tile.clear(price), tile.clear(derivatives), tile.clear(borrow), tile.clear(slippage);
    POWDERKEG_UNROLL
    for (int k = 0; k < tile.held(); ++k) {
        if (!tile.real(k)) continue;
        const State& s = tile.states[k];
        const Name& p = launch.names[tile.slot(k)];
        price[k] = price_pnl(s, p), borrow[k] = s.borrow_paid, slippage[k] = s.slippage;
        if (holds_derivatives) derivatives[k] = derivative_pnl(s, p);
    }
    Parts& kept = book.parts;
    kept.price = select(here, tile.sum(price), kept.price);
    kept.borrow = select(here, tile.sum(borrow), kept.borrow);
    kept.slippage = select(here, tile.sum(slippage), kept.slippage);
    kept.financing = select(here, book.financing, kept.financing);
    if (holds_derivatives) kept.derivatives = select(here, tile.sum(derivatives), kept.derivatives);
}

// What the book's check needs of all names; what no policy asks for stays 0.
template <class Tile>
FN Sums sums_of(const Tile& tile, const Launch& launch, const Run& run, const Real* pnl,
                const Real* margin) {
    Sums sums = {tile.sum(pnl), tile.sum(margin), Real(0.0f), Real(0.0f)};
    const bool gross = run.policy & POLICY_DELEVERAGE, longs = run.financing_dt > 0.0f;
    if (!gross && !longs) return sums;
    Real value[Tile::SLOTS], bought[Tile::SLOTS];
    tile.clear(value), tile.clear(bought);
    POWDERKEG_UNROLL
    for (int k = 0; k < tile.held(); ++k) {
        if (!tile.real(k)) continue;
        const State& s = tile.states[k];
        const Name& p = launch.names[tile.slot(k)];
        const Real held = Real(p.book_weight) * (part_held(s, p) * s.price);
        value[k] = absolute(held);
        bought[k] = positive(held) + positive(s.marks);
    }
    if (gross) sums.gross = tile.sum(value);
    if (longs) sums.longs = tile.sum(bought);
    return sums;
}
