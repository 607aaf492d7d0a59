// Written by `python -m powderkeg.kernels.header` from kernels/records.py and kernels/holders;
// do not edit. Long, as every field and list of the model is in it.

#pragma once

constexpr int MAX_NAMES = 96, MAX_FACTORS = 8, HISTOGRAM_BINS = 512,
              MAX_FUNDS = 4, MAX_EVENTS = 16, MIXING_NODES = 1024,
              MAX_COMPONENTS = 4, COMPONENT_CYCLE = 16;

constexpr float MIXING_RANGE = 6.0f, LOWEST_X = -14.0f, HIGHEST_X = 28.0f;

constexpr float LOTS_PER_FLOAT = 4194304.0f;

enum : unsigned { CHANNEL_DEALERS = 1, CHANNEL_CROWD = 2, CHANNEL_CROWD_SHARES = 4, CHANNEL_CROWD_CALLS = 8, CHANNEL_SHORTS = 16, CHANNEL_NEW_SHORTS = 32, CHANNEL_RECALL = 64, CHANNEL_RESTRICTION = 128, CHANNEL_TRANSIENT_IMPACT = 256, CHANNEL_FUNDS = 512, CHANNEL_LEVERED_LONGS = 1024, CHANNEL_LOCKED_RELEASE = 2048, CHANNEL_ISSUER = 4096, CHANNEL_LEADER = 8192, CHANNEL_PAUSES = 16384, CHANNEL_CLEARING_RULE = 32768, CHANNEL_PROGRAMMES = 65536, CHANNEL_BOOK = 131072 };

enum : unsigned { FEATURE_FACTOR_TAILS = 1, FEATURE_NAME_TAILS = 2, FEATURE_JUMPS = 4, FEATURE_EVENTS = 8, FEATURE_MONTHLY_CALLS = 16, FEATURE_CANCELLATION = 32, FEATURE_COHORT_MARGIN = 64, FEATURE_DERIVATIVES = 128, FEATURE_CLUSTERING = 256, FEATURE_ATTENTION_FACTORS = 512, FEATURE_CALL_LADDER = 1024 };

enum : int { EVENT_ANCHOR = 1, EVENT_PROGRAMME = 2, EVENT_CALL_PROGRAMME = 3, EVENT_LENDABLE = 4, EVENT_ATTENTION = 5, EVENT_ELASTICITY = 6, EVENT_DEPTH = 7, EVENT_IMPLIED_VOL = 8, EVENT_ISSUANCE = 9, EVENT_RESTRICTION = 10, EVENT_MARGIN = 11, EVENT_HALT = 12, EVENT_CANCELLATION = 13 };

enum : unsigned { POLICY_STOP_LOSS = 1, POLICY_DELEVERAGE = 2, POLICY_MARGIN = 4, POLICY_RECALL = 8 };

enum : int { MOMENT_WORST = 0, MOMENT_WORST_CLOSE = -1 };

enum : int { DERIVATIVE_CALL = 1, DERIVATIVE_PUT = 2, DERIVATIVE_FUTURE = 3 };

enum : unsigned { STEP_OVERNIGHT = 1, STEP_CLOSE = 2, STEP_EXPIRY = 4, STEP_MONTHLY_EXPIRY = 8, STEP_OPENING = 16, STEP_CLOSING = 32 };

enum : int { Q_PRICE, Q_SHORT_INTEREST, Q_UTILISATION, Q_BORROW_FEE, Q_DEALER_HEDGE, Q_IMPLIED_VOL, Q_ATTENTION, Q_COUNT };

constexpr float SHORT_INTEREST_LOW = 0.0f, SHORT_INTEREST_SCALE = 128.0f;
constexpr float UTILISATION_LOW = 0.0f, UTILISATION_SCALE = 128.0f;
constexpr float BORROW_FEE_LOW = 0.0f, BORROW_FEE_SCALE = 128.0f;
constexpr float DEALER_HEDGE_LOW = -2.0f, DEALER_HEDGE_SCALE = 128.0f;
constexpr float IMPLIED_VOL_LOW = 0.0f, IMPLIED_VOL_SCALE = 32.0f;
constexpr float ATTENTION_LOW = 0.0f, ATTENTION_SCALE = 512.0f;

struct Run {
    unsigned long long seed;
    unsigned channels;
    unsigned features;
    int names;
    int lanes;
    int names_per_lane;
    int factors;
    int attention_factors;
    int funds;
    int events;
    int components;
    int factor_mixing;
    int steps;
    int days;
    int steps_per_day;
    int normals_per_step;
    float dt;
    float overnight_share;
    int vol_nodes;
    int price_nodes;
    float vol_start;
    float vol_inverse_step;
    float premium_limit;
    float settlement_c;
    float broker_duration;
    unsigned policy;
    int netted_margin;
    float book_participation_dt;
    float grace_steps;
    float cushion;
    float stop_up;
    float stop_down;
    float leverage;
    float financing_dt;
    int moment;
};
static_assert(sizeof(Run) == 144);

struct Step {
    unsigned kind;
    int day;
    int step_of_day;
    int draw;
    float time;
    float sqrt_tau;
    float sqrt_tau_buy;
    float sqrt_tau_roll;
    float sqrt_tau_month;
    float sqrt_tau_month_buy;
    float sqrt_tau_month_roll;
};
static_assert(sizeof(Step) == 44);

struct Name {
    unsigned stream;
    float sigma;
    float factor_variance;
    float attention_share;
    float drift;
    float adaptation;
    float attention_volatility;
    float clustering;
    float anchor0;
    int mixing;
    float jump_probability;
    float jump_mean;
    float jump_sd;
    float jump_compensator;
    float elasticity;
    float elastic0;
    float elastic_normal;
    float elastic_min;
    float transient_impact;
    float transient_decay_c;
    float adv;
    float attention_volume;
    float depth_volatility;
    float corner_ratio;
    float settlement;
    float vol0;
    float vol_c;
    float vol_realised;
    float vol_demand;
    float vol_max;
    float rv_weight;
    float crowd0;
    float attention0;
    float removed0;
    float calls0;
    float call_log_strike0;
    float attention_weight;
    float infection;
    float shared;
    float momentum;
    float momentum_c;
    float exit_rate;
    float exit_restricted;
    float stampede;
    float stampede_drawdown;
    float share_budget;
    float never_sell;
    float crowd_profit_rate_dt;
    float crowd_profit;
    float call_budget;
    float call_strike;
    float call_strike_exp;
    float call_kept;
    float call_close_out_rate;
    float call_roll_early;
    float call_roll;
    float call_delivered;
    float exercise_budget;
    float monthly_share;
    float call_capacity_inverse;
    float following;
    float cohort0;
    float tolerance;
    float tolerance_inverse_sd;
    float tolerance_floor;
    float tolerance_inverse_mass;
    float participation_dt;
    float cohort_margin_share;
    float cohort_margin_all;
    float cohort_margin_left;
    float new_shorts0;
    float entry_rate_dt;
    float entry_threshold;
    float entry_fee_years;
    float stop_rate_dt;
    float stop_loss;
    float stop_inverse_sd;
    float take_profit_rate_dt;
    float take_profit;
    float take_profit_inverse_sd;
    int chain;
    int long_gamma;
    float hedge0;
    float dealer_sign;
    float hedging_dt;
    float hedging_c;
    float hedging_participation_dt;
    float exercised;
    float covered;
    float chain_start;
    float chain_inverse_step;
    float chain_low;
    float chain_high;
    float levered0;
    float levered_tolerance;
    float levered_inverse_sd;
    float levered_floor;
    float levered_inverse_mass;
    float levered_participation_dt;
    float levered_refinancing;
    float locked;
    float release_c;
    float release_share;
    float release_mean;
    float release_inverse_sd;
    float release_floor;
    float release_inverse_mass;
    float issue_threshold;
    float issue_maximum;
    float issue_participation_dt;
    float leader0;
    float leader_block;
    float leader_rate_dt;
    float leader_sell_above;
    float leader_participation_dt;
    float book0;
    float book_weight;
    float book_inverse;
    float book_value;
    float book_located;
    float book_margin;
    float margin_five;
    float margin_max;
    float margin_float;
    float margin_float_from;
    float margin_volume;
    float margin_volume_from;
    float margin_interest;
    float margin_interest_from;
    float margin_fee;
    float margin_fee_from;
    int first_derivative;
    int derivatives;
    float derivatives0;
    float lendable_elastic;
    float lendable_locked;
    float lendable_crowd;
    float recall_c;
    float fee0;
    float fee_slope;
    float fee_threshold;
    float fee_excess0;
    float fee_min;
    float repricing_c;
    float restriction_hazard_dt;
    float restriction_threshold;
    float restriction_duration;
    float broker_value;
    float band_up;
    float band_down;
    float band_closing;
    float reference_c;
    float pause_steps;
};
static_assert(sizeof(Name) == 612);

struct Fund {
    float threshold;
    float slope;
    float kept0;
    float cut_c;
    float rebuild_c;
};
static_assert(sizeof(Fund) == 20);

struct Position {
    float holding0;
    float value;
};
static_assert(sizeof(Position) == 8);

struct Derivative {
    int kind;
    int expiry_row;
    float expiry_time;
    float units;
    float strike;
    float log_strike;
    float vol_ratio;
    float margin_rate;
    float margin_least;
    float margin_minimum;
};
static_assert(sizeof(Derivative) == 40);

struct Event {
    int type;
    unsigned stream;
    float start_row;
    float hazard;
    float from_day;
    float rows;
};
static_assert(sizeof(Event) == 24);

struct Component {
    int first;
    int places;
    float constant;
};
static_assert(sizeof(Component) == 12);

struct Path {
    float worst_pnl;
    float margin_call_day;
    float margin_call_day_close;
    float borrow_cost;
    float floor_names;
    float fails;
    float worst_close_pnl;
    float largest_call;
    float forced_day;
    float slippage;
    float financing_cost;
    float weight;
    float price_pnl;
    float derivative_pnl;
    float worst_step;
    float call_step;
    float ruin_step;
};
static_assert(sizeof(Path) == 68);

struct Trace {
    float anchor;
    float log_price;
    float transient;
    float elastic;
    float log_price_max;
    float floor;
    float fails;
    float fill_price;
    float volume;
    float implied_vol;
    float realised_vol;
    float crowd_shares;
    float crowd_entry;
    float unpaid;
    float attention;
    float removed;
    float calls;
    float call_log_strike;
    float monthly_calls;
    float monthly_call_log_strike;
    float log_price_slow;
    float cohort;
    float new_shorts;
    float new_short_entry;
    float hedge;
    float levered;
    float drawdown_max;
    float locked;
    float issued;
    float leader;
    float programme;
    float book;
    float spent;
    float slippage;
    float borrow_paid;
    float margin;
    float derivative_pnl;
    float fund_1;
    float fund_2;
    float fund_3;
    float fund_4;
    float fee;
    float utilisation;
    float fee_paid;
    float fee_existing;
    float restriction_clock;
    float restricted;
    float unsettled;
    float waiting;
    float paused;
};
static_assert(sizeof(Trace) == 200);

// Arrays of a launch; shapes in kernels/packed.py (Packed, Simulated).
struct Launch {
    const Name* names;
    const float* loadings;
    const unsigned* factor_streams;
    const Step* schedule;
    const float* chain;
    const float* steepest;
    const Fund* funds;
    const Position* positions;
    const Event* events;
    const float* event_sizes;
    const float* mixing;
    const Component* components;
    const float* tilts;
    const Derivative* derivatives;
    const unsigned long long* path_ids;
    long long path_count;
    float* pnl;
    float* excess;
    Path* paths;
    unsigned* closes;
    unsigned* peaks;
    Trace* trace;
};
#define LAUNCH_PARAMETERS \
    const Name* names, \
    const float* loadings, \
    const unsigned* factor_streams, \
    const Step* schedule, \
    const float* chain, \
    const float* steepest, \
    const Fund* funds, \
    const Position* positions, \
    const Event* events, \
    const float* event_sizes, \
    const float* mixing, \
    const Component* components, \
    const float* tilts, \
    const Derivative* derivatives, \
    const unsigned long long* path_ids, \
    long long path_count, \
    float* pnl, \
    float* excess, \
    Path* paths, \
    unsigned* closes, \
    unsigned* peaks, \
    Trace* trace
#define LAUNCH_ARGUMENTS \
    names, \
    loadings, \
    factor_streams, \
    schedule, \
    chain, \
    steepest, \
    funds, \
    positions, \
    events, \
    event_sizes, \
    mixing, \
    components, \
    tilts, \
    derivatives, \
    path_ids, \
    path_count, \
    pnl, \
    excess, \
    paths, \
    closes, \
    peaks, \
    trace

// What a path remembers of a name.
#define STATE_FIELDS(X) \
    X(anchor) \
    X(log_price) \
    X(price) \
    X(transient) \
    X(elastic) \
    X(log_price_max) \
    X(log_price_close) \
    X(floor) \
    X(fails) \
    X(implied_vol) \
    X(realised_vol) \
    X(crowd_shares) \
    X(crowd_entry) \
    X(unpaid) \
    X(attention) \
    X(removed) \
    X(calls) \
    X(call_log_strike) \
    X(monthly_calls) \
    X(monthly_call_log_strike) \
    X(log_price_slow) \
    X(cohort) \
    X(new_shorts) \
    X(new_short_entry) \
    X(hedge) \
    X(levered) \
    X(drawdown_max) \
    X(locked) \
    X(issued) \
    X(leader) \
    X(programme) \
    X(book) \
    X(spent) \
    X(slippage) \
    X(stopped) \
    X(borrow_paid) \
    X(marks) \
    X(settled) \
    X(derivative_margin) \
    X(utilisation) \
    X(fee_paid) \
    X(fee_existing) \
    X(restriction_clock) \
    X(unsettled) \
    X(waiting) \
    X(rest) \
    X(reference)

// Of it, what does not start at 0: field, value.
#define STARTING_FIELDS(X) \
    X(anchor, p.anchor0) \
    X(price, 1.0f) \
    X(elastic, p.elastic0) \
    X(implied_vol, p.vol0) \
    X(crowd_shares, p.crowd0) \
    X(attention, p.attention0) \
    X(removed, p.removed0) \
    X(calls, p.calls0) \
    X(call_log_strike, p.call_log_strike0) \
    X(cohort, p.cohort0) \
    X(new_shorts, p.new_shorts0) \
    X(hedge, p.hedge0) \
    X(levered, p.levered0) \
    X(locked, p.locked) \
    X(leader, p.leader0) \
    X(book, p.book0)

// Of it, what a trade cancellation takes back.
#define UNDONE_FIELDS(X) \
    X(log_price) \
    X(price) \
    X(transient) \
    X(elastic) \
    X(log_price_max) \
    X(crowd_shares) \
    X(crowd_entry) \
    X(unpaid) \
    X(calls) \
    X(call_log_strike) \
    X(monthly_calls) \
    X(monthly_call_log_strike) \
    X(log_price_slow) \
    X(cohort) \
    X(new_shorts) \
    X(new_short_entry) \
    X(hedge) \
    X(levered) \
    X(drawdown_max) \
    X(locked) \
    X(issued) \
    X(leader) \
    X(programme) \
    X(book) \
    X(spent) \
    X(slippage) \
    X(stopped) \
    X(unsettled) \
    X(waiting)

// Of it, what a trace keeps.
#define TRACED_FIELDS(X) \
    X(anchor) \
    X(log_price) \
    X(transient) \
    X(elastic) \
    X(log_price_max) \
    X(floor) \
    X(fails) \
    X(implied_vol) \
    X(realised_vol) \
    X(crowd_shares) \
    X(crowd_entry) \
    X(unpaid) \
    X(attention) \
    X(removed) \
    X(calls) \
    X(call_log_strike) \
    X(monthly_calls) \
    X(monthly_call_log_strike) \
    X(log_price_slow) \
    X(cohort) \
    X(new_shorts) \
    X(new_short_entry) \
    X(hedge) \
    X(levered) \
    X(drawdown_max) \
    X(locked) \
    X(issued) \
    X(leader) \
    X(programme) \
    X(book) \
    X(spent) \
    X(slippage) \
    X(borrow_paid) \
    X(utilisation) \
    X(fee_paid) \
    X(fee_existing) \
    X(restriction_clock) \
    X(unsettled) \
    X(waiting)

// What a trace works out when it is kept.
#define DERIVED_FIELDS(X) \
    X(fill_price) \
    X(volume) \
    X(margin) \
    X(derivative_pnl) \
    X(fund_1) \
    X(fund_2) \
    X(fund_3) \
    X(fund_4) \
    X(fee) \
    X(restricted) \
    X(paused)

// Who trades under a switch, in the order of sums: holding, channels, sign in the ledger.
#define SWITCHED_HOLDERS(X) \
    X(levered, CHANNEL_LEVERED_LONGS, +) \
    X(locked, CHANNEL_LOCKED_RELEASE, +) \
    X(issued, CHANNEL_ISSUER | CHANNEL_PROGRAMMES, -) \
    X(leader, CHANNEL_LEADER, +) \
    X(programme, CHANNEL_PROGRAMMES, +) \
    X(book, CHANNEL_BOOK, +)

// Of them, those whose unfilled buys do not come back by themselves.
#define LAPSING_HOLDERS(X) \
    X(leader, CHANNEL_LEADER) \
    X(programme, CHANNEL_PROGRAMMES)

// Of them, those whose order needs no more than state, parameters and volume.
#define LONE_HOLDERS(X) \
    X(levered, CHANNEL_LEVERED_LONGS) \
    X(locked, CHANNEL_LOCKED_RELEASE) \
    X(leader, CHANNEL_LEADER)

// What is kept of a path.
#define PATH_FIELDS(X) \
    X(worst_pnl) \
    X(margin_call_day) \
    X(margin_call_day_close) \
    X(borrow_cost) \
    X(floor_names) \
    X(fails) \
    X(worst_close_pnl) \
    X(largest_call) \
    X(forced_day) \
    X(slippage) \
    X(financing_cost) \
    X(weight) \
    X(price_pnl) \
    X(derivative_pnl) \
    X(worst_step) \
    X(call_step) \
    X(ruin_step)
