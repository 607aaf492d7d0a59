// Expiry by delivery: what is exercised changes hands for its strike at the close, from the dealers'
// hedge to the holders or back, and no elastic holder takes part (docs/model.md, 9).
#pragma once
#include "chain.h"
#include "crowd.h"

// Shares that dealers hand over, in whole lots. They go short of what they lack, up to all that they
// could still buy; what does not exist fails, and is settled in cash.
FN Real handed_over(State& s, const Name& p, Real exercised) {
    const Real most = positive(s.hedge) + positive(s.elastic - Real(p.elastic_min));
    const Real q = lots(minimum(exercised, most));
    s.fails = s.fails + positive(exercised - most);
    s.hedge = s.hedge - q;
    return q;
}

// The crowd's calls of one maturity become shares; some it must sell to pay the strike.
FN void deliver_calls(State& s, const Name& p, Real calls, Real strike) {
    const Real zero = Real(0.0f);
    const Real open = select(s.log_price > strike, calls, zero);
    const Real q = handed_over(s, p, Real(p.call_delivered) * open);
    s.crowd_shares = s.crowd_shares + q;
    remember_purchase(s, p, q, strike);
    const Real debt = positive(fused(q, exponential(strike), Real(-p.exercise_budget)));
    s.unpaid = s.unpaid + minimum(debt / s.price, q);
}

// The static chain, `expired` its slice of what is exercised: to holders who keep it, or from
// holders who own it, and from new shorts.
FN void deliver_chain(State& s, const Name& p, const Run& run, const Chain& expired) {
    const VolCell any = {Int(0), Real(0.0f)};
    const Hedge exercised = chain_hedge(expired, s.log_price, any, p, run);
    s.locked = s.locked + handed_over(s, p, positive(exercised.target));

    const Real back = lots(positive(-exercised.target));
    const Real owned = minimum(lots(Real(p.covered) * back), s.locked);
    const Real sold = back - owned;
    s.hedge = s.hedge + back;
    s.locked = s.locked - owned;
    s.new_shorts = s.new_shorts + sold;
    s.new_short_entry = averaged(s.new_short_entry, s.log_price, sold, s.new_shorts);
}
