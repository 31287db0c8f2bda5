"""Many frames of a film at once: what a trace records of each step, without Python in between.

A job is a table of int64: counts, and the addresses of the programs, of the examples and of where everything goes.
"""

import math

import numba

from engine.kernels import context as c
from engine.kernels.driver import train, walk
from engine.kernels.simd import OPTIONS, at, float64_pointer, int32_pointer, int64_pointer

# slots of a job
FRAMES, EVERY, STEPS, RATES, LOSSES, BATCHES, SCALARS = range(7)
RUN, RUN_ROWS, LOSS_END, BACKWARD_END, END = range(7, 12)
EVALUATOR, EVALUATOR_ROWS, EVALUATOR_END, SETS = range(12, 16)
FOLLOWER, FOLLOWER_ROWS, FOLLOWER_END, FOLLOWED = range(16, 20)
COPIES, COPY_COUNT = range(20, 22)
SLOTS = 22

# columns of the table of examples: training set, test set
SET_INPUTS, SET_TARGETS, SET_ORDER, SET_COUNT, SET_OUTPUTS, SET_BYTES = range(6)
SET_COLUMNS = 6

# columns of the table of copies; a word has 4 bytes
WHEN, SOURCE, ITEMS, WORDS, STRIDE, TARGET, BYTES = range(7)
COPY_COLUMNS = 7
BEFORE, FOLLOWING, BACKWARD, AFTER = range(4)  # when: at the start of a step, after its parts

# columns of the scalars, float64 [frames, 4]: training and test loss are 0 and 1
EXAMPLE_LOSS, BATCH_LOSS = 2, 3
SCALAR_COLUMNS = 4


@numba.njit(**OPTIONS)
def copy(job, when, frame):
    """Everything that is copied at this moment of a frame's step."""
    for n in range(job[COPY_COUNT]):
        one = at(int64_pointer(job[COPIES]), n * COPY_COLUMNS)
        if one[WHEN] == when:
            source, target = int32_pointer(one[SOURCE]), int32_pointer(one[TARGET] + frame * one[BYTES])
            for item in range(one[ITEMS]):
                for word in range(one[WORDS]):
                    target[item * one[WORDS] + word] = source[item * one[STRIDE] + word]


@numba.njit(**OPTIONS)
def evaluate(job, number, frame):
    """Mean loss over a whole set; its outputs go where the set says."""
    one, evaluator = at(int64_pointer(job[SETS]), number * SET_COLUMNS), int64_pointer(job[EVALUATOR])
    evaluator[c.INPUTS], evaluator[c.TARGETS], evaluator[c.ORDER] = one[SET_INPUTS], one[SET_TARGETS], one[SET_ORDER]
    evaluator[c.EXAMPLES] = evaluator[c.DIVISOR] = one[SET_COUNT]
    evaluator[c.POSITION] = evaluator[c.EPOCH] = 0
    evaluator[c.OUTPUTS] = one[SET_OUTPUTS] + frame * one[SET_BYTES]
    loss = 0.0
    for _ in range(0, one[SET_COUNT], evaluator[c.SIZE]):
        loss += walk(job[EVALUATOR], job[EVALUATOR_ROWS], 0, job[EVALUATOR_END])
    return loss if one[SET_COUNT] > 0 else math.nan


@numba.njit(**OPTIONS)
def film(address):
    """Records frames 0, 1, ... of a job and does the steps between them; gives the frames that are done.

    Fewer than asked for where a loss is not finite; the state is then of no use, and the caller goes back.
    """
    job = int64_pointer(address)
    scalars, rates, batches = float64_pointer(job[SCALARS]), float64_pointer(job[RATES]), int64_pointer(job[BATCHES])
    run, follower = int64_pointer(job[RUN]), int64_pointer(job[FOLLOWER])
    hyper = float64_pointer(run[c.HYPER])
    for frame in range(job[FRAMES]):
        line, first = at(scalars, frame * SCALAR_COLUMNS), frame * job[EVERY]
        copy(job, BEFORE, frame)
        line[0], line[1] = evaluate(job, 0, frame), evaluate(job, 1, frame)
        follower[c.POSITION] = job[FOLLOWED]
        line[EXAMPLE_LOSS] = walk(job[FOLLOWER], job[FOLLOWER_ROWS], 0, job[FOLLOWER_END])
        copy(job, FOLLOWING, frame)
        line[BATCH_LOSS] = walk(job[RUN], job[RUN_ROWS], 0, job[LOSS_END])
        if not math.isfinite(line[BATCH_LOSS]):
            return frame
        walk(job[RUN], job[RUN_ROWS], job[LOSS_END], job[BACKWARD_END])
        copy(job, BACKWARD, frame)
        hyper[c.RATE] = rates[first]
        walk(job[RUN], job[RUN_ROWS], job[BACKWARD_END], job[END])
        run[c.STEP] += 1
        batches[frame] = run[c.BATCH]
        copy(job, AFTER, frame)
        left = min(job[EVERY], job[STEPS] - first) - 1
        done = train(job[RUN], job[RUN_ROWS], job[LOSS_END], job[END], left, job[RATES] + 8 * (first + 1), job[LOSSES])
        if done < left:
            return frame
    return job[FRAMES]
