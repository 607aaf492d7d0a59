// The timeline: events that strike or are on, and what they do to a name in a step (docs/model.md,
// 1). When an event starts is one number per path, the same for all its names.
#pragma once
#include "state.h"

// Rows of the schedule; an event that never starts is beyond the last.
FN Real start_row(const Event& event, const Run& run, PathId path) {
    if (event.start_row >= 0.0f) return Real(event.start_row);
    Int words[4];
    random_words(run.seed, event.stream, DOMAIN_EVENTS, path, 0, words);
    const Real wait = -logarithm(uniform(words[0])) / Real(event.hazard);
    const Real T = minimum(wait + Real(event.from_day), Real(float(run.days)));
    const Real day = to_real(to_int(T)), n = Real(float(run.steps_per_day));
    const Real step = minimum(to_real(to_int((T - day) * n)), n - Real(1.0f));
    return fused(day, n + Real(1.0f), step + Real(1.0f));
}

// Which events strike and are on in a step: bit i is event i.
struct Timeline {
    Int struck, on;
};

FN Timeline timeline_at(int row, const Event* events, int count, const Real* start) {
    Timeline now = {Int(0), Int(0)};
    POWDERKEG_UNROLL
    for (int i = 0; i < count; ++i) {
        const Real since = Real(float(row)) - start[i];
        const Mask begun = since >= Real(0.0f);
        const Int bit = Int(1 << i), none = Int(0);
        now.struck = now.struck | select(begun && since < Real(1.0f), bit, none);
        now.on = now.on | select(begun && since < Real(events[i].rows), bit, none);
    }
    return now;
}

// What the events of a step do to one name.
struct Effects {
    Real news, attention, vol;                          // of those that strike
    Real programme, call_programme, issuance, margin;  // of those that are on, added up
    Real lendable, elasticity, depth;                  // of those that are on, multiplied
    Mask restricted, lifted, halted, cancelled;
};

FN Effects nothing_happens() {
    const Real none = Real(0.0f), one = Real(1.0f);
    const Mask no = none > none;
    return {none, none, one, none, none, none, none, one, one, one, no, no, no, no};
}

// A name that an event does not touch has size 0, or 1 where sizes are factors.
FN Effects effects_of(const Timeline& now, const Event* events, const float* sizes, int count) {
    Effects e = nothing_happens();
    if (!any(!is_zero(now.struck | now.on))) return e;
    for (int i = 0; i < count; ++i) {
        const Mask struck = !is_zero(now.struck & Int(1 << i));
        const Mask on = !is_zero(now.on & Int(1 << i));
        const Real size = Real(sizes[i]), zero = Real(0.0f), one = Real(1.0f);
        const Real added = select(on, size, zero), factor = select(on, size, one);
        switch (events[i].type) {
            case EVENT_ANCHOR: e.news = e.news + select(struck, size, zero); break;
            case EVENT_PROGRAMME: e.programme = e.programme + added; break;
            case EVENT_CALL_PROGRAMME: e.call_programme = e.call_programme + added; break;
            case EVENT_LENDABLE: e.lendable = e.lendable * factor; break;
            case EVENT_ATTENTION: e.attention = e.attention + select(struck, size, zero); break;
            case EVENT_ELASTICITY: e.elasticity = e.elasticity * factor; break;
            case EVENT_DEPTH: e.depth = e.depth * factor; break;
            case EVENT_IMPLIED_VOL: e.vol = e.vol * select(struck, size, one); break;
            case EVENT_ISSUANCE: e.issuance = e.issuance + added; break;
            case EVENT_RESTRICTION:
                e.restricted = e.restricted || (on && size > zero);
                e.lifted = e.lifted || (on && size < zero);
                break;
            case EVENT_MARGIN: e.margin = e.margin + added; break;
            case EVENT_HALT: e.halted = e.halted || (on && size > zero); break;
            case EVENT_CANCELLATION: e.cancelled = e.cancelled || (struck && size > zero); break;
        }
    }
    return e;
}

// What strikes before the orders: attention is seeded, implied vol jumps.
FN void strike(State& s, const Name& p, unsigned channels, const Effects& e) {
    if (channels & CHANNEL_CROWD)
        s.attention =
            s.attention + minimum(e.attention, positive(Real(1.0f) - s.attention - s.removed));
    const Mask struck = e.vol < Real(1.0f) || e.vol > Real(1.0f);
    s.implied_vol = select(struck, minimum(s.implied_vol * e.vol, Real(p.vol_max)), s.implied_vol);
}
