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

// Only those whose switch is on are set, and the first three.
struct Orders {
    Order crowd, cohort, new_shorts;
    Order levered, locked, issuer, leader, programme, book, fund[FUND_SLOTS];
};

// Everybody's but the dealers'.
FN Order total(const Orders& o, const Now& now) {
    const unsigned channels = now.channels;
    Order all = o.crowd + o.cohort + o.new_shorts;
    if (channels & CHANNEL_LEVERED_LONGS) all = all + o.levered;
    if (channels & CHANNEL_LOCKED_RELEASE) all = all + o.locked;
    if (channels & (CHANNEL_ISSUER | CHANNEL_PROGRAMMES)) all = all + o.issuer;
    if (channels & CHANNEL_LEADER) all = all + o.leader;
    if (channels & CHANNEL_PROGRAMMES) all = all + o.programme;
    if (channels & CHANNEL_BOOK) all = all + o.book;
    if (channels & CHANNEL_FUNDS) {
        POWDERKEG_UNROLL
        for (int f = 0; f < now.fund_count; ++f) all = all + o.fund[f];
    }
    return all;
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
    const unsigned channels = now.channels;
    Real net = Real(0.0f);
    s.crowd = s.crowd + fill(o.crowd, share, net);
    s.cohort = s.cohort - fill(o.cohort, share, net);
    s.new_shorts = s.new_shorts - fill(o.new_shorts, share, net);
    s.hedge = s.hedge + fill(dealers, share, net);
    if (channels & CHANNEL_LEVERED_LONGS) s.levered = s.levered + fill(o.levered, share, net);
    if (channels & CHANNEL_LOCKED_RELEASE) s.locked = s.locked + fill(o.locked, share, net);
    if (channels & (CHANNEL_ISSUER | CHANNEL_PROGRAMMES))
        s.issued = s.issued - fill(o.issuer, share, net);
    if (channels & CHANNEL_LEADER) s.leader = s.leader + fill(o.leader, share, net);
    if (channels & CHANNEL_PROGRAMMES) s.programme = s.programme + fill(o.programme, share, net);
    if (channels & CHANNEL_BOOK) s.book = s.book + fill(o.book, share, net);
    if (channels & CHANNEL_FUNDS) {
        POWDERKEG_UNROLL
        for (int f = 0; f < now.fund_count; ++f)
            s.fund[f] = s.fund[f] + fill(o.fund[f], share, net);
    }
    s.elastic = s.elastic - net;
    return net;
}
