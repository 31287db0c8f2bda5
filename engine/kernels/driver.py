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
