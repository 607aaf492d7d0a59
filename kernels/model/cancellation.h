// A trade cancellation undoes what was traded since the last close (docs/model.md, 1).
#pragma once
#include "state.h"

FN void undo_trades(State& s, const State& close, Mask cancelled, int funds) {
    if (!any(cancelled)) return;
#define UNDO(field) s.field = select(cancelled, close.field, s.field);
    UNDONE_FIELDS(UNDO)
    POWDERKEG_UNROLL
    for (int f = 0; f < funds; ++f) UNDO(fund[f])
#undef UNDO
}
