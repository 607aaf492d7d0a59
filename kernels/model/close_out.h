// The end of a corner: shorts who owe more than anybody would sell are closed out, by those who hold
// the rest and at a price from before it (docs/model.md, 8).
#pragma once
#include "book.h"

// What a holder of `held` floats releases of `wanted`, as its part of `all`.
FN Real released(Real held, Real wanted, Real all) {
    return minimum(lots(held * (wanted / maximum(all, Real(1e-12f)))), held);
}

// Who holds but does not sell makes good what the cohort, new shorts and the book owe. Returns what
// the book gets back.
FN Real close_out(State& s, const Name& p, unsigned channels, Mask halted) {
    const Real zero = Real(0.0f), one = Real(1.0f);
    if (!(p.corner_ratio > 0.0f) || !channels) return zero;
    const Real owed = s.cohort + s.new_shorts + positive(-s.book);
    const Mask cornered = !halted && s.elastic < Real(p.corner_ratio) * owed;
    if (!any(cornered)) return zero;
    const Real held = s.crowd_shares + s.locked + s.leader;
    const Real part = one_if(cornered) * minimum(held / maximum(owed, Real(1e-12f)), one);
    const Real cohort = lots(part * s.cohort), fresh = lots(part * s.new_shorts);
    const Real book = lots(part * positive(-s.book)), all = cohort + fresh + book;
    const Real crowd = released(s.crowd_shares, all, held);
    const Real locked = released(s.locked, all, held);
    const Real leader = released(s.leader, all, held);
    s.cohort = s.cohort - cohort;
    s.new_shorts = s.new_shorts - fresh;
    s.book = s.book + book;
    s.crowd_shares = s.crowd_shares - crowd;
    s.locked = s.locked - locked;
    s.leader = s.leader - leader;
    s.elastic = s.elastic + (crowd + locked + leader - all);  // what rounding leaves
    s.floor = select(cornered, one, s.floor);
    const Real settled =
        exponential(clip(s.log_price_close + Real(p.settlement), Real(LOWEST_X), Real(HIGHEST_X)));
    settle_trade(s, p, book, settled, s.price);
    return book;
}
