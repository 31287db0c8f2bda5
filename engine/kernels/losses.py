"""Losses: the value for the batch and dL/do beside each other. Sources are with the specs in `engine/losses.py`.

Every row: 2 = offset of the outputs o, 3 = of the targets y, 4 = of the lane weights (1 / batch, or 0 in padding),
5 = outputs per example (per time step for the categorical loss, 6 = time steps).
"""

from engine.kernels import context as c
from engine.kernels.context import deltas, options, values
from engine.kernels.instructions import instruction
from engine.kernels.simd import (
    LANES,
    exponential,
    load,
    log_one_plus,
    logarithm,
    magnitude,
    splat,
    store,
    total,
    where,
)


@instruction
def mean_squared_error(context, row):
    """L = mean of e^2,  dL/do = 2 e / (batch outputs),  e = o - y."""
    lanes, outputs, loss = row[c.PADDED], row[5], 0.0
    o, do, y, weight = (
        values(context, row[2]),
        deltas(context, row[2]),
        values(context, row[3]),
        values(context, row[4]),
    )
    for n in range(0, lanes, LANES):
        share = load(weight, n) / outputs
        for k in range(outputs):
            e = load(o, k * lanes + n) - load(y, k * lanes + n)
            store(do, k * lanes + n, 2.0 * share * e)
            loss += total(share * e * e)
    return loss


@instruction
def half_squared_error(context, row):
    """L = mean over the batch of sum e^2 / 2,  dL/do = e / batch,  e = o - y."""
    lanes, outputs, loss = row[c.PADDED], row[5], 0.0
    o, do, y, weight = (
        values(context, row[2]),
        deltas(context, row[2]),
        values(context, row[3]),
        values(context, row[4]),
    )
    for n in range(0, lanes, LANES):
        share = load(weight, n)
        for k in range(outputs):
            e = load(o, k * lanes + n) - load(y, k * lanes + n)
            store(do, k * lanes + n, share * e)
            loss += total(0.5 * share * e * e)
    return loss


@instruction
def mean_absolute_error(context, row):
    """L = mean of |e|,  dL/do = sign(e) / (batch outputs),  e = o - y."""
    lanes, outputs, loss = row[c.PADDED], row[5], 0.0
    o, do, y, weight = (
        values(context, row[2]),
        deltas(context, row[2]),
        values(context, row[3]),
        values(context, row[4]),
    )
    for n in range(0, lanes, LANES):
        share = load(weight, n) / outputs
        for k in range(outputs):
            e = load(o, k * lanes + n) - load(y, k * lanes + n)
            store(do, k * lanes + n, where(e > 0.0, share, where(e < 0.0, -share, e)))
            loss += total(share * magnitude(e))
    return loss


@instruction
def huber(context, row):
    """L = mean of e^2 / 2 where |e| <= delta, else delta (|e| - delta / 2);  dL/do = clip(e) / (batch outputs)."""
    lanes, outputs, delta, loss = row[c.PADDED], row[5], options(row)[0], 0.0
    o, do, y, weight = (
        values(context, row[2]),
        deltas(context, row[2]),
        values(context, row[3]),
        values(context, row[4]),
    )
    for n in range(0, lanes, LANES):
        share = load(weight, n) / outputs
        for k in range(outputs):
            e = load(o, k * lanes + n) - load(y, k * lanes + n)
            size = magnitude(e)
            clipped = where(e > delta, delta, where(e < -delta, -delta, e))
            store(do, k * lanes + n, share * clipped)
            loss += total(share * where(size > delta, delta * (size - 0.5 * delta), 0.5 * e * e))
    return loss


@instruction
def hinge(context, row):
    """L = mean of max(0, 1 - y o);  dL/do = -y / (batch outputs) where y o < 1, else 0."""
    lanes, outputs, loss = row[c.PADDED], row[5], 0.0
    o, do, y, weight = (
        values(context, row[2]),
        deltas(context, row[2]),
        values(context, row[3]),
        values(context, row[4]),
    )
    for n in range(0, lanes, LANES):
        share = load(weight, n) / outputs
        for k in range(outputs):
            yk = load(y, k * lanes + n)
            slack = 1.0 - yk * load(o, k * lanes + n)
            store(do, k * lanes + n, where(slack <= 0.0, 0.0, -share * yk))
            loss += total(share * where(slack <= 0.0, 0.0, slack))
    return loss


@instruction
def binary_cross_entropy(context, row):
    """L = mean of max(o, 0) - y o + ln(1 + e^-|o|);  dL/do = (sigmoid(o) - y) / (batch outputs)."""
    lanes, outputs, loss = row[c.PADDED], row[5], 0.0
    o, do, y, weight = (
        values(context, row[2]),
        deltas(context, row[2]),
        values(context, row[3]),
        values(context, row[4]),
    )
    for n in range(0, lanes, LANES):
        share = load(weight, n) / outputs
        for k in range(outputs):
            ok, yk = load(o, k * lanes + n), load(y, k * lanes + n)
            store(do, k * lanes + n, share * (1.0 / (1.0 + exponential(-ok)) - yk))
            loss += total(share * (where(ok <= 0.0, 0.0, ok) - yk * ok + log_one_plus(exponential(-magnitude(ok)))))
    return loss


@instruction
def categorical_cross_entropy(context, row):
    """L = mean of ln(sum_k e^(o_k - m)) + m - o_y,  m = max_k o_k;  dL/do_k = (softmax(o)_k - [k = y]) / batch.

    Over row[6] time steps, each with its own label; the mean is over batch and time.
    """
    lanes, classes, steps, loss = row[c.PADDED], row[5], row[6], 0.0
    for t in range(steps):
        o, do = values(context, row[2] + t * classes * lanes), deltas(context, row[2] + t * classes * lanes)
        y, weight = values(context, row[3] + t * lanes), values(context, row[4])
        for n in range(0, lanes, LANES):
            share, label, greatest = load(weight, n) / steps, load(y, n), load(o, n)
            for k in range(1, classes):
                ok = load(o, k * lanes + n)
                greatest = where(ok <= greatest, greatest, ok)
            total_of_powers, chosen = splat(o, 0.0), splat(o, 0.0)
            for k in range(classes):
                above = load(o, k * lanes + n) - greatest
                power = exponential(above)
                store(do, k * lanes + n, power)
                total_of_powers = total_of_powers + power
                chosen = where(label == k, above, chosen)
            for k in range(classes):
                probability = load(do, k * lanes + n) / total_of_powers
                store(do, k * lanes + n, share * where(label == k, probability - 1.0, probability))
            loss += total(share * (logarithm(total_of_powers) - chosen))
    return loss
