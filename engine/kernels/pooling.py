"""Pooling: one number for every window of a channel, and back. x [channels, height, width, lanes].

Rows: 2 = x (dL/dx where that is the result), 3 = y, 4-6 = channels, height and width of x, 7-8 = height and width of y,
9-10 = window, 11-12 = stride; backward: 13 = x, whose values are compared, 14 = 1 where windows overlap or leave pixels
out (then dL/dx is cleared and added to).
"""

import numba

from engine.kernels import context as c
from engine.kernels.context import deltas, values
from engine.kernels.instructions import instruction
from engine.kernels.simd import LANES, OPTIONS, at, load, splat, store, where


@numba.njit(**OPTIONS)
def clear(x, count):
    """x = 0."""
    for n in range(0, count, LANES):
        store(x, n, 0.0)


@instruction
def max_pool_forward(context, row):
    """y[c, i, j] = the greatest x of the window; NaN where there is one."""
    lanes, x, y = row[c.PADDED], values(context, row[2]), values(context, row[3])
    height, width, out_height, out_width = row[5], row[6], row[7], row[8]
    for channel in range(row[4]):
        for i in range(out_height):
            for j in range(out_width):
                window = at(x, ((channel * height + i * row[11]) * width + j * row[12]) * lanes)
                result = at(y, ((channel * out_height + i) * out_width + j) * lanes)
                for n in range(0, lanes, LANES):
                    greatest = load(window, n)
                    for k in range(row[9]):
                        for m in range(row[10]):
                            xn = load(window, (k * width + m) * lanes + n)
                            greatest = where(xn <= greatest, greatest, where(greatest == greatest, xn, greatest))
                    store(result, n, greatest)
    return 0.0


@instruction
def max_pool_backward(context, row):
    """dL/dx = dL/dy at the first greatest element of each window, added up over the windows that it is in."""
    lanes, dx, x = row[c.PADDED], deltas(context, row[2]), values(context, row[13])
    y, dy = values(context, row[3]), deltas(context, row[3])
    height, width, out_height, out_width = row[5], row[6], row[7], row[8]
    if row[14]:
        clear(dx, row[4] * height * width * lanes)
    for channel in range(row[4]):
        for i in range(out_height):
            for j in range(out_width):
                window = ((channel * height + i * row[11]) * width + j * row[12]) * lanes
                place = ((channel * out_height + i) * out_width + j) * lanes
                for n in range(0, lanes, LANES):
                    greatest, left = load(y, place + n), load(dy, place + n)
                    for k in range(row[9]):
                        for m in range(row[10]):
                            there = window + (k * width + m) * lanes + n
                            hit = load(x, there) == greatest
                            given = where(hit, left, 0.0)
                            left = where(hit, 0.0, left)
                            store(dx, there, load(dx, there) + given if row[14] else given)
    return 0.0


@instruction
def average_pool_forward(context, row):
    """y[c, i, j] = mean of x over the window."""
    lanes, x, y = row[c.PADDED], values(context, row[2]), values(context, row[3])
    height, width, out_height, out_width = row[5], row[6], row[7], row[8]
    share = 1.0 / (row[9] * row[10])
    for channel in range(row[4]):
        for i in range(out_height):
            for j in range(out_width):
                window = at(x, ((channel * height + i * row[11]) * width + j * row[12]) * lanes)
                result = at(y, ((channel * out_height + i) * out_width + j) * lanes)
                for n in range(0, lanes, LANES):
                    sum_of_window = splat(x, 0.0)
                    for k in range(row[9]):
                        for m in range(row[10]):
                            sum_of_window = sum_of_window + load(window, (k * width + m) * lanes + n)
                    store(result, n, sum_of_window * share)
    return 0.0


@instruction
def average_pool_backward(context, row):
    """dL/dx = dL/dy / (elements of the window), added up over the windows that it is in."""
    lanes, dx, dy = row[c.PADDED], deltas(context, row[2]), deltas(context, row[3])
    height, width, out_height, out_width = row[5], row[6], row[7], row[8]
    share = 1.0 / (row[9] * row[10])
    if row[14]:
        clear(dx, row[4] * height * width * lanes)
    for channel in range(row[4]):
        for i in range(out_height):
            for j in range(out_width):
                window = at(dx, ((channel * height + i * row[11]) * width + j * row[12]) * lanes)
                result = at(dy, ((channel * out_height + i) * out_width + j) * lanes)
                for n in range(0, lanes, LANES):
                    given = load(result, n) * share
                    for k in range(row[9]):
                        for m in range(row[10]):
                            there = (k * width + m) * lanes + n
                            store(window, there, load(window, there) + given if row[14] else given)
    return 0.0
