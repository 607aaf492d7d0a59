// Tables on uniform grids.
#pragma once
#include "real.h"

// Position on a grid: cell and fraction, held at the ends.
FN Int cell_of(Real position, int nodes, Real& fraction) {
    const Real held = clip(position, Real(0.0f), Real(float(nodes - 1)));
    const Int cell = minimum(to_int(held), Int(nodes - 2));
    fraction = held - to_real(cell);
    return cell;
}
