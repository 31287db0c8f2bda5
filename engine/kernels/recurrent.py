"""Recurrent layers: the walk through time, and back-propagation through it over the whole window. Werbos 1990.

What needs no step before it is one product over all time steps (see `dense.py`): W_ih x + b, which lies in z when the
walk begins, and on the way back the gradients of the weights and of x, once dL/dz of every step is known. Here is the
rest, step by step. h' and c' are the state after the step before; before the first step they are 0.

Every row: 2 = weight_hh, 3 = z [time, gates, units], 4 = h [time, units], 5 = units, 6 = time steps,
7 = whether every h is an output (else the last alone), 8 = gates (relu or not, where there are none).
"""

import numba

from engine.kernels import context as c
from engine.kernels.context import deltas, gradients, parameters, values
from engine.kernels.instructions import instruction
from engine.kernels.products import BIAS, ITSELF, product, product_transposed, row_sums
from engine.kernels.simd import LANES, OPTIONS, at, exponential, hyperbolic_tangent, load, splat, store, where


@numba.njit(**OPTIONS)
def sigmoid(x):
    """1 / (1 + e^-x)."""
    return 1.0 / (1.0 + exponential(-x))


@numba.njit(**OPTIONS)
def load_if(there, pointer, index):
    """What lies there; 0 where nothing does, before the first step and after the last."""
    return load(pointer, index) if there else splat(pointer, 0.0)


@instruction
def simple_rnn_forward(context, row):
    """z += W_hh h';  h = tanh z, or max(0, z) with row[8]. Elman 1990."""
    lanes, units, weight, relu = row[c.PADDED], row[5], parameters(context, row[2]), row[8]
    size = units * lanes
    for t in range(row[6]):
        z, h = values(context, row[3] + t * size), values(context, row[4] + t * size)
        if t > 0:
            product(z, weight, units, at(h, -size), units, units, lanes, ITSELF, z)
        for n in range(0, size, LANES):
            zn = load(z, n)
            store(h, n, where(zn <= 0.0, 0.0, zn) if relu else hyperbolic_tangent(zn))
    return 0.0


@instruction
def simple_rnn_backward(context, row):
    """dL/dh += W_hh^T dL/dz of the next step;  dL/dz = dL/dh (1 - h^2), or dL/dh where h > 0 with row[8]."""
    lanes, units, steps, weight, relu = row[c.PADDED], row[5], row[6], parameters(context, row[2]), row[8]
    size = units * lanes
    for t in range(steps - 1, -1, -1):
        dz, dh = deltas(context, row[3] + t * size), deltas(context, row[4] + t * size)
        h = values(context, row[4] + t * size)
        if t + 1 < steps:
            product_transposed(dh, weight, units, at(dz, size), units, units, lanes, row[7])
        for n in range(0, size, LANES):
            hn, d = load(h, n), load(dh, n)
            store(dz, n, where(hn <= 0.0, 0.0, d) if relu else d * (1.0 - hn * hn))
    return 0.0


@instruction
def lstm_forward(context, row):
    """z += W_hh h';  i, f, o = sigmoid(z), g = tanh(z), each its own quarter of z;  c = f c' + i g;  h = o tanh c.

    Hochreiter & Schmidhuber 1997, with the forget gate f of Gers et al. 2000. 9 = c [time, units].
    """
    lanes, units, weight = row[c.PADDED], row[5], parameters(context, row[2])
    size = units * lanes
    for t in range(row[6]):
        z, gates = values(context, row[3] + 4 * t * size), values(context, row[8] + 4 * t * size)
        h, cell = values(context, row[4] + t * size), values(context, row[9] + t * size)
        if t > 0:
            product(z, weight, units, at(h, -size), units, 4 * units, lanes, ITSELF, z)
        for n in range(0, size, LANES):
            i, f = sigmoid(load(z, n)), sigmoid(load(z, n + size))
            g, o = hyperbolic_tangent(load(z, n + 2 * size)), sigmoid(load(z, n + 3 * size))
            new = f * load_if(t > 0, cell, n - size) + i * g
            store(cell, n, new)
            store(h, n, o * hyperbolic_tangent(new))
            store(gates, n, i)
            store(gates, n + size, f)
            store(gates, n + 2 * size, g)
            store(gates, n + 3 * size, o)
    return 0.0


@instruction
def lstm_backward(context, row):
    """dL/dh += W_hh^T dL/dz of the next step;  dL/dc = dL/dh o (1 - tanh^2 c) + f dL/dc, both of the next step.

    dL/di = dL/dc g,  dL/df = dL/dc c',  dL/dg = dL/dc i,  dL/do = dL/dh tanh c;  dL/dz = these times the slopes.
    """
    lanes, units, steps, weight = row[c.PADDED], row[5], row[6], parameters(context, row[2])
    size = units * lanes
    for t in range(steps - 1, -1, -1):
        dz, dh = deltas(context, row[3] + 4 * t * size), deltas(context, row[4] + t * size)
        gates, dgates = values(context, row[8] + 4 * t * size), deltas(context, row[8] + 4 * t * size)
        cell, dcell = values(context, row[9] + t * size), deltas(context, row[9] + t * size)
        more = t + 1 < steps
        if more:
            product_transposed(dh, weight, units, at(dz, 4 * size), units, 4 * units, lanes, row[7])
        for n in range(0, size, LANES):
            i, f, g, o = load(gates, n), load(gates, n + size), load(gates, n + 2 * size), load(gates, n + 3 * size)
            d, squashed = load(dh, n), hyperbolic_tangent(load(cell, n))
            from_next = load_if(more, gates, n + 5 * size) * load_if(more, dcell, n + size)
            dc = d * o * (1.0 - squashed * squashed) + from_next
            di, df, dg, do = dc * g, dc * load_if(t > 0, cell, n - size), dc * i, d * squashed
            store(dcell, n, dc)
            store(dgates, n, di)
            store(dgates, n + size, df)
            store(dgates, n + 2 * size, dg)
            store(dgates, n + 3 * size, do)
            store(dz, n, di * i * (1.0 - i))
            store(dz, n + size, df * f * (1.0 - f))
            store(dz, n + 2 * size, dg * (1.0 - g * g))
            store(dz, n + 3 * size, do * o * (1.0 - o))
    return 0.0


@instruction
def gru_forward(context, row):
    """u = W_hh h' + b_hh;  r, k = sigmoid(z + u), n = tanh(z + r u), each its own third;  h = (1 - k) n + k h'.

    Cho et al. 2014, with the reset after the product, as cuDNN and PyTorch have it (there k is z).
    9 = u [time, gates, units], 10 = b_hh.
    """
    lanes, units, weight, bias = row[c.PADDED], row[5], parameters(context, row[2]), parameters(context, row[10])
    size = units * lanes
    for t in range(row[6]):
        z, u = values(context, row[3] + 3 * t * size), values(context, row[9] + 3 * t * size)
        gates, h = values(context, row[8] + 3 * t * size), values(context, row[4] + t * size)
        product(u, weight, units, at(h, -size), units if t > 0 else 0, 3 * units, lanes, BIAS, bias)
        for n in range(0, size, LANES):
            zr, zk = load(z, n) + load(u, n), load(z, n + size) + load(u, n + size)
            r, k = sigmoid(zr), sigmoid(zk)
            zn = load(z, n + 2 * size) + r * load(u, n + 2 * size)
            new = hyperbolic_tangent(zn)
            store(h, n, (1.0 - k) * new + k * load_if(t > 0, h, n - size))
            store(z, n, zr)
            store(z, n + size, zk)
            store(z, n + 2 * size, zn)
            store(gates, n, r)
            store(gates, n + size, k)
            store(gates, n + 2 * size, new)
    return 0.0


@instruction
def gru_backward(context, row):
    """dL/dh += W_hh^T dL/du + k dL/dh, both of the next step;  dL/dn = dL/dh (1 - k),  dL/dk = dL/dh (h' - n).

    dL/dr = dL/dz_n u_n;  dL/dz = these times the slopes;  dL/du = dL/dz, but r dL/dz_n;  dL/db_hh = sum of dL/du.
    """
    lanes, units, steps, weight = row[c.PADDED], row[5], row[6], parameters(context, row[2])
    size = units * lanes
    for t in range(steps - 1, -1, -1):
        dz, dh = deltas(context, row[3] + 3 * t * size), deltas(context, row[4] + t * size)
        u, du = values(context, row[9] + 3 * t * size), deltas(context, row[9] + 3 * t * size)
        gates, dgates = values(context, row[8] + 3 * t * size), deltas(context, row[8] + 3 * t * size)
        h, more = values(context, row[4] + t * size), t + 1 < steps
        if more:
            product_transposed(dh, weight, units, at(du, 3 * size), units, 3 * units, lanes, row[7])
        for n in range(0, size, LANES):
            r, k, new = load(gates, n), load(gates, n + size), load(gates, n + 2 * size)
            d = load(dh, n) + load_if(more, gates, n + 4 * size) * load_if(more, dh, n + size)
            dk, dn = d * (load_if(t > 0, h, n - size) - new), d * (1.0 - k)
            dzn = dn * (1.0 - new * new)
            dr = dzn * load(u, n + 2 * size)
            dzr, dzk = dr * r * (1.0 - r), dk * k * (1.0 - k)
            store(dh, n, d)
            store(dgates, n, dr)
            store(dgates, n + size, dk)
            store(dgates, n + 2 * size, dn)
            store(dz, n, dzr)
            store(dz, n + size, dzk)
            store(dz, n + 2 * size, dzn)
            store(du, n, dzr)
            store(du, n + size, dzk)
            store(du, n + 2 * size, r * dzn)
    row_sums(gradients(context, row[10]), deltas(context, row[9]), 3 * units, lanes, False, steps)
    return 0.0
