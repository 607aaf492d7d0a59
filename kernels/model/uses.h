// What a run uses: switches, features, how many funds and events. Fixed where a kernel is compiled
// for it, so a switched-off agent leaves no code there.
#pragma once
#include "real.h"
#include "records.h"

struct Uses {
    unsigned channels, features;
    int fund_count, event_count;
    bool traced;
};

#ifdef POWDERKEG_CHANNELS
constexpr int FUND_SLOTS = POWDERKEG_FUNDS > 0 ? POWDERKEG_FUNDS : 1;
constexpr int EVENT_SLOTS = POWDERKEG_EVENTS > 0 ? POWDERKEG_EVENTS : 1;
#else
constexpr int FUND_SLOTS = MAX_FUNDS, EVENT_SLOTS = MAX_EVENTS;
#endif
