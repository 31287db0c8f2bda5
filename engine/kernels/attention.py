"""Scaled dot-product attention, head by head. Vaswani et al. 2017, section 3.2.

    scores[t, s] = sum_i query[t, i] key[s, i] / sqrt(d),  weights = softmax of scores over s,
    y[t, i] = sum_s weights[t, s] value[s, i]

query, key and value are [head, time, d, lane]; scores and weights [head, time, time, lane]; y [time, head, d, lane].
Every row: 2 = query, 3 = key, 4 = value, 5 = scores, 6 = weights, 7 = y, 8 = heads, 9 = time steps, 10 = d,
11 = causal.
"""

import math

import numba

from engine.kernels import context as c
from engine.kernels.activations import softmax_rows, softmax_rows_backward
from engine.kernels.context import deltas, values
from engine.kernels.instructions import instruction
from engine.kernels.simd import LANES, OPTIONS, at, fma, load, splat, store


@instruction
def attention_scores_forward(context, row):
    """scores[t, s] = sum_i query[t, i] key[s, i] / sqrt(d)."""
    lanes, steps, size = row[c.PADDED], row[9], row[10]
    for h in range(row[8]):
        shift, square = h * steps * size * lanes, h * steps * steps * lanes
        query, key = values(context, row[2] + shift), values(context, row[3] + shift)
        scores = values(context, row[5] + square)
        counts = steps, steps, size
        products_in_lanes(scores, steps, query, (size, 1), key, (size, 1), counts, lanes, 1 / math.sqrt(size))
    return 0.0


@instruction
def attention_scores_backward(context, row):
    """dL/dquery[t] = sum_s dL/dscores[t, s] key[s] / sqrt(d),  dL/dkey[s] = the same sum over t, of query[t]."""
    lanes, steps, size = row[c.PADDED], row[9], row[10]
    counts, scale = (steps, size, steps), 1 / math.sqrt(size)
    for h in range(row[8]):
        shift, square = h * steps * size * lanes, h * steps * steps * lanes
        query, key = values(context, row[2] + shift), values(context, row[3] + shift)
        dquery, dkey = deltas(context, row[2] + shift), deltas(context, row[3] + shift)
        dscores = deltas(context, row[5] + square)
        products_in_lanes(dquery, size, dscores, (steps, 1), key, (1, size), counts, lanes, scale)
        products_in_lanes(dkey, size, dscores, (1, steps), query, (1, size), counts, lanes, scale)
    return 0.0


@instruction
def attention_weights_forward(context, row):
    """weights[t] = softmax of scores[t]; causal: over s <= t, and 0 beyond."""
    lanes, steps = row[c.PADDED], row[9]
    for r in range(row[8] * steps):
        scores, weights = values(context, row[5] + r * steps * lanes), values(context, row[6] + r * steps * lanes)
        seen = r % steps + 1 if row[11] else steps
        softmax_rows(weights, scores, seen, lanes)
        for n in range(seen * lanes, steps * lanes, LANES):
            store(weights, n, 0.0)
    return 0.0


@instruction
def attention_weights_backward(context, row):
    """dL/dscores[t, s] = weights[t, s] (dL/dweights[t, s] - sum_r weights[t, r] dL/dweights[t, r])."""
    lanes, steps = row[c.PADDED], row[9]
    for r in range(row[8] * steps):
        step = r * steps * lanes
        weights, dweights = values(context, row[6] + step), deltas(context, row[6] + step)
        softmax_rows_backward(deltas(context, row[5] + step), weights, dweights, steps, lanes)
    return 0.0


@instruction
def attention_forward(context, row):
    """y[t, i] = sum_s weights[t, s] value[s, i]."""
    lanes, heads, steps, size = row[c.PADDED], row[8], row[9], row[10]
    for h in range(heads):
        value, y = values(context, row[4] + h * steps * size * lanes), values(context, row[7] + h * size * lanes)
        weights = values(context, row[6] + h * steps * steps * lanes)
        products_in_lanes(y, heads * size, weights, (steps, 1), value, (1, size), (steps, size, steps), lanes, 1.0)
    return 0.0


@instruction
def attention_backward(context, row):
    """dL/dweights[t, s] = sum_i dL/dy[t, i] value[s, i],  dL/dvalue[s, i] = sum_t weights[t, s] dL/dy[t, i]."""
    lanes, heads, steps, size = row[c.PADDED], row[8], row[9], row[10]
    width = heads * size
    for h in range(heads):
        shift, square = h * steps * size * lanes, h * steps * steps * lanes
        value, dvalue = values(context, row[4] + shift), deltas(context, row[4] + shift)
        weights, dweights = values(context, row[6] + square), deltas(context, row[6] + square)
        dy = deltas(context, row[7] + h * size * lanes)
        products_in_lanes(dweights, steps, dy, (width, 1), value, (size, 1), (steps, steps, size), lanes, 1.0)
        products_in_lanes(dvalue, size, weights, (1, steps), dy, (1, width), (steps, size, steps), lanes, 1.0)
    return 0.0


@numba.njit(**OPTIONS)
def products_in_lanes(y, y_row, a, a_apart, b, b_apart, counts, lanes, factor):
    """y[r, c] = factor sum_k a[r, k] b[c, k], in every lane on its own: both matrices differ from example to example.

    `counts` are how many r, c and k there are; `a_apart` and `b_apart` how many vectors of lanes lie between two rows
    and between two k, `y_row` between two rows of y. Two rows of a and two of b at a time share their loads.
    """
    (rows, columns, steps), (a_row, a_step), (b_row, b_step) = counts, a_apart, b_apart
    for r in range(0, rows, 2):
        r1 = min(r + 1, rows - 1)
        a0, a1 = at(a, r * a_row * lanes), at(a, r1 * a_row * lanes)
        y0, y1 = at(y, r * y_row * lanes), at(y, r1 * y_row * lanes)
        for k in range(0, columns, 2):
            k1 = min(k + 1, columns - 1)
            b0, b1 = at(b, k * b_row * lanes), at(b, k1 * b_row * lanes)
            for n in range(0, lanes, LANES):
                s00, s01, s10, s11 = splat(y, 0.0), splat(y, 0.0), splat(y, 0.0), splat(y, 0.0)
                for j in range(steps):
                    left, right = j * a_step * lanes + n, j * b_step * lanes + n
                    p0, p1, q0, q1 = load(a0, left), load(a1, left), load(b0, right), load(b1, right)
                    s00, s01, s10, s11 = fma(p0, q0, s00), fma(p0, q1, s01), fma(p1, q0, s10), fma(p1, q1, s11)
                store(y0, k * lanes + n, factor * s00)
                store(y0, k1 * lanes + n, factor * s01)
                store(y1, k * lanes + n, factor * s10)
                store(y1, k1 * lanes + n, factor * s11)
