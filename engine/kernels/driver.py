"""The driver: walks a program's rows, for as many steps as it is asked, without Python in between.

All arguments are whole numbers (addresses and counts), so each function is compiled once, at its first call.
"""

import math

import numba

from engine.kernels import context as c
from engine.kernels.simd import (
    OPTIONS,
    at,
    call_instruction,
    float64_pointer,
    flush_denormals,
    int64_pointer,
    restore_denormals,
)


@numba.njit(**OPTIONS)
def walk(context, rows, first, last):
    """Execute rows first..last-1 once; gives the sum of what they add to the loss. Both pointers are addresses."""
    mode = flush_denormals()
    table, loss = int64_pointer(rows), 0.0
    for r in range(first, last):
        row = at(table, r * c.COLUMNS)
        loss += call_instruction(row[c.ADDRESS], int64_pointer(context), row)
    restore_denormals(mode)
    return loss


@numba.njit(**OPTIONS)
def train(context, rows, loss_rows, all_rows, steps, rates, losses):
    """Do `steps` updates; rates and losses are addresses of float64 [steps]. Gives the updates done.

    Rows before `loss_rows` make the loss, the others go back and update. Stops before the update of the first step
    whose loss is not finite.
    """
    mode = flush_denormals()
    table, here = int64_pointer(rows), int64_pointer(context)
    hyper, rate, record = float64_pointer(here[c.HYPER]), float64_pointer(rates), float64_pointer(losses)
    done = 0
    for k in range(steps):
        hyper[c.RATE] = rate[k]
        loss = 0.0
        for r in range(loss_rows):
            row = at(table, r * c.COLUMNS)
            loss += call_instruction(row[c.ADDRESS], here, row)
        record[k] = loss
        if not math.isfinite(loss):
            break
        for r in range(loss_rows, all_rows):
            row = at(table, r * c.COLUMNS)
            call_instruction(row[c.ADDRESS], here, row)
        here[c.STEP] += 1
        done += 1
    restore_denormals(mode)
    return done


@numba.njit(**OPTIONS)
def walk_plane(context, rows, last, points, count, chunks, buffer, stride, most, losses):
    """The loss at `count` points: points and losses are addresses of float64 [count, 2] and [count].

    Row 0 writes a point's parameters, row 1 brings a chunk of examples in, the others up to `last` make its loss. The
    parameters of `most` points at a time lie in `buffer`, `stride` bytes apart, so that a chunk serves them all.
    """
    mode = flush_denormals()
    table, here, sums = int64_pointer(rows), int64_pointer(context), float64_pointer(losses)
    hyper, place = float64_pointer(here[c.HYPER]), float64_pointer(points)
    for first in range(0, count, most):
        end = min(first + most, count)
        for p in range(first, end):
            hyper[c.A], hyper[c.B], sums[p] = place[2 * p], place[2 * p + 1], 0.0
            here[c.PARAMETERS] = buffer + (p - first) * stride
            call_instruction(table[c.ADDRESS], here, table)
        for k in range(chunks):
            here[c.START] = k
            row = at(table, c.COLUMNS)
            call_instruction(row[c.ADDRESS], here, row)
            for p in range(first, end):
                hyper[c.A], hyper[c.B] = place[2 * p], place[2 * p + 1]
                here[c.PARAMETERS] = buffer + (p - first) * stride
                loss = 0.0
                for r in range(2, last):
                    row = at(table, r * c.COLUMNS)
                    loss += call_instruction(row[c.ADDRESS], here, row)
                sums[p] += loss
    restore_denormals(mode)
