// New shorts fade the rally: they enter when the price is far above the anchor, stop out or take
// profit (docs/model.md, 7).
#pragma once
#include "borrow.h"

FN Real new_short_entry(const State& s, const Name& p, Real available) {
    const Real cost = fused(Real(p.entry_fee_years), new_loan_fee(s, p), Real(p.entry_threshold));
    const Real excess = positive(s.log_price - s.anchor - cost);
    return happened(Real(p.entry_rate_dt) * excess) * available;
}

FN Real new_short_exit(const State& s, const Name& p) {
    const Real gain = s.new_short_entry - s.log_price;
    const Real stop = normal_cdf((-gain - Real(p.stop_loss)) * Real(p.stop_inverse_sd));
    const Real profit =
        normal_cdf((gain - Real(p.take_profit)) * Real(p.take_profit_inverse_sd));
    return s.new_shorts *
           happened(fused(Real(p.stop_rate_dt), stop, Real(p.take_profit_rate_dt) * profit));
}
