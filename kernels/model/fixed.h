// What the GPU kernel is compiled for and the CPU looks up in the run: switches, features, how many
// funds and events. A switched-off agent leaves no code on the GPU and one branch on the CPU.
#pragma once
#include "real.h"
#include "records.h"

#ifdef POWDERKEG_CHANNELS
constexpr int FUND_SLOTS = POWDERKEG_FUNDS > 0 ? POWDERKEG_FUNDS : 1;
constexpr int EVENT_SLOTS = POWDERKEG_EVENTS > 0 ? POWDERKEG_EVENTS : 1;
FN unsigned channels_of(const Run&) { return POWDERKEG_CHANNELS; }
FN unsigned features_of(const Run&) { return POWDERKEG_FEATURES; }
FN int funds_of(const Run&) { return POWDERKEG_FUNDS; }
FN int events_of(const Run&) { return POWDERKEG_EVENTS; }
FN bool traced(const void*) { return POWDERKEG_TRACED; }
#else
constexpr int FUND_SLOTS = MAX_FUNDS, EVENT_SLOTS = MAX_EVENTS;
FN unsigned channels_of(const Run& run) { return run.channels; }
FN unsigned features_of(const Run& run) { return run.features; }
FN int funds_of(const Run& run) { return run.funds; }
FN int events_of(const Run& run) { return run.events; }
FN bool traced(const void* trace) { return trace != nullptr; }
#endif
