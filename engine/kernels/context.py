"""The context: one table of int64 through which an instruction finds its buffers and the state of the batch.

Slots 0-15 hold addresses, slots 16-31 hold numbers. An instruction is called as f(context, row): `context` is typed as
a pointer to the float type, which is how one source serves float32 and float64; `row` is a pointer to int64.
Adding a slot changes no signature.
"""

import numba

from engine.kernels.simd import OPTIONS, at, float64_pointer, int64_pointer, reinterpret

# addresses
VALUES, DELTAS, PARAMETERS, GRADIENTS, FIRST_MOMENTS, SECOND_MOMENTS, SIGNS, PRUNED = range(8)
INPUTS, TARGETS, OUTPUTS, ORDER, HYPER, STATISTICS = range(8, 14)
# numbers
(
    EXAMPLES,
    POSITION,
    SIZE,
    BATCH,
    START,
    EPOCH,
    SHUFFLES,
    CARRIES,
    SEED,
    DIVISOR,
    STEP,
    PARAMETER_SIZE,
    FILLED,
    DIVIDED,
) = range(16, 30)
SLOTS = 32

# hyper-parameters, float64; A and B are the coordinates of a point of a plane (`plane.py`)
RATE, BETA1_POWER, BETA2_POWER, A, B = range(5)
HYPERS = 8

# columns of a row; 2-15 are the instruction's own whole numbers, 16-31 its own float64 options (or more whole numbers)
ADDRESS, PADDED = 0, 1
FIRST_OPTION = 16
COLUMNS = 32


@numba.njit(**OPTIONS)
def buffer(context, slot):
    """The float buffer whose address is in `slot`, as a pointer."""
    return reinterpret(int64_pointer(context)[slot], context)


@numba.njit(**OPTIONS)
def values(context, offset):
    """Activations, from `offset` on."""
    return at(buffer(context, VALUES), offset)


@numba.njit(**OPTIONS)
def deltas(context, offset):
    """Derivatives of the loss with respect to the values at the same offset."""
    return at(buffer(context, DELTAS), offset)


@numba.njit(**OPTIONS)
def parameters(context, offset):
    """Weights and biases, from `offset` on."""
    return at(buffer(context, PARAMETERS), offset)


@numba.njit(**OPTIONS)
def gradients(context, offset):
    """Derivatives of the loss with respect to the parameters at the same offset."""
    return at(buffer(context, GRADIENTS), offset)


@numba.njit(**OPTIONS)
def statistics(context, offset):
    """What layers keep from batch to batch without training it (running means), from `offset` on."""
    return at(buffer(context, STATISTICS), offset)


@numba.njit(**OPTIONS)
def state(context):
    """The numbers of the context."""
    return int64_pointer(context)


@numba.njit(**OPTIONS)
def integers(context, slot):
    """The int64 buffer whose address is in `slot`."""
    return int64_pointer(int64_pointer(context)[slot])


@numba.njit(**OPTIONS)
def hyper(context):
    """Hyper-parameters that change while training runs, float64."""
    return float64_pointer(int64_pointer(context)[HYPER])


@numba.njit(**OPTIONS)
def options(row):
    """The instruction's own float64 options."""
    return float64_pointer(at(row, FIRST_OPTION))
