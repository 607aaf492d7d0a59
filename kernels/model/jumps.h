// Jumps of the anchor (Merton 1976), at most one a day (docs/model.md, 6).
#pragma once
#include "state.h"

// Whether the name jumps today, in which step (0: overnight) and how far.
FN void draw_jump(State& s, const Name& p, const Run& run, PathId path, int day) {
    s.jump_step = Real(-1.0f);
    s.jump = Real(0.0f);
    if (!(p.jump_probability > 0.0f)) return;
    Int words[4];
    random_words(run.seed, p.stream, DOMAIN_JUMPS, path, day, words);
    const Real u = uniform(words[0]);
    Real z, unused;
    box_muller(words[2], words[3], z, unused);

    const float last = float(run.steps_per_day - 1);
    const Real when = u / Real(p.jump_probability) - Real(run.overnight_share);
    const Real step = when * Real(float(run.steps_per_day) / (1.0f - run.overnight_share));
    const Real intraday = Real(1.0f) + to_real(to_int(clip(step, Real(0.0f), Real(last))));
    s.jump_step = select(u < Real(p.jump_probability),
                         select(when < Real(0.0f), Real(0.0f), intraday), Real(-1.0f));
    s.jump = fused(Real(p.jump_sd), z, Real(p.jump_mean));
}

FN void jump(State& s, const Name& p, const Step& step) {
    const Real now = Real(float(step.step_of_day));
    const Mask jumps = s.jump_step >= now && s.jump_step <= now;
    s.anchor = s.anchor + select(jumps, s.jump, Real(0.0f));
    if (step.kind & STEP_OVERNIGHT) s.anchor = s.anchor - Real(p.jump_compensator);
}
