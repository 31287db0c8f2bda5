"""The embedding: each token is a number, and its vector is a row of a table.

Rows: 2 = tokens [time], 3 = y [time, units], 4 = weight [vocabulary, units], 5 = vocabulary, 6 = units, 7 = time steps,
8 = y's rows, 9 = from one example's row to the next, 10 = from one time step's rows to the next.
"""

import numba

from engine.kernels import context as c
from engine.kernels.context import deltas, gradients, parameters, state, values
from engine.kernels.instructions import instruction
from engine.kernels.simd import LANES, OPTIONS, at, load, store, store_first, transpose_block


@numba.njit(**OPTIONS)
def row_of(table, tokens, n, vocabulary, units):
    """The row of the table that lane n's token names. Whatever number it is, the row lies in the table."""
    return at(table, min(max(int(tokens[n]), 0), vocabulary - 1) * units)


@instruction
def embedding_forward(context, row):
    """y = W[token]: copied example by example into y's rows, then transposed."""
    lanes, units, stride, weight = row[c.PADDED], row[6], row[9], parameters(context, row[4])
    for t in range(row[7]):
        tokens, rows = values(context, row[2] + t * lanes), values(context, row[8] + t * row[10])
        y = values(context, row[3] + t * units * lanes)
        for n in range(lanes):
            source = row_of(weight, tokens, n, row[5], units)
            for f in range(0, stride, LANES):
                store(rows, n * stride + f, load(source, f))
        for n in range(0, lanes, LANES):
            for f in range(0, stride, LANES):
                transpose_block(at(rows, n * stride + f), stride, at(y, f * lanes + n), lanes)
    return 0.0


@instruction
def embedding_backward(context, row):
    """dL/dW[v] = sum of dL/dy over the batch and the time steps whose token is v."""
    lanes, units, stride, gradient = row[c.PADDED], row[6], row[9], gradients(context, row[4])
    for i in range(0, row[5] * units, LANES):
        store(gradient, i, 0.0)
    for t in range(row[7]):
        tokens, rows = values(context, row[2] + t * lanes), deltas(context, row[8] + t * row[10])
        dy = deltas(context, row[3] + t * units * lanes)
        for n in range(0, lanes, LANES):
            for f in range(0, stride, LANES):
                transpose_block(at(dy, f * lanes + n), lanes, at(rows, n * stride + f), stride)
        for n in range(state(context)[c.BATCH]):
            target = row_of(gradient, tokens, n, row[5], units)
            for f in range(0, units, LANES):
                store_first(target, f, load(target, f) + load(rows, n * stride + f), units - f)
    return 0.0
