// Brokers restrict buying: a hazard above a price, one exponential clock per path and name
// (docs/model.md, 9). The clock runs from -ln u to 0, then on to the end of the restriction.
#pragma once
#include "timeline.h"

FN Mask clock_restricts(const State& s, const Name& p) {
    return s.restriction_clock <= Real(0.0f) && s.restriction_clock > Real(-p.restriction_duration);
}

FN void run_clock(State& s, const Name& p, float dt) {
    const Real waiting = select(s.log_price > Real(p.restriction_threshold),
                                Real(p.restriction_hazard_dt), Real(0.0f));
    const Mask runs = s.restriction_clock > Real(0.0f);
    s.restriction_clock = s.restriction_clock - select(runs, waiting, Real(dt));
}

// Whether the crowd may only sell: its clock, the broker's clearing rule or an event says so, and
// no event lifts it.
FN Mask restricted(const State& s, const Name& p, Mask broker, const Effects& e) {
    return (clock_restricts(s, p) || broker || e.restricted) && !e.lifted;
}
