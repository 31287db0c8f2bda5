"""Two-dimensional convolution (cross-correlation, as everywhere in deep learning) and its gradients.

    z[o, i, j] = b[o] + sum over c, k, m of W[o, c, k, m] x[c, i s - p + k d, j s' - p' + m d']

x [channels, height, width, lanes], W [filters, channels, kernel height, kernel width], z [filters, height, width,
lanes]; s stride, p padding, d dilation. The sums are clipped to the taps (k, m) that fall inside the picture, so nobody
copies it into a larger one. LeCun et al. 1989; strides and the way back as in Dumoulin & Visin 2016.

Rows: 2 = x (dL/dx where that is the result), 3 = z, 4 = weight, 5 = bias (-1: none), 6-8 = channels, height and width
of x, 9-11 = filters, height and width of z, 12-13 = kernel, 14-15 = stride, 16-17 = padding above and left, 18-19 =
dilation; 20-21 = stride / gcd(stride, dilation), for the input gradient.
"""

import numba

from engine.kernels import context as c
from engine.kernels.context import deltas, gradients, parameters, values
from engine.kernels.instructions import instruction
from engine.kernels.products import row_sums
from engine.kernels.simd import (
    LANES,
    OPTIONS,
    add_products,
    at,
    load,
    load_rows,
    rows,
    splat_rows,
    store_rows,
    totals,
    zero_products,
)

FASTEST_CACHE = 6144  # numbers of a strip of the pictures; 24 KiB


@numba.njit(**OPTIONS)
def shapes(row):
    """(channels, height, width) of x, (filters, height, width) of z, (height, width) of the kernel."""
    return (row[6], row[7], row[8]), (row[9], row[10], row[11]), (row[12], row[13])


@numba.njit(**OPTIONS)
def ceiling(a, b):
    """a / b rounded up, b > 0."""
    return -(-a // b)


# --------------------------------------------------------------------- z from x, and dL/dx from dL/dz: the same sums


@numba.njit(**OPTIONS)
def seen_from(place, size, kernel, stride, padding, dilation):
    """Along one axis, what z[place] sees of x: (first tap, from tap to tap, how many, the first's x, from x to x)."""
    start = place * stride - padding
    first, end = max(0, ceiling(-start, dilation)), min(kernel, ceiling(size - start, dilation))
    return first, 1, end - first, start + first * dilation, dilation


@numba.njit(**OPTIONS)
def seeing(place, size, kernel, stride, padding, dilation, step):
    """The same of what sees x[place]: the taps k, `step` apart, for which (place + p - k d) / s is a place of z."""
    start = place + padding
    first, end = max(0, ceiling(start - (size - 1) * stride, dilation)), min(kernel, start // dilation + 1)
    while first < end and (start - first * dilation) % stride != 0:
        first += 1
    return first, step, ceiling(end - first, step), (start - first * dilation) // stride, -step * dilation // stride


@numba.njit(**OPTIONS)
def correlate_rows(y, bias, weight, x, first, second, third, lanes, biased):
    """`correlate` for the few outputs whose rows y, bias and weight are."""
    for n in range(0, lanes, LANES):
        sums = splat_rows(bias, 0) if biased else zero_products(y, (x,))
        for i in range(first[0]):
            for j in range(second[0]):
                source, tap = at(x, i * first[1] + j * second[1] + n), i * first[2] + j * second[2]
                for k in range(third[0]):
                    sums = add_products(sums, splat_rows(weight, tap + k * third[2]), (load(source, k * third[1]),))
        store_rows(y, n, sums)


@numba.njit(**OPTIONS)
def correlate(y, outputs, y_plane, x, weight, w_out, channels, down, across, lanes, bias, biased):
    """At one place: y[o] = b[o] + sum over channels and taps of W x, four or six outputs at a time.

    `channels`, `down` and `across` are (how many, from one to the next in x, the same in W); a long loop goes inside.
    """
    first, second, third = channels, down, across
    if channels[0] > 2 * across[0]:
        first, second, third = down, across, channels
    o = 0
    while o < outputs:
        if outputs - o > 8 or 4 < outputs - o < 7:
            y6, w6 = rows(y, o, outputs, y_plane, 6), rows(weight, o, outputs, w_out, 6)
            correlate_rows(y6, rows(bias, o, outputs, 1, 6), w6, x, first, second, third, lanes, biased)
            o += 6
        else:
            y4, w4 = rows(y, o, outputs, y_plane, 4), rows(weight, o, outputs, w_out, 4)
            correlate_rows(y4, rows(bias, o, outputs, 1, 4), w4, x, first, second, third, lanes, biased)
            o += 4


@instruction
def conv2d_forward(context, row):
    """z[o, i, j] = b[o] + sum over c, k, m of W[o, c, k, m] x[c, i s - p + k d, j s' - p' + m d']."""
    lanes, x, z = row[c.PADDED], values(context, row[2]), values(context, row[3])
    weight, bias = parameters(context, row[4]), parameters(context, max(row[5], 0))
    (channels, height, width), (filters, z_height, z_width), (tall, wide) = shapes(row)
    x_row, taps = width * lanes, tall * wide
    for i in range(z_height):
        k, _, taps_down, y, y_step = seen_from(i, height, tall, row[14], row[16], row[18])
        for j in range(z_width):
            m, _, taps_across, left, x_step = seen_from(j, width, wide, row[15], row[17], row[19])
            correlate(
                at(z, (i * z_width + j) * lanes), filters, z_height * z_width * lanes,
                at(x, y * x_row + left * lanes), at(weight, k * wide + m), channels * taps,
                (channels, height * x_row, taps), (taps_down, y_step * x_row, wide), (taps_across, x_step * lanes, 1),
                lanes, bias, row[5] >= 0,
            )  # fmt: skip
    return 0.0


@instruction
def conv2d_input_gradient(context, row):
    """dL/dx[c, y, x] = sum over o and the taps (k, m) that see it of W[o, c, k, m] dL/dz[o, (y + p - k d) / s, ...]."""
    lanes, dx, dz, weight = row[c.PADDED], deltas(context, row[2]), deltas(context, row[3]), parameters(context, row[4])
    (channels, height, width), (filters, z_height, z_width), (tall, wide) = shapes(row)
    z_row, taps = z_width * lanes, tall * wide
    for y in range(height):
        k, k_step, taps_down, i, i_step = seeing(y, z_height, tall, row[14], row[16], row[18], row[20])
        for x in range(width):
            m, m_step, taps_across, j, j_step = seeing(x, z_width, wide, row[15], row[17], row[19], row[21])
            correlate(
                at(dx, (y * width + x) * lanes), channels, height * width * lanes,
                at(dz, i * z_row + j * lanes), at(weight, k * wide + m), taps,
                (filters, z_height * z_row, channels * taps),
                (taps_down, i_step * z_row, k_step * wide), (taps_across, j_step * lanes, m_step),
                lanes, weight, False,
            )  # fmt: skip
    return 0.0


# ------------------------------------------------------------------------------- dL/dW: sums over places and the batch


@numba.njit(**OPTIONS)
def places(tap, size, top, bottom, stride, padding, dilation):
    """Along one axis, the places of z from `top` to `bottom` whose tap falls inside x: (first, its x, how many)."""
    start = tap * dilation - padding
    first = max(top, ceiling(-start, stride))
    return first, start + first * stride, min(bottom, ceiling(size - start, stride)) - first


@numba.njit(**OPTIONS)
def sums_over_places(dz, z, z_row, x, left, x_row, x_column, height, width, lanes):
    """Sum of dz x over height x width places and all lanes, for each pair of rows; dz begins at z, x at left."""
    runs, length = (1, width * lanes) if x_column == lanes else (width, lanes)
    sums = zero_products(dz, x)
    for i in range(height):
        for j in range(runs):
            here, there = z + i * z_row + j * lanes, left + i * x_row + j * x_column
            for n in range(0, length, LANES):
                sums = add_products(sums, load_rows(dz, here + n), load_rows(x, there + n))
    return totals(sums)


@numba.njit(**OPTIONS)
def tile_gradient(gradient, row, dz, x, o, channel):
    """dL/dW of the few filters from o on, whose rows dz are, and the few channels whose rows x are.

    It goes through the pictures in strips that stay in the fastest cache while every tap reads them.
    """
    (channels, height, width), (filters, z_height, z_width), (tall, wide) = shapes(row)
    lanes, z_row, x_row = row[c.PADDED], z_width * row[c.PADDED], width * row[c.PADDED]
    strip = max(1, FASTEST_CACHE // (len(dz) * z_row + len(x) * x_row))
    for top in range(0, z_height, strip):
        for k in range(tall):
            i, y, tall_sum = places(k, height, top, min(top + strip, z_height), row[14], row[16], row[18])
            for m in range(wide):
                j, left, wide_sum = places(m, width, 0, z_width, row[15], row[17], row[19])
                sums = sums_over_places(
                    dz, i * z_row + j * lanes, z_row, x, y * x_row + left * lanes, row[14] * x_row, row[15] * lanes,
                    tall_sum, wide_sum, lanes,
                )  # fmt: skip
                for a in range(len(dz)):
                    for b in range(len(x)):
                        if o + a < filters and channel + b < channels:
                            place = (((o + a) * channels + channel + b) * tall + k) * wide + m
                            gradient[place] = sums[a * len(x) + b] + (gradient[place] if top > 0 else 0.0)


@instruction
def conv2d_weight_gradient(context, row):
    """dL/dW[o, c, k, m] = sum over batch and places of dL/dz[o, i, j] x[c, ...];  dL/db[o] = sum of dL/dz[o]."""
    lanes, x, dz, gradient = row[c.PADDED], values(context, row[2]), deltas(context, row[3]), gradients(context, row[4])
    (channels, height, width), (filters, z_height, z_width), _ = shapes(row)
    x_plane, z_plane = height * width * lanes, z_height * z_width * lanes
    if channels == 1:
        for o in range(0, filters, 6):
            tile_gradient(gradient, row, rows(dz, o, filters, z_plane, 6), (x,), o, 0)
    else:
        for o in range(0, filters, 3):
            for channel in range(0, channels, 2):
                x2 = rows(x, channel, channels, x_plane, 2)
                tile_gradient(gradient, row, rows(dz, o, filters, z_plane, 3), x2, o, channel)
    if row[5] >= 0:
        row_sums(gradients(context, row[5]), dz, filters, z_plane, False)
    return 0.0
