// How many have given up: a tolerance that is normal and truncated at zero, or a margin rule
// (docs/model.md, 7).
#pragma once
#include "mathematics.h"

// (N((y - mean)/sd) - N(-mean/sd))+ / (1 - N(-mean/sd)), the last two packed as floor and mass
FN Real given_up(Real y, float mean, float inverse_sd, float floor, float inverse_mass) {
    const Real reached = normal_cdf((y - Real(mean)) * Real(inverse_sd));
    return positive(reached - Real(floor)) * Real(inverse_mass);
}

// What shorts on margin cover at the log price x: clip((1 + m)/m - (1 + i)/(m p), 0, 1), the two
// packed as all and left.
FN Real bought_in(Real x, float all, float left) {
    return minimum(positive(Real(all) - Real(left) * exponential(-x)), Real(1.0f));
}
