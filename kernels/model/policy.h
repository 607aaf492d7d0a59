// What the book trades: stops, deleveraging, and the forced buy-in of a margin call, which sheds the
// requirement where that costs least (docs/model.md, 11).
#pragma once
#include "book.h"
#include "clearing.h"
#include "orders.h"
#include "pauses.h"

// What one name must do in a step. `margin` is its requirement, `before` what the names that come
// first in the order of relief can shed in the step.
struct Duty {
    Real relief, cut, margin, before;
};

// What a trade cancellation undoes was the reason for what the book must do.
FN void stand_down(Duty& duty, Mask cancelled) {
    duty.relief = select(cancelled, Real(0.0f), duty.relief);
    duty.cut = select(cancelled, Real(0.0f), duty.cut);
}

// Floats that its share of the volume lets the book trade in a step.
FN Real book_room(const State& s, const Name& p, const Run& run) {
    return minimum(absolute(s.book), Real(run.book_participation_dt) * daily_volume(s, p));
}

// Requirement that a name can shed in a step; a short no more than there is to buy.
FN Real relief_within_reach(const State& s, const Name& p, const Run& run, Real margin,
                            Mask halted) {
    Real reach = book_room(s, p, run);
    if (p.book0 < 0.0f) reach = minimum(reach, positive(s.elastic - Real(p.elastic_min)));
    const Real part = reach / maximum(absolute(s.book), Real(1e-12f));
    return select(halted, Real(0.0f), margin * part);
}

// Relief per impact on what is left of the position: m P / (P (M/E) |b|) with m P = margin / |b|.
FN Real relief_per_impact(const State& s, const Name& p, Real margin) {
    const Real cost = Real(p.elasticity) * s.price * s.book * s.book;
    return margin * s.elastic / maximum(cost, Real(1e-30f));
}

// For every name of a path, the relief within reach of those that give more of it per impact; ties
// in the order of slots.
template <class Tile>
FN void rank_positions(const Tile& tile, const Run& run, const Real* relief, const Real* score,
                       Real* before) {
    tile.clear(before);
    for (int lane = 0; lane < run.lanes; ++lane) {
        POWDERKEG_UNROLL
        for (int j = 0; j < tile.per_lane(run); ++j) {
            const int other = lane * tile.per_lane(run) + j;
            const Real its_relief = tile.of_lane(relief, lane, j, run);
            const Real its_score = tile.of_lane(score, lane, j, run);
            POWDERKEG_UNROLL
            for (int k = 0; k < tile.held(); ++k) {
                const Mask tie = !(its_score > score[k]) && !(its_score < score[k]);
                const Mask first = other < tile.slot(k) ? its_score > score[k] || tie
                                                        : its_score > score[k];
                before[k] = before[k] + select(first, its_relief, Real(0.0f));
            }
        }
    }
}

// A position is closed whole at its stop, and pro rata or by rank for the other two; what lenders
// `recalled` goes back however thin the volume.
FN Order book_order(State& s, const Name& p, const Run& run, const Duty& duty, Real recalled) {
    if (!(p.book_inverse > 0.0f || p.book_inverse < 0.0f)) return nothing();
    const Real size = absolute(s.book), room = book_room(s, p, run), zero = Real(0.0f);
    Real wanted = zero;
    if (run.policy & POLICY_STOP_LOSS) {
        const Mask hit = p.book0 < 0.0f ? s.log_price >= Real(run.stop_up)
                                        : s.log_price <= Real(run.stop_down);
        s.stopped = select(hit, Real(1.0f), s.stopped);
        wanted = s.stopped * size;
    }
    if (run.policy & POLICY_DELEVERAGE) wanted = maximum(wanted, duty.cut * size);
    if (run.policy & POLICY_MARGIN) {
        const Real shed = minimum(positive(duty.relief - duty.before), duty.margin);
        wanted = maximum(wanted, size * (shed / maximum(duty.margin, Real(1e-12f))));
    }
    const Real traded = maximum(minimum(wanted, room), minimum(recalled, size));
    return p.book0 < 0.0f ? order_of(traded) : order_of(-traded);
}
