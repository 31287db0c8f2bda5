"""Which examples an update sees, and bringing them into the buffers."""

import numba
import numpy as np

from engine.kernels import context as c
from engine.kernels.context import buffer, deltas, integers, state, values
from engine.kernels.instructions import instruction
from engine.kernels.simd import LANES, OPTIONS, at, first_lanes, load, splat, store, transpose_block, where


@numba.njit(**OPTIONS)
def random_bits(seed, counter):
    """64 random bits, a pure function of both arguments. SplitMix64 (Steele, Lea & Flood 2014), applied twice."""
    z = np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(counter)
    for _ in range(2):
        z = z + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return z


@numba.njit(**OPTIONS)
def shuffle(order, count, seed, epoch):
    """The order of an epoch's examples: a pure function of seed and epoch. Fisher & Yates 1938, from the identity."""
    for i in range(count):
        order[i] = i
    key = random_bits(seed, epoch)
    for i in range(count - 1, 0, -1):
        j = np.int64(random_bits(key, i) % np.uint64(i + 1))
        order[i], order[j] = order[j], order[i]


@instruction
def next_batch(context, row):
    """Choose the next examples: BATCH of them, from START on in the order of the epoch.

    The last batch of an epoch is what is left. With CARRIES, what is left joins the first batch of the next epoch.
    """
    s = state(context)
    left = s[c.EXAMPLES] - s[c.POSITION]
    carried = s[c.CARRIES] != 0 and 0 < left < s[c.SIZE]
    if left <= 0 or carried:
        s[c.EPOCH] += 1
    if left <= 0:
        s[c.POSITION] = 0
        left = s[c.EXAMPLES]
    if s[c.POSITION] == 0 and s[c.SHUFFLES] != 0:
        shuffle(integers(context, c.ORDER), s[c.EXAMPLES], s[c.SEED], s[c.EPOCH])
    s[c.START] = s[c.POSITION]
    if carried:
        s[c.BATCH] = left + s[c.SIZE]
        s[c.POSITION] = s[c.SIZE]
    else:
        s[c.BATCH] = min(left, s[c.SIZE])
        s[c.POSITION] += s[c.BATCH]
    return 0.0


@instruction
def gather(context, row):
    """Bring the batch in: inputs as rows [example, stride], as the data have them, and transposed, [feature, lane]."""
    lanes, rows, x, stride = row[c.PADDED], values(context, row[2]), values(context, row[3]), row[4]
    s, data, order = state(context), buffer(context, c.INPUTS), integers(context, c.ORDER)
    place = s[c.START]
    for n in range(s[c.BATCH]):
        source, target = at(data, order[place] * stride), at(rows, n * stride)
        for f in range(0, stride, LANES):
            store(target, f, load(source, f))
        place = place + 1 if place + 1 < s[c.EXAMPLES] else 0
    for n in range(s[c.BATCH] * stride, s[c.FILLED] * stride, LANES):
        store(rows, n, 0.0)
    for n in range(0, lanes, LANES):
        for f in range(0, stride, LANES):
            transpose_block(at(rows, n * stride + f), stride, at(x, f * lanes + n), lanes)
    return 0.0


@instruction
def gather_narrow(context, row):
    """`gather` for a few features, whose rows nobody reads: number by number, [feature, lane]."""
    lanes, x, features, stride = row[c.PADDED], values(context, row[3]), row[5], row[4]
    s, data, order = state(context), buffer(context, c.INPUTS), integers(context, c.ORDER)
    place = s[c.START]
    for n in range(s[c.BATCH]):
        source = at(data, order[place] * stride)
        for f in range(features):
            x[f * lanes + n] = source[f]
        place = place + 1 if place + 1 < s[c.EXAMPLES] else 0
    for n in range(s[c.BATCH], s[c.FILLED]):
        for f in range(features):
            x[f * lanes + n] = 0.0
    return 0.0


@instruction
def gather_targets(context, row):
    """Bring the targets in, [target, lane], and each lane's share of the loss: 1 / batch, or 1 / DIVISOR; 0 in padding.

    The last of the gathering rows: it notes how many lanes are filled, so that the next batch need empty no others.
    """
    lanes, y, shares, count = row[c.PADDED], values(context, row[2]), values(context, row[3]), row[4]
    s, data, order = state(context), buffer(context, c.TARGETS), integers(context, c.ORDER)
    batch, place = s[c.BATCH], s[c.START]
    for n in range(batch):
        source = at(data, order[place] * count)
        for k in range(count):
            y[k * lanes + n] = source[k]
        place = place + 1 if place + 1 < s[c.EXAMPLES] else 0
    divisor = s[c.DIVISOR] if s[c.DIVISOR] > 0 else batch
    if batch != s[c.FILLED] or divisor != s[c.DIVIDED]:
        for n in range(batch, s[c.FILLED]):
            for k in range(count):
                y[k * lanes + n] = 0.0
        for n in range(0, lanes, LANES):
            store(shares, n, where(first_lanes(batch - n), splat(shares, 1.0 / divisor), 0.0))
        s[c.FILLED], s[c.DIVIDED] = batch, divisor
    return 0.0


@instruction
def transpose_rows(context, row):
    """Copy values [time, feature, lane] to rows [time, lane, stride]: weight gradients read them example by example."""
    lanes, features, stride = row[c.PADDED], row[4], row[5]
    for t in range(row[6]):
        x, rows = values(context, row[2] + t * features * lanes), values(context, row[3] + t * lanes * stride)
        for n in range(0, lanes, LANES):
            for f in range(0, stride, LANES):
                transpose_block(at(x, f * lanes + n), lanes, at(rows, n * stride + f), stride)
    return 0.0


@instruction
def add_deltas(context, row):
    """dL/dx += what another consumer of x has to say: 2 = x, 3 = the other, 4 = features."""
    dx, more = deltas(context, row[2]), deltas(context, row[3])
    for n in range(0, row[4] * row[c.PADDED], LANES):
        store(dx, n, load(dx, n) + load(more, n))
    return 0.0


@instruction
def store_outputs(context, row):
    """Copy values [feature, lane] of the batch to the caller's outputs [example, feature]."""
    lanes, x, count = row[c.PADDED], values(context, row[2]), row[3]
    s, out = state(context), buffer(context, c.OUTPUTS)
    for k in range(count):
        for n in range(s[c.BATCH]):
            out[(s[c.START] + n) * count + k] = x[k * lanes + n]
    return 0.0


@numba.njit(**OPTIONS)
def _shuffle_array(order, seed, epoch):
    shuffle(order, order.size, seed, epoch)


def shuffle_order(order, seed, epoch):
    """Write the order of an epoch's examples into `order`, int64 [n], as `next_batch` does when that epoch starts."""
    _shuffle_array(order, seed, epoch)
