"""The sum of two branches: y = a + b, and back: what arrives at y goes to both unchanged."""

from engine.kernels import context as c
from engine.kernels.context import deltas, values
from engine.kernels.instructions import instruction
from engine.kernels.simd import LANES, load, store


@instruction
def sum_forward(context, row):
    """y = a + b: 2 = a, 3 = b, 4 = y, 5 = features."""
    a, b, y = values(context, row[2]), values(context, row[3]), values(context, row[4])
    for n in range(0, row[5] * row[c.PADDED], LANES):
        store(y, n, load(a, n) + load(b, n))
    return 0.0


@instruction
def copy_deltas(context, row):
    """dL/da = dL/dy: 2 = y, 3 = a, 4 = features."""
    dy, da = deltas(context, row[2]), deltas(context, row[3])
    for n in range(0, row[4] * row[c.PADDED], LANES):
        store(da, n, load(dy, n))
    return 0.0
