// Generated from kernels/layout.py by `python -m powderkeg.kernels.layout`; do not edit.

#pragma once

constexpr int MAX_NAMES = 96, MAX_FACTORS = 8, HISTOGRAM_BINS = 512;

constexpr float LOTS_PER_FLOAT = 4194304.0f;

enum : unsigned { CHANNEL_DEALERS = 1, CHANNEL_CROWD = 2, CHANNEL_CROWD_SHARES = 4, CHANNEL_CROWD_CALLS = 8, CHANNEL_SHORTS = 16, CHANNEL_NEW_SHORTS = 32, CHANNEL_RECALL = 64, CHANNEL_RESTRICTION = 128, CHANNEL_TRANSIENT_IMPACT = 256 };

enum : unsigned { STEP_OVERNIGHT = 1, STEP_CLOSE = 2, STEP_EXPIRY = 4 };

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
    int names;
    int lanes;
    int names_per_lane;
    int factors;
    int steps;
    int days;
    int horizons;
    int steps_per_day;
    int normals_per_step;
    float dt;
    float overnight_share;
    int vol_nodes;
    int price_nodes;
    float vol_start;
    float vol_inverse_step;
    float pad_;
};
static_assert(sizeof(Run) == 80);

struct Step {
    unsigned kind;
    int day;
    int draw;
    int horizon;
    float time;
    float sqrt_tau;
    float sqrt_tau_buy;
    float sqrt_tau_roll;
};
static_assert(sizeof(Step) == 32);

struct Name {
    unsigned stream;
    int chain;
    int long_gamma;
    float sigma;
    float factor_variance;
    float drift;
    float attention_volatility;
    float elasticity;
    float elastic0;
    float elastic_min;
    float transient_impact;
    float transient_decay_c;
    float adv;
    float attention_volume;
    float locked;
    float hedge0;
    float cohort0;
    float book_long;
    float book_short;
    float dealer_sign;
    float hedging_dt;
    float hedging_c;
    float chain_start;
    float chain_inverse_step;
    float chain_low;
    float chain_high;
    float vol0;
    float vol_c;
    float vol_realised;
    float vol_demand;
    float vol_max;
    float rv_weight;
    float attention0;
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
    float call_budget;
    float call_strike;
    float call_strike_exp;
    float call_roll;
    float tolerance;
    float tolerance_inverse_sd;
    float tolerance_floor;
    float tolerance_inverse_mass;
    float participation_dt;
    float entry_rate_dt;
    float entry_threshold;
    float stop_rate_dt;
    float stop_loss;
    float stop_inverse_sd;
    float take_profit_rate_dt;
    float take_profit;
    float take_profit_inverse_sd;
    float lendable_elastic;
    float lendable_locked;
    float recall_c;
    float fee0;
    float fee_slope;
    float fee_threshold;
    float fee_excess0;
    float fee_min;
    float restriction_hazard_dt;
    float restriction_threshold;
    float restriction_duration;
    float book_weight;
    float book_margin;
};
static_assert(sizeof(Name) == 296);

struct Path {
    float worst_pnl;
    float margin_call_day;
    float margin_call_day_close;
    float borrow_cost;
    float floor_names;
    float fails;
};
static_assert(sizeof(Path) == 24);

struct Trace {
    float log_price;
    float anchor;
    float transient;
    float elastic;
    float crowd_shares;
    float hedge;
    float cohort;
    float new_shorts;
    float attention;
    float removed;
    float calls;
    float call_log_strike;
    float implied_vol;
    float realised_vol;
    float fee;
    float utilisation;
    float fee_paid;
    float log_price_max;
    float log_price_slow;
    float new_short_entry;
    float restriction_clock;
    float restricted;
    float floor;
    float fails;
    float fill_price;
    float volume;
    float borrow_paid;
};
static_assert(sizeof(Trace) == 108);
