// The static option chain: hedge of dealers short everything, tabulated per step over x and
// sqrt(implied vol) by kernels/packing/chain.py (docs/model.md, 10).
#pragma once
#include "grid.h"
#include "state.h"

struct Chain {
    const float* table;  // this name and step: vol_nodes x price_nodes, or null
    float steepest;      // x where the slope is largest
};

struct Hedge {
    Real target, slope;  // H* and dH*/dx
};

// The vol coordinate is the same for every x of a step.
struct VolCell {
    Int row;  // offset of the row in the table
    Real fraction;
};

FN VolCell vol_cell(Real vol, const Run& run) {
    VolCell c;
    const Int row = cell_of((square_root(vol) - Real(run.vol_start)) * Real(run.vol_inverse_step),
                            run.vol_nodes, c.fraction);
    c.row = to_int(to_real(row) * Real(float(run.price_nodes)));  // exact: small integers
    return c;
}

FN Hedge chain_hedge(const Chain& chain, Real x, const VolCell& vol, const Name& p,
                     const Run& run) {
    const int nodes = run.price_nodes;
    const Real position = (x - Real(p.chain_start)) * Real(p.chain_inverse_step);
    Real a;
    const Int index = add(vol.row, cell_of(position, nodes, a));
    const Real h00 = gather(chain.table, index), h01 = gather(chain.table + 1, index);
    const Real h10 = gather(chain.table + nodes, index);
    const Real h11 = gather(chain.table + nodes + 1, index);
    const Real low = fused(a, h01 - h00, h00), high = fused(a, h11 - h10, h10);
    const Real slope = fused(vol.fraction, (h11 - h10) - (h01 - h00), h01 - h00);
    const Mask inside = position >= Real(0.0f) && position <= Real(float(nodes - 1));
    Hedge h;
    h.target = Real(p.dealer_sign) * fused(vol.fraction, high - low, low);
    h.slope = select(inside, Real(p.dealer_sign * p.chain_inverse_step) * slope, Real(0.0f));
    return h;
}
