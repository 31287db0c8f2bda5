"""Activation functions: a = f(z), and dL/dz = dL/da f'(z). Sources are with the specs in `engine/activations.py`."""

import numba

from engine.kernels import context as c
from engine.kernels.context import deltas, options, values
from engine.kernels.instructions import instruction
from engine.kernels.simd import (
    LANES,
    OPTIONS,
    exponential,
    hyperbolic_tangent,
    load,
    log_one_plus,
    magnitude,
    normal_cdf,
    splat,
    store,
    where,
)

INVERSE_SQRT_2PI, SQRT_2_OVER_PI = 0.3989422804014327, 0.7978845608028654

# Every row: 2 = offset of z, 3 = offset of a, 4 = units, 5 = offset of dL/dz (z's own, but where deltas are added up).


@instruction
def relu_forward(context, row):
    """a = z where z > 0, else 0."""
    z, a = values(context, row[2]), values(context, row[3])
    for n in range(0, row[4] * row[c.PADDED], LANES):
        zn = load(z, n)
        store(a, n, where(zn <= 0.0, 0.0, zn))
    return 0.0


@instruction
def relu_backward(context, row):
    """da/dz = 1 where z > 0, else 0."""
    z, da, dz = values(context, row[2]), deltas(context, row[3]), deltas(context, row[5])
    for n in range(0, row[4] * row[c.PADDED], LANES):
        store(dz, n, where(load(z, n) <= 0.0, 0.0, load(da, n)))
    return 0.0


@instruction
def leaky_relu_forward(context, row):
    """a = z where z > 0, else alpha z."""
    z, a, alpha = values(context, row[2]), values(context, row[3]), options(row)[0]
    for n in range(0, row[4] * row[c.PADDED], LANES):
        zn = load(z, n)
        store(a, n, where(zn <= 0.0, alpha * zn, zn))
    return 0.0


@instruction
def leaky_relu_backward(context, row):
    """da/dz = 1 where z > 0, else alpha."""
    z, da, dz, alpha = values(context, row[2]), deltas(context, row[3]), deltas(context, row[5]), options(row)[0]
    for n in range(0, row[4] * row[c.PADDED], LANES):
        d = load(da, n)
        store(dz, n, where(load(z, n) <= 0.0, alpha * d, d))
    return 0.0


@instruction
def elu_forward(context, row):
    """a = z where z > 0, else alpha (e^z - 1)."""
    z, a, alpha = values(context, row[2]), values(context, row[3]), options(row)[0]
    for n in range(0, row[4] * row[c.PADDED], LANES):
        zn = load(z, n)
        store(a, n, where(zn <= 0.0, alpha * (exponential(zn) - 1.0), zn))
    return 0.0


@instruction
def elu_backward(context, row):
    """da/dz = 1 where z > 0, else alpha e^z = a + alpha."""
    z, a, da, dz, alpha = (
        values(context, row[2]),
        values(context, row[3]),
        deltas(context, row[3]),
        deltas(context, row[5]),
        options(row)[0],
    )
    for n in range(0, row[4] * row[c.PADDED], LANES):
        d = load(da, n)
        store(dz, n, where(load(z, n) <= 0.0, d * (load(a, n) + alpha), d))
    return 0.0


@instruction
def gelu_forward(context, row):
    """a = z Phi(z)."""
    z, a = values(context, row[2]), values(context, row[3])
    for n in range(0, row[4] * row[c.PADDED], LANES):
        zn = load(z, n)
        store(a, n, zn * normal_cdf(zn))
    return 0.0


@instruction
def gelu_backward(context, row):
    """da/dz = Phi(z) + z phi(z),  Phi(z) = a / z,  phi(z) = e^(-z^2 / 2) / sqrt(2 pi)."""
    z, a, da, dz = values(context, row[2]), values(context, row[3]), deltas(context, row[3]), deltas(context, row[5])
    for n in range(0, row[4] * row[c.PADDED], LANES):
        zn = load(z, n)
        share = where(magnitude(zn) < 1e-30, 0.5, load(a, n) / zn)
        phi = exponential(-0.5 * zn * zn) * INVERSE_SQRT_2PI
        store(dz, n, load(da, n) * (share + zn * phi))
    return 0.0


@instruction
def gelu_tanh_forward(context, row):
    """a = z (1 + tanh u) / 2 = z / (1 + e^-2u),  u = sqrt(2 / pi) (z + 0.044715 z^3).

    The second form keeps the far left right.
    """
    z, a = values(context, row[2]), values(context, row[3])
    for n in range(0, row[4] * row[c.PADDED], LANES):
        zn = load(z, n)
        u = SQRT_2_OVER_PI * zn * (1.0 + 0.044715 * zn * zn)
        store(a, n, zn / (1.0 + exponential(-2.0 * u)))
    return 0.0


@instruction
def gelu_tanh_backward(context, row):
    """da/dz = s + 2 z s (1 - s) u',  s = 1 / (1 + e^-2u),  u' = sqrt(2 / pi) (1 + 3 * 0.044715 z^2)."""
    z, da, dz = values(context, row[2]), deltas(context, row[3]), deltas(context, row[5])
    for n in range(0, row[4] * row[c.PADDED], LANES):
        zn = load(z, n)
        square = zn * zn
        s = 1.0 / (1.0 + exponential(-2.0 * SQRT_2_OVER_PI * zn * (1.0 + 0.044715 * square)))
        slope = SQRT_2_OVER_PI * (1.0 + 0.134145 * square)
        store(dz, n, load(da, n) * s * (1.0 + 2.0 * zn * (1.0 - s) * slope))
    return 0.0


@instruction
def silu_forward(context, row):
    """a = z s(z),  s(z) = 1 / (1 + e^-z)."""
    z, a = values(context, row[2]), values(context, row[3])
    for n in range(0, row[4] * row[c.PADDED], LANES):
        zn = load(z, n)
        store(a, n, zn / (1.0 + exponential(-zn)))
    return 0.0


@instruction
def silu_backward(context, row):
    """da/dz = s (1 + z (1 - s))."""
    z, da, dz = values(context, row[2]), deltas(context, row[3]), deltas(context, row[5])
    for n in range(0, row[4] * row[c.PADDED], LANES):
        zn = load(z, n)
        s = 1.0 / (1.0 + exponential(-zn))
        store(dz, n, load(da, n) * s * (1.0 + zn * (1.0 - s)))
    return 0.0


@instruction
def tanh_forward(context, row):
    """a = tanh z."""
    z, a = values(context, row[2]), values(context, row[3])
    for n in range(0, row[4] * row[c.PADDED], LANES):
        store(a, n, hyperbolic_tangent(load(z, n)))
    return 0.0


@instruction
def tanh_backward(context, row):
    """da/dz = 1 - a^2."""
    a, da, dz = values(context, row[3]), deltas(context, row[3]), deltas(context, row[5])
    for n in range(0, row[4] * row[c.PADDED], LANES):
        an = load(a, n)
        store(dz, n, load(da, n) * (1.0 - an * an))
    return 0.0


@instruction
def sigmoid_forward(context, row):
    """a = 1 / (1 + e^-z)."""
    z, a = values(context, row[2]), values(context, row[3])
    for n in range(0, row[4] * row[c.PADDED], LANES):
        store(a, n, 1.0 / (1.0 + exponential(-load(z, n))))
    return 0.0


@instruction
def sigmoid_backward(context, row):
    """da/dz = a (1 - a)."""
    a, da, dz = values(context, row[3]), deltas(context, row[3]), deltas(context, row[5])
    for n in range(0, row[4] * row[c.PADDED], LANES):
        an = load(a, n)
        store(dz, n, load(da, n) * an * (1.0 - an))
    return 0.0


@instruction
def softplus_forward(context, row):
    """a = ln(1 + e^z) = max(z, 0) + ln(1 + e^-|z|)."""
    z, a = values(context, row[2]), values(context, row[3])
    for n in range(0, row[4] * row[c.PADDED], LANES):
        zn = load(z, n)
        store(a, n, where(zn <= 0.0, 0.0, zn) + log_one_plus(exponential(-magnitude(zn))))
    return 0.0


@instruction
def softplus_backward(context, row):
    """da/dz = 1 / (1 + e^-z)."""
    z, da, dz = values(context, row[2]), deltas(context, row[3]), deltas(context, row[5])
    for n in range(0, row[4] * row[c.PADDED], LANES):
        store(dz, n, load(da, n) / (1.0 + exponential(-load(z, n))))
    return 0.0


@instruction
def softmax_forward(context, row):
    """a_k = e^(z_k - m) / sum_j e^(z_j - m),  m = max_j z_j, lane by lane; for each of row[6] time steps."""
    lanes, units = row[c.PADDED], row[4]
    for t in range(row[6]):
        z, a = values(context, row[2] + t * units * lanes), values(context, row[3] + t * units * lanes)
        softmax_rows(a, z, units, lanes)
    return 0.0


@instruction
def softmax_backward(context, row):
    """dL/dz_k = a_k (dL/da_k - sum_j a_j dL/da_j), lane by lane; for each of row[6] time steps."""
    lanes, units = row[c.PADDED], row[4]
    for t in range(row[6]):
        step = t * units * lanes
        a, da, dz = values(context, row[3] + step), deltas(context, row[3] + step), deltas(context, row[5] + step)
        softmax_rows_backward(dz, a, da, units, lanes)
    return 0.0


@numba.njit(**OPTIONS)
def softmax_rows(a, z, units, lanes):
    """Softmax over `units` rows, in every lane; a and z may be the same."""
    for n in range(0, lanes, LANES):
        greatest = load(z, n)
        for k in range(1, units):
            zk = load(z, k * lanes + n)
            greatest = where(zk <= greatest, greatest, zk)
        total_of_powers = splat(z, 0.0)
        for k in range(units):
            power = exponential(load(z, k * lanes + n) - greatest)
            store(a, k * lanes + n, power)
            total_of_powers = total_of_powers + power
        for k in range(units):
            store(a, k * lanes + n, load(a, k * lanes + n) / total_of_powers)


@numba.njit(**OPTIONS)
def softmax_rows_backward(dz, a, da, units, lanes):
    """The way back of `softmax_rows`; dz and da may be the same."""
    for n in range(0, lanes, LANES):
        mean = splat(a, 0.0)
        for k in range(units):
            mean = mean + load(a, k * lanes + n) * load(da, k * lanes + n)
        for k in range(units):
            store(dz, k * lanes + n, load(a, k * lanes + n) * (load(da, k * lanes + n) - mean))
