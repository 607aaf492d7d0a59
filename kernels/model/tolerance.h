// How many have given up: a tolerance that is normal and truncated at zero (docs/model.md, 7).
#pragma once
#include "mathematics.h"

// (N((y - mean)/sd) - N(-mean/sd))+ / (1 - N(-mean/sd)), the last two packed as floor and mass
FN Real given_up(Real y, float mean, float inverse_sd, float floor, float inverse_mass) {
    const Real reached = normal_cdf((y - Real(mean)) * Real(inverse_sd));
    return positive(reached - Real(floor)) * Real(inverse_mass);
}
