// A trade cancellation undoes what was traded since the last close (docs/model.md, 1).
#pragma once
#include "state.h"

FN void undo_trades(State& s, const State& close, Mask cancelled, int funds) {
    if (!any(cancelled)) return;
#define UNDO(field) s.field = select(cancelled, close.field, s.field)
    UNDO(x), UNDO(price), UNDO(transient), UNDO(x_max), UNDO(x_slow);
    UNDO(elastic), UNDO(crowd), UNDO(hedge), UNDO(cohort), UNDO(new_shorts);
    UNDO(locked), UNDO(levered), UNDO(programme), UNDO(leader), UNDO(issued);
    UNDO(calls), UNDO(call_strike), UNDO(monthly_calls), UNDO(monthly_strike);
    UNDO(book), UNDO(spent), UNDO(slippage), UNDO(stopped);
    UNDO(entry_price), UNDO(drawdown), UNDO(unsettled), UNDO(waiting);
    POWDERKEG_UNROLL
    for (int f = 0; f < funds; ++f) UNDO(fund[f]);
#undef UNDO
}
