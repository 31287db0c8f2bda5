"""Two-dimensional convolution (cross-correlation, as everywhere in deep learning) and its two gradients.

    z[o, i, j] = b[o] + sum over c, k, m of W[o, c, k, m] x[c, i s - p + k d, j s' - p' + m d']

x [channels, height, width, lanes], W [filters, channels, kernel height, kernel width], z [filters, height, width, lanes];
s stride, p padding, d dilation. The sum is clipped to the taps that fall inside the picture, so nobody copies it into a
larger one. LeCun et al. 1989; the arithmetic of shapes and of the transposed direction is Dumoulin & Visin 2016's.

Rows: 2 = x (dL/dx where that is the result), 3 = z, 4 = weight, 5 = bias (-1: none), 6-8 = channels, height and width of x,
9-11 = filters, height and width of z, 12-13 = kernel, 14-15 = stride, 16-17 = padding above and left, 18-19 = dilation.
"""

import numba

from engine.kernels import context as c
from engine.kernels.context import deltas, gradients, parameters, values
from engine.kernels.instructions import instruction
from engine.kernels.products import row_sums
from engine.kernels.simd import LANES, OPTIONS, at, fma, load, splat, store, total


@numba.njit(**OPTIONS)
def ceiling(a, b):
    """a / b rounded up, b > 0."""
    return -(-a // b)


@numba.njit(**OPTIONS)
def taps_forward(place, size, kernel, stride, padding, dilation):
    """Along one axis, what z[place] sees of x: (first tap, from tap to tap, how many, first of x, from one to the next)."""
    start = place * stride - padding
    first, end = max(0, ceiling(-start, dilation)), min(kernel, ceiling(size - start, dilation))
    return first, 1, end - first, start + first * dilation, dilation


@numba.njit(**OPTIONS)
def taps_backward(place, size, kernel, stride, padding, dilation, step):
    """The same for what saw x[place]: the taps k whose (place + p - k d) / s is a place of z.

    They are `step` = s / gcd(s, d) apart.
    """
    start = place + padding
    first, end = max(0, ceiling(start - (size - 1) * stride, dilation)), min(kernel, start // dilation + 1)
    while first < end and (start - first * dilation) % stride != 0:
        first += 1
    return first, step, ceiling(end - first, step), (start - first * dilation) // stride, -step * dilation // stride


@numba.njit(**OPTIONS)
def correlate(y, outputs, y_plane, x, inputs, x_plane, x_row, weight, w_out, w_in, w_row, down, across, lanes, bias, biased):
    """At one place: y[o] = b[o] + sum over inputs and taps of W x, four outputs at a time.

    `down` and `across` say which taps there are along each axis and what they see of x; *_plane, *_row and w_* are how far
    it is from one channel, row or weight to the next.
    """
    ky, ky_step, rows, row, row_step = down
    kx, kx_step, columns, column, column_step = across
    weight, x = at(weight, ky * w_row + kx), at(x, row * x_row + column * lanes)
    for n in range(0, lanes, LANES):
        for o in range(0, outputs, 4):
            o1, o2, o3 = min(o + 1, outputs - 1), min(o + 2, outputs - 1), min(o + 3, outputs - 1)
            y0, y1, y2, y3 = splat(x, 0.0), splat(x, 0.0), splat(x, 0.0), splat(x, 0.0)
            if biased:
                y0, y1, y2, y3 = splat(x, bias[o]), splat(x, bias[o1]), splat(x, bias[o2]), splat(x, bias[o3])
            for i in range(inputs):
                for r in range(rows):
                    source, tap = at(x, i * x_plane + r * row_step * x_row + n), i * w_in + r * ky_step * w_row
                    w0, w1 = at(weight, o * w_out + tap), at(weight, o1 * w_out + tap)
                    w2, w3 = at(weight, o2 * w_out + tap), at(weight, o3 * w_out + tap)
                    for k in range(columns):
                        xk, m = load(source, k * column_step * lanes), k * kx_step
                        y0, y1, y2, y3 = fma(w0[m], xk, y0), fma(w1[m], xk, y1), fma(w2[m], xk, y2), fma(w3[m], xk, y3)
            store(y, o3 * y_plane + n, y3)
            store(y, o2 * y_plane + n, y2)
            store(y, o1 * y_plane + n, y1)
            store(y, o * y_plane + n, y0)


@instruction
def conv2d_forward(context, row):
    """z[o, i, j] = b[o] + sum over c, k, m of W[o, c, k, m] x[c, i s - p + k d, j s' - p' + m d']."""
    lanes, x, z = row[c.PADDED], values(context, row[2]), values(context, row[3])
    weight, bias = parameters(context, row[4]), parameters(context, max(row[5], 0))
    channels, height, width, filters, z_height, z_width, tall, wide = (
        row[6], row[7], row[8], row[9], row[10], row[11], row[12], row[13],
    )  # fmt: skip
    for i in range(z_height):
        down = taps_forward(i, height, tall, row[14], row[16], row[18])
        for j in range(z_width):
            across = taps_forward(j, width, wide, row[15], row[17], row[19])
            correlate(
                at(z, (i * z_width + j) * lanes), filters, z_height * z_width * lanes,
                x, channels, height * width * lanes, width * lanes,
                weight, channels * tall * wide, tall * wide, wide, down, across, lanes, bias, row[5] >= 0,
            )  # fmt: skip
    return 0.0


@instruction
def conv2d_input_gradient(context, row):
    """dL/dx[c, y, x] = sum over o and the taps that saw the pixel of W[o, c, k, m] dL/dz[o, (y + p - k d) / s, ...]."""
    lanes, dx, dz, weight = row[c.PADDED], deltas(context, row[2]), deltas(context, row[3]), parameters(context, row[4])
    channels, height, width, filters, z_height, z_width, tall, wide = (
        row[6], row[7], row[8], row[9], row[10], row[11], row[12], row[13],
    )  # fmt: skip
    for i in range(height):
        down = taps_backward(i, z_height, tall, row[14], row[16], row[18], row[20])
        for j in range(width):
            across = taps_backward(j, z_width, wide, row[15], row[17], row[19], row[21])
            correlate(
                at(dx, (i * width + j) * lanes), channels, height * width * lanes,
                dz, filters, z_height * z_width * lanes, z_width * lanes,
                weight, tall * wide, channels * tall * wide, wide, down, across, lanes, weight, False,
            )  # fmt: skip
    return 0.0


@numba.njit(**OPTIONS)
def places(tap, size, out, stride, padding, dilation):
    """Along one axis, the places of z whose tap falls inside x: (first, end, what the first sees)."""
    start = tap * dilation - padding
    first = max(0, ceiling(-start, stride))
    return first, min(out, ceiling(size - start, stride)), start + first * stride


@instruction
def conv2d_weight_gradient(context, row):
    """dL/dW[o, c, k, m] = sum over batch and places of dL/dz[o, i, j] x[c, ...];  dL/db[o] = sum of dL/dz[o]."""
    lanes, x, dz, gradient = row[c.PADDED], values(context, row[2]), deltas(context, row[3]), gradients(context, row[4])
    channels, height, width, filters, z_height, z_width, tall, wide = (
        row[6], row[7], row[8], row[9], row[10], row[11], row[12], row[13],
    )  # fmt: skip
    plane, taps = z_height * z_width * lanes, channels * tall * wide
    for o in range(0, filters, 4):
        o1, o2, o3 = min(o + 1, filters - 1), min(o + 2, filters - 1), min(o + 3, filters - 1)
        for tap in range(taps):
            k, m = tap // wide % tall, tap % wide
            i, i_end, y = places(k, height, z_height, row[14], row[16], row[18])
            j, j_end, across = places(m, width, z_width, row[15], row[17], row[19])
            g0, g1, g2, g3 = splat(x, 0.0), splat(x, 0.0), splat(x, 0.0), splat(x, 0.0)
            runs, length = (1, (j_end - j) * lanes) if row[15] == 1 else (j_end - j, lanes)
            for r in range(i_end - i):
                source = at(x, ((tap // (wide * tall) * height + y + r * row[14]) * width + across) * lanes)
                start = ((i + r) * z_width + j) * lanes
                d0, d1 = at(dz, o * plane + start), at(dz, o1 * plane + start)
                d2, d3 = at(dz, o2 * plane + start), at(dz, o3 * plane + start)
                for run in range(runs):
                    here, there = run * lanes, run * row[15] * lanes
                    for n in range(0, length, LANES):
                        xn = load(source, there + n)
                        g0, g1 = fma(load(d0, here + n), xn, g0), fma(load(d1, here + n), xn, g1)
                        g2, g3 = fma(load(d2, here + n), xn, g2), fma(load(d3, here + n), xn, g3)
            gradient[o3 * taps + tap] = total(g3)
            gradient[o2 * taps + tap] = total(g2)
            gradient[o1 * taps + tap] = total(g1)
            gradient[o * taps + tap] = total(g0)
    if row[5] >= 0:
        row_sums(gradients(context, row[5]), dz, filters, plane, False)
    return 0.0
