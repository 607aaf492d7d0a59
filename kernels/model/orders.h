// What all names of a path share in a step, and the orders that one name's holders send.
// Locals of these types are not const: GCC keeps const structs in memory, field by field.
#pragma once
#include "anchor.h"
#include "timeline.h"

struct Now : Uses {
    const Run& run;
    const Step& step;
    const Fund* funds;
    Shares move;            // of the daily variance
    Real factor_variance;   // of the day
    Real attention;         // of all names, weighted
    Mask broker;            // the clearing rule restricts buying
    const Real* kept;       // share of its positions that each fund keeps
    Timeline timeline;
};

struct Order {
    Real buy, sell;  // floats, both positive
};

FN Order order_of(Real bought) { return {positive(bought), positive(-bought)}; }
FN Order nothing() { return {Real(0.0f), Real(0.0f)}; }
FN Order operator+(const Order& a, const Order& b) { return {a.buy + b.buy, a.sell + b.sell}; }
FN Order operator*(Real share, const Order& a) { return {share * a.buy, share * a.sell}; }

// By the holding that an order moves. Only those whose switch is on are set, and the first three.
struct Orders {
    Order crowd_shares, cohort, new_shorts;
#define MEMBER(holding, on, sign) Order holding;
    SWITCHED_HOLDERS(MEMBER)
#undef MEMBER
    Order fund[FUND_SLOTS];
};

// Everybody's but the dealers'.
FN Order total(const Orders& o, const Now& now) {
    Order all = o.crowd_shares + o.cohort + o.new_shorts;
#define ADD(holding, on, sign) if (now.channels & (on)) all = all + o.holding;
    SWITCHED_HOLDERS(ADD)
#undef ADD
    if (now.channels & CHANNEL_FUNDS) {
        POWDERKEG_UNROLL
        for (int f = 0; f < now.fund_count; ++f) all = all + o.fund[f];
    }
    return all;
}

// Buys that are gone if they are not filled: covering, funds and their like come back by themselves.
FN Real lapsing_buys(const Orders& o, const Order& dealers, unsigned channels) {
    Real buys = o.crowd_shares.buy + dealers.buy;
#define ADD(holding, on) if (channels & (on)) buys = buys + o.holding.buy;
    LAPSING_HOLDERS(ADD)
#undef ADD
    return buys;
}

// What is filled of an order, in whole lots; `share` says how much of buys and of sells. Adds to
// `net`.
FN Real fill(const Order& order, const Order& share, Real& net) {
    const Real bought = lots(share.buy * order.buy) - lots(share.sell * order.sell);
    net = net + bought;
    return bought;
}

// Every holder's fill moves shares between it and the elastic holders; returns the net buying.
FN Real move_holdings(State& s, const Now& now, const Orders& o, const Order& dealers,
                      const Order& share) {
    Real net = Real(0.0f);
    s.crowd_shares = s.crowd_shares + fill(o.crowd_shares, share, net);
    s.cohort = s.cohort - fill(o.cohort, share, net);
    s.new_shorts = s.new_shorts - fill(o.new_shorts, share, net);
    s.hedge = s.hedge + fill(dealers, share, net);
#define MOVE(holding, on, sign) \
    if (now.channels & (on)) s.holding = s.holding sign fill(o.holding, share, net);
    SWITCHED_HOLDERS(MOVE)
#undef MOVE
    if (now.channels & CHANNEL_FUNDS) {
        POWDERKEG_UNROLL
        for (int f = 0; f < now.fund_count; ++f)
            s.fund[f] = s.fund[f] + fill(o.fund[f], share, net);
    }
    s.elastic = s.elastic - net;
    return net;
}
