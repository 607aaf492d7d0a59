// Shorts: the cohort of reported short interest that covers as losses pass its tolerance
// (docs/model.md, 7).
#pragma once
#include "state.h"
#include "tolerance.h"

// Tolerance of the log run-up plus borrow cost paid, or calls of those on margin; the running
// maximum makes covering a ratchet, participation of volume limits its speed.
FN Real cohort_cover(const State& s, const Name& p, unsigned features, Real volume) {
    Real called = given_up(s.log_price_max + s.fee_paid, p.tolerance, p.tolerance_inverse_sd,
                           p.tolerance_floor, p.tolerance_inverse_mass);
    if (features & FEATURE_COHORT_MARGIN) {
        const Real margin = bought_in(s.log_price_max, p.cohort_margin_all, p.cohort_margin_left);
        called = fused(Real(p.cohort_margin_share), margin - called, called);
    }
    const Real left = Real(p.cohort0) * (Real(1.0f) - called);
    return minimum(positive(s.cohort - left), Real(p.participation_dt) * volume);
}
