// What is kept of a path: histograms at closes, a trace where one is asked for, a record at the end
// (docs/model.md, 14).
#pragma once
#include "step.h"

FN Int price_bin(Real price) {  // 32 bins to the octave from 2^-7, read off the float's bits
    const Int bin = subtract(shift_right(bits(price), 18), Int((127 - 7) * 32));
    return minimum(maximum(bin, Int(0)), Int(HISTOGRAM_BINS - 1));
}

FN Int linear_bin(Real value, float low, float scale) {
    const Real bin = (value - Real(low)) * Real(scale);
    return to_int(clip(bin, Real(0.0f), Real(float(HISTOGRAM_BINS - 1))));
}

template <class Tile>
FN void count_close(const Tile& tile, unsigned* close, const State& s, const Name& p) {
    const Real short_interest = s.cohort + s.new_shorts + positive(-s.book);
    tile.count(close + Q_PRICE * HISTOGRAM_BINS, price_bin(s.price));
    tile.count(close + Q_SHORT_INTEREST * HISTOGRAM_BINS,
               linear_bin(short_interest, SHORT_INTEREST_LOW, SHORT_INTEREST_SCALE));
    tile.count(close + Q_UTILISATION * HISTOGRAM_BINS,
               linear_bin(s.utilisation, UTILISATION_LOW, UTILISATION_SCALE));
    tile.count(close + Q_BORROW_FEE * HISTOGRAM_BINS,
               linear_bin(new_loan_fee(s, p), BORROW_FEE_LOW, BORROW_FEE_SCALE));
    tile.count(close + Q_DEALER_HEDGE * HISTOGRAM_BINS,
               linear_bin(s.hedge, DEALER_HEDGE_LOW, DEALER_HEDGE_SCALE));
    tile.count(close + Q_IMPLIED_VOL * HISTOGRAM_BINS,
               linear_bin(s.implied_vol, IMPLIED_VOL_LOW, IMPLIED_VOL_SCALE));
    tile.count(close + Q_ATTENTION * HISTOGRAM_BINS,
               linear_bin(s.attention, ATTENTION_LOW, ATTENTION_SCALE));
}

// A trace's row of one name, field by field. `broker`: the clearing rule restricts buying.
template <class Tile>
FN void keep_trace(const Tile& tile, Trace* row, long long stride, const Now& now, const State& s,
                   const Name& p, const Clearing& c, Real margin) {
    struct {
#define MEMBER(field) Real field;
        DERIVED_FIELDS(MEMBER)
#undef MEMBER
    } derived;
    Real fund[MAX_FUNDS] = {};
    POWDERKEG_UNROLL
    for (int f = 0; f < now.fund_count; ++f) fund[f] = s.fund[f];
    derived.fund_1 = fund[0], derived.fund_2 = fund[1];
    derived.fund_3 = fund[2], derived.fund_4 = fund[3];
    derived.fee = new_loan_fee(s, p);
    derived.restricted = one_if(clock_restricts(s, p) || now.broker);
    derived.fill_price = c.fill_price;
    derived.volume = c.net;
    derived.paused = one_if(s.rest > Real(0.0f));
    derived.margin = margin;
    derived.derivative_pnl = derivative_pnl(s, p);
#define WRITE_STATE(field) tile.write(&row->field, stride, s.field);
#define WRITE_DERIVED(field) tile.write(&row->field, stride, derived.field);
    TRACED_FIELDS(WRITE_STATE)
    DERIVED_FIELDS(WRITE_DERIVED)
#undef WRITE_STATE
#undef WRITE_DERIVED
}

template <class Tile>
FN void write_record(const Tile& tile, Path* to, const PathRecord& kept) {
    constexpr long long stride = sizeof(Path) / sizeof(float);
#define WRITE(field) tile.write_path(&to->field, stride, kept.field);
    PATH_FIELDS(WRITE)
#undef WRITE
}
