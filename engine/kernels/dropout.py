"""Dropout: y = x mask, where mask is 0 with probability `rate` and 1 / (1 - rate) else; and back.

Every row: 2 = x (dL/dx where that is the result), 3 = y, 4 = mask, 5 = features, 6 = the layer's own stream; options:
0 = rate, 1 = 1 / (1 - rate).
"""

from engine.kernels import context as c
from engine.kernels.batches import random_bits
from engine.kernels.context import deltas, options, state, values
from engine.kernels.instructions import instruction
from engine.kernels.simd import LANES, load, splat, store, uniform, where


@instruction
def dropout_forward(context, row):
    """y = x mask. The mask is a pure function of the run's seed, the step, the layer's stream, feature and lane."""
    lanes, x, y, mask = row[c.PADDED], values(context, row[2]), values(context, row[3]), values(context, row[4])
    rate, scale = options(row)[0], options(row)[1]
    key = random_bits(random_bits(state(context)[c.SEED], state(context)[c.STEP]), row[6])
    for k in range(row[5]):
        for n in range(0, lanes, LANES):
            kept = where(uniform(x, key, (k << 32) + n) < rate, splat(x, 0.0), scale)
            store(mask, k * lanes + n, kept)
            store(y, k * lanes + n, load(x, k * lanes + n) * kept)
    return 0.0


@instruction
def dropout_backward(context, row):
    """dL/dx = dL/dy mask."""
    dx, dy, mask = deltas(context, row[2]), deltas(context, row[3]), values(context, row[4])
    for n in range(0, row[5] * row[c.PADDED], LANES):
        store(dx, n, load(dy, n) * load(mask, n))
    return 0.0
