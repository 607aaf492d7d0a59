// Shorts: the cohort of reported short interest that covers as losses pass its tolerance, and new
// shorts who enter when the price is far above the anchor (docs/model.md, 7).
#pragma once
#include "clearing.h"

// Tolerance is normal in the log run-up plus borrow cost paid, truncated at zero; the running
// maximum makes covering a ratchet, participation of volume limits its speed.
FN Real cohort_cover(const State& s, const Name& p, Real volume) {
    const Real reached = normal_cdf((s.x_max + s.fee_paid - Real(p.tolerance)) *
                                    Real(p.tolerance_inverse_sd));
    const Real called =
        positive(reached - Real(p.tolerance_floor)) * Real(p.tolerance_inverse_mass);
    const Real left = Real(p.cohort0) * (Real(1.0f) - called);
    return minimum(positive(s.cohort - left), Real(p.participation_dt) * volume);
}

FN Real new_short_entry(const State& s, const Name& p, Real available) {
    const Real excess = positive(s.x - s.anchor - Real(p.entry_threshold));
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
