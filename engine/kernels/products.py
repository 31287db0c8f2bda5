"""The three matrix products that layers are made of, in every lane: Y = W X, dX = W^T dY, dW = dY X^T.

Four rows of the result at a time share each load; where fewer than four are left, the last one is computed again and
stored last to first. X is [inputs, lanes], Y [outputs, lanes], W [outputs, inputs] with rows `stride` apart.
"""

import numba

from engine.kernels.simd import LANES, OPTIONS, at, fma, load, splat, store, store_first, total

# what a product starts from
NOTHING, ITSELF, BIAS = 0, 1, 2


@numba.njit(**OPTIONS)
def product(y, weight, stride, x, inputs, outputs, lanes, start, bias):
    """y[o] = start + sum_i W[o, i] x[i]; it starts from NOTHING, from ITSELF (y[o] as it is) or from the BIAS b[o]."""
    for o in range(0, outputs, 4):
        o1, o2, o3 = min(o + 1, outputs - 1), min(o + 2, outputs - 1), min(o + 3, outputs - 1)
        w0, w1 = at(weight, o * stride), at(weight, o1 * stride)
        w2, w3 = at(weight, o2 * stride), at(weight, o3 * stride)
        for n in range(0, lanes, LANES):
            y0, y1, y2, y3 = splat(x, 0.0), splat(x, 0.0), splat(x, 0.0), splat(x, 0.0)
            if start == BIAS:
                y0, y1, y2, y3 = splat(x, bias[o]), splat(x, bias[o1]), splat(x, bias[o2]), splat(x, bias[o3])
            elif start == ITSELF:
                y0, y1 = load(y, o * lanes + n), load(y, o1 * lanes + n)
                y2, y3 = load(y, o2 * lanes + n), load(y, o3 * lanes + n)
            for i in range(inputs):
                xi = load(x, i * lanes + n)
                y0, y1, y2, y3 = fma(w0[i], xi, y0), fma(w1[i], xi, y1), fma(w2[i], xi, y2), fma(w3[i], xi, y3)
            store(y, o3 * lanes + n, y3)
            store(y, o2 * lanes + n, y2)
            store(y, o1 * lanes + n, y1)
            store(y, o * lanes + n, y0)


@numba.njit(**OPTIONS)
def product_transposed(dx, weight, stride, dy, inputs, outputs, lanes, accumulate):
    """dx[i] = sum_o W[o, i] dy[o], or dx[i] += ... with `accumulate`."""
    for i in range(0, inputs, 4):
        i1, i2, i3 = min(i + 1, inputs - 1), min(i + 2, inputs - 1), min(i + 3, inputs - 1)
        for n in range(0, lanes, LANES):
            d0, d1, d2, d3 = splat(dx, 0.0), splat(dx, 0.0), splat(dx, 0.0), splat(dx, 0.0)
            if accumulate:
                d0, d1 = load(dx, i * lanes + n), load(dx, i1 * lanes + n)
                d2, d3 = load(dx, i2 * lanes + n), load(dx, i3 * lanes + n)
            for o in range(outputs):
                w, delta = at(weight, o * stride), load(dy, o * lanes + n)
                d0, d1 = fma(w[i], delta, d0), fma(w[i1], delta, d1)
                d2, d3 = fma(w[i2], delta, d2), fma(w[i3], delta, d3)
            store(dx, i3 * lanes + n, d3)
            store(dx, i2 * lanes + n, d2)
            store(dx, i1 * lanes + n, d1)
            store(dx, i * lanes + n, d0)


@numba.njit(**OPTIONS)
def outer_product(
    gradient, stride, dy, rows, row_stride, inputs, outputs, lanes, batch, accumulate, steps=1, step_stride=0
):
    """dW[o, i] = sum over the batch and time of dy[o] x[i], or += with `accumulate`.

    dy is [time, outputs, lanes]; x comes as rows [example, row_stride], `step_stride` from one time step to the next.
    """
    for o in range(0, outputs, 4):
        o1, o2, o3 = min(o + 1, outputs - 1), min(o + 2, outputs - 1), min(o + 3, outputs - 1)
        for i in range(0, inputs, LANES):
            g0, g1, g2, g3 = splat(dy, 0.0), splat(dy, 0.0), splat(dy, 0.0), splat(dy, 0.0)
            if accumulate:
                g0, g1 = load(gradient, o * stride + i), load(gradient, o1 * stride + i)
                g2, g3 = load(gradient, o2 * stride + i), load(gradient, o3 * stride + i)
            for t in range(steps):
                d, xs = at(dy, t * outputs * lanes), at(rows, t * step_stride + i)
                d0, d1, d2, d3 = at(d, o * lanes), at(d, o1 * lanes), at(d, o2 * lanes), at(d, o3 * lanes)
                for n in range(batch):
                    x = load(xs, n * row_stride)
                    g0, g1, g2, g3 = fma(d0[n], x, g0), fma(d1[n], x, g1), fma(d2[n], x, g2), fma(d3[n], x, g3)
            store_first(gradient, o3 * stride + i, g3, inputs - i)
            store_first(gradient, o2 * stride + i, g2, inputs - i)
            store_first(gradient, o1 * stride + i, g1, inputs - i)
            store_first(gradient, o * stride + i, g0, inputs - i)


@numba.njit(**OPTIONS)
def row_sums(sums, dy, outputs, lanes, accumulate, steps=1):
    """sums[o] = sum over lanes and time of dy[o], or += with `accumulate`: the gradient of a bias."""
    for o in range(outputs):
        sum_of_lanes = splat(dy, 0.0)
        for t in range(steps):
            for n in range(0, lanes, LANES):
                sum_of_lanes = sum_of_lanes + load(dy, (t * outputs + o) * lanes + n)
        sums[o] = total(sum_of_lanes) + (sums[o] if accumulate else 0.0)
