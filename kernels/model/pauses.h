// Limit-up/limit-down pauses (Regulation NMS Plan, 2012): outside its band a name rests, and the
// crowd's orders wait (docs/model.md, 7 and 8).
#pragma once
#include "orders.h"

FN bool can_halt(const Uses& uses) {
    return (uses.channels & CHANNEL_PAUSES) || (uses.features & FEATURE_EVENTS);
}

FN Mask halted_now(const State& s, unsigned channels, const Effects& e) {
    if (!(channels & CHANNEL_PAUSES)) return e.halted;
    return e.halted || s.rest > Real(0.0f);
}

// After the price of a step; an event's halt stops the clock of the pause.
FN void check_bands(State& s, const Name& p, const Step& step, Mask halted_by_event) {
    if (!(p.band_up > 0.0f)) return;
    const float wider =
        step.kind & STEP_OPENING ? 2.0f : step.kind & STEP_CLOSING ? p.band_closing : 1.0f;
    const Real zero = Real(0.0f), gap = s.log_price - s.reference, left = s.rest - Real(1.0f);
    const Mask paused = s.rest > zero, reopening = s.rest < zero;
    const Mask outside =
        (gap > Real(wider * p.band_up) || gap < Real(-wider * p.band_down)) && !reopening;
    const Real rest = select(paused, select(left > zero, left, Real(-1.0f)),
                             select(outside, Real(p.pause_steps), zero));
    const Real moved = select(reopening, s.log_price, fused(Real(p.reference_c), gap, s.reference));
    const Real reference = select(paused || outside, s.reference, moved);
    s.rest = select(halted_by_event, s.rest, rest);
    s.reference = select(halted_by_event, s.reference, reference);
}

// The opening auction.
FN void reopen(State& s) {
    s.rest = Real(0.0f);
    s.reference = s.log_price;
}

// While a name is halted nobody trades: the crowd's net order is kept for the first step that does.
FN Order hold_back(State& s, const Order& crowd, Mask halted) {
    const Real zero = Real(0.0f), waiting = s.waiting;
    s.waiting = select(halted, waiting + (crowd.buy - crowd.sell), zero);
    return {crowd.buy + positive(waiting),
            minimum(crowd.sell + positive(-waiting), s.crowd_shares)};
}
