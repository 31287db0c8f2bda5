"""Normalisation: n = (x - mean) / s,  s = sqrt(variance + epsilon),  y = weight n + bias; and back.

With S1 = sum dL/dn and S2 = sum n dL/dn over the `count` numbers that share a mean (Ioffe & Szegedy 2015, section 3):
dL/dmean = -S1 / s,  dL/dvariance = -S2 / (2 s^2),  dL/dx = (dL/dn - (S1 + n S2) / count) / s.

Every row: 2 = x, 3 = y, 4 = n, 5 = mean, 6 = variance, 7 = weight, 8 = bias, 9 = features, 10 = repeats; options:
0 = epsilon.
"""

import math

import numba

from engine.kernels import context as c
from engine.kernels.context import deltas, gradients, options, parameters, state, statistics, values
from engine.kernels.instructions import instruction
from engine.kernels.simd import LANES, OPTIONS, first_lanes, fma, load, splat, square_root, store, total, where


@instruction
def layer_norm_forward(context, row):
    """Mean and variance over the features of one example, at each of `repeats` time steps."""
    lanes, features, epsilon = row[c.PADDED], row[9], options(row)[0]
    weight, bias = parameters(context, row[7]), parameters(context, row[8])
    for t in range(row[10]):
        step = t * features * lanes
        x, y = values(context, row[2] + step), values(context, row[3] + step)
        normalised = values(context, row[4] + step)
        means, variances = values(context, row[5] + t * lanes), values(context, row[6] + t * lanes)
        for n in range(0, lanes, LANES):
            mean, variance = splat(x, 0.0), splat(x, 0.0)
            for k in range(features):
                mean = mean + load(x, k * lanes + n)
            mean = mean / features
            for k in range(features):
                distance = load(x, k * lanes + n) - mean
                variance = fma(distance, distance, variance)
            variance = variance / features
            store(means, n, mean)
            store(variances, n, variance)
            inverse = 1.0 / square_root(variance + epsilon)
            for k in range(features):
                nk = (load(x, k * lanes + n) - mean) * inverse
                store(normalised, k * lanes + n, nk)
                store(y, k * lanes + n, weight[k] * nk + bias[k])
    return 0.0


@instruction
def layer_norm_backward(context, row):
    """dL/dn = weight dL/dy, and from it dL/dx, lane by lane; with row[11] dL/dx is added to what is there."""
    lanes, features, epsilon, weight = row[c.PADDED], row[9], options(row)[0], parameters(context, row[7])
    for t in range(row[10]):
        step = t * features * lanes
        dx, dy, dn = deltas(context, row[2] + step), deltas(context, row[3] + step), deltas(context, row[4] + step)
        normalised, variances = values(context, row[4] + step), values(context, row[6] + t * lanes)
        for n in range(0, lanes, LANES):
            s1, s2 = splat(dx, 0.0), splat(dx, 0.0)
            for k in range(features):
                d = weight[k] * load(dy, k * lanes + n)
                store(dn, k * lanes + n, d)
                s1, s2 = s1 + d, fma(d, load(normalised, k * lanes + n), s2)
            inverse = 1.0 / square_root(load(variances, n) + epsilon)
            store(deltas(context, row[5] + t * lanes), n, -s1 * inverse)
            store(deltas(context, row[6] + t * lanes), n, -0.5 * s2 * inverse * inverse)
            s1, s2 = s1 / features, s2 / features
            for k in range(features):
                d = (load(dn, k * lanes + n) - s1 - load(normalised, k * lanes + n) * s2) * inverse
                store(dx, k * lanes + n, d + load(dx, k * lanes + n) if row[11] else d)
    return 0.0


@instruction
def layer_norm_weight_gradient(context, row):
    """dL/dweight[k] = sum of n[k] dL/dy[k] over batch and time,  dL/dbias[k] = sum of dL/dy[k]."""
    lanes, features = row[c.PADDED], row[9]
    for k in range(features):
        dy, normalised = deltas(context, row[3] + k * lanes), values(context, row[4] + k * lanes)
        sums = products_and_sums(dy, normalised, row[10], features * lanes, lanes)
        gradients(context, row[7])[k], gradients(context, row[8])[k] = sums
    return 0.0


@numba.njit(**OPTIONS)
def products_and_sums(dy, normalised, repeats, step, lanes):
    """(sum of n dL/dy, sum of dL/dy) over `repeats` times all lanes; the padding's dL/dy are 0."""
    products, sums = splat(dy, 0.0), splat(dy, 0.0)
    for r in range(repeats):
        for n in range(r * step, r * step + lanes, LANES):
            d = load(dy, n)
            products, sums = fma(d, load(normalised, n), products), sums + d
    return total(products), total(sums)


# Batch normalisation: 11 = from one feature to the next, 12 = from one repeat to the next, 13 = running mean,
# 14 = running variance, 15 = training; options: 1 = momentum. Repeats are time steps, or the places of an image.


@instruction
def batch_norm_forward(context, row):
    """Mean and variance of each feature over batch and repeats; in evaluation those that training kept."""
    lanes, repeats, step, batch = row[c.PADDED], row[10], row[12], state(context)[c.BATCH]
    epsilon, momentum, count = options(row)[0], options(row)[1], batch * repeats
    weight, bias = parameters(context, row[7]), parameters(context, row[8])
    running_mean, running_variance = statistics(context, row[13]), statistics(context, row[14])
    for k in range(row[9]):
        shift = k * row[11]
        x, y = values(context, row[2] + shift), values(context, row[3] + shift)
        normalised = values(context, row[4] + shift)
        mean, variance = float(running_mean[k]), float(running_variance[k])
        if row[15]:
            mean = distances(x, 0.0, repeats, step, lanes, batch)[0] / count
            variance = distances(x, mean, repeats, step, lanes, batch)[1] / count
            if count > 1:  # one number alone says nothing of a spread
                running_mean[k] += momentum * (mean - running_mean[k])
                running_variance[k] += momentum * (variance * count / (count - 1) - running_variance[k])
        inverse = 1.0 / math.sqrt(variance + epsilon)
        for n in range(0, lanes, LANES):
            store(values(context, row[5] + k * lanes), n, mean)
            store(values(context, row[6] + k * lanes), n, variance)
        for r in range(repeats):
            for n in range(r * step, r * step + lanes, LANES):
                nk = (load(x, n) - mean) * inverse
                store(normalised, n, nk)
                store(y, n, weight[k] * nk + bias[k])
    return 0.0


@instruction
def batch_norm_backward(context, row):
    """dL/dweight, dL/dbias, and dL/dx; in evaluation mean and variance do not depend on x: dL/dx = dL/dn / s."""
    lanes, repeats, step, batch = row[c.PADDED], row[10], row[12], state(context)[c.BATCH]
    epsilon, weight, count = options(row)[0], parameters(context, row[7]), batch * repeats
    for k in range(row[9]):
        shift = k * row[11]
        dx, dy, dn = deltas(context, row[2] + shift), deltas(context, row[3] + shift), deltas(context, row[4] + shift)
        normalised, w = values(context, row[4] + shift), weight[k]
        dw, db = products_and_sums(dy, normalised, repeats, step, lanes)
        gradients(context, row[7])[k], gradients(context, row[8])[k] = dw, db
        inverse = 1.0 / math.sqrt(values(context, row[6] + k * lanes)[0] + epsilon)
        for n in range(0, lanes, LANES):
            store(deltas(context, row[5] + k * lanes), n, -w * db * inverse)
            store(deltas(context, row[6] + k * lanes), n, -0.5 * w * dw * inverse * inverse)
        s1, s2 = (w * db, w * dw) if row[15] else (0.0, 0.0)
        for r in range(repeats):
            for n in range(0, lanes, LANES):
                place = r * step + n
                d = w * load(dy, place)
                store(dn, place, d)
                d = (d - (s1 + load(normalised, place) * s2) / count) * inverse
                store(dx, place, where(first_lanes(batch - n), d, 0.0))
    return 0.0


@numba.njit(**OPTIONS)
def distances(x, centre, repeats, step, lanes, batch):
    """(sum of x - centre, sum of its squares) over `repeats` times the lanes of the batch."""
    sums, squares = splat(x, 0.0), splat(x, 0.0)
    for r in range(repeats):
        for n in range(0, lanes, LANES):
            distance = where(first_lanes(batch - n), load(x, r * step + n) - centre, 0.0)
            sums, squares = sums + distance, fma(distance, distance, squares)
    return total(sums), total(squares)
