// Shorts: the cohort of reported short interest that covers as losses pass its tolerance, and new
// shorts who enter when the price is far above the anchor (docs/model.md, 7).
#pragma once
#include "borrow.h"
#include "tolerance.h"

// Tolerance of the log run-up plus borrow cost paid, or calls of those on margin; the running
// maximum makes covering a ratchet, participation of volume limits its speed.
FN Real cohort_cover(const State& s, const Name& p, unsigned features, Real volume) {
    Real called = given_up(s.x_max + s.fee_paid, p.tolerance, p.tolerance_inverse_sd,
                           p.tolerance_floor, p.tolerance_inverse_mass);
    if (features & FEATURE_COHORT_MARGIN) {
        const Real margin = bought_in(s.x_max, p.cohort_margin_all, p.cohort_margin_left);
        called = fused(Real(p.cohort_margin_share), margin - called, called);
    }
    const Real left = Real(p.cohort0) * (Real(1.0f) - called);
    return minimum(positive(s.cohort - left), Real(p.participation_dt) * volume);
}

FN Real new_short_entry(const State& s, const Name& p, Real available) {
    const Real cost = fused(Real(p.entry_fee_years), new_loan_fee(s, p), Real(p.entry_threshold));
    const Real excess = positive(s.x - s.anchor - cost);
    return happened(Real(p.entry_rate_dt) * excess) * available;
}

FN Real new_short_exit(const State& s, const Name& p) {
    const Real gain = s.entry_price - s.x;
    const Real stop = normal_cdf((-gain - Real(p.stop_loss)) * Real(p.stop_inverse_sd));
    const Real profit =
        normal_cdf((gain - Real(p.take_profit)) * Real(p.take_profit_inverse_sd));
    return s.new_shorts *
           happened(fused(Real(p.stop_rate_dt), stop, Real(p.take_profit_rate_dt) * profit));
}
