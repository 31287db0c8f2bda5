"""The fully connected layer: z = W x + b, and back; for each of `repeats` time steps.

Rows: 2 = x (dL/dx where that is the result), 3 = z, 4 = weight, 5 = bias (-1: none), 6 = inputs, 7 = outputs,
8 = repeats, 9 = x's rows, 10 = from one example's row to the next, 11 = from one time step's rows to the next.
"""

from engine.kernels import context as c
from engine.kernels.context import deltas, gradients, parameters, state, values
from engine.kernels.instructions import instruction
from engine.kernels.products import BIAS, NOTHING, outer_product, product, product_transposed, row_sums
from engine.kernels.simd import LANES, fma, load, splat, total


@instruction
def dense_forward(context, row):
    """z[o] = b[o] + sum_i W[o, i] x[i]."""
    lanes, inputs, outputs = row[c.PADDED], row[6], row[7]
    weight, bias = parameters(context, row[4]), parameters(context, max(row[5], 0))
    for t in range(row[8]):
        x, z = values(context, row[2] + t * inputs * lanes), values(context, row[3] + t * outputs * lanes)
        product(z, weight, inputs, x, inputs, outputs, lanes, BIAS if row[5] >= 0 else NOTHING, bias)
    return 0.0


@instruction
def dense_input_gradient(context, row):
    """dL/dx[i] = sum_o W[o, i] dL/dz[o], or dL/dx[i] += ... with row[9]."""
    lanes, inputs, outputs, weight = row[c.PADDED], row[6], row[7], parameters(context, row[4])
    for t in range(row[8]):
        dx, dz = deltas(context, row[2] + t * inputs * lanes), deltas(context, row[3] + t * outputs * lanes)
        product_transposed(dx, weight, inputs, dz, inputs, outputs, lanes, row[9])
    return 0.0


@instruction
def dense_weight_gradient(context, row):
    """dL/dW[o, i] = sum over batch and time of dL/dz[o] x[i];  dL/db[o] = sum of dL/dz[o]."""
    lanes, inputs, outputs, batch = row[c.PADDED], row[6], row[7], state(context)[c.BATCH]
    rows, dz, gradient = values(context, row[9]), deltas(context, row[3]), gradients(context, row[4])
    outer_product(gradient, inputs, dz, rows, row[10], inputs, outputs, lanes, batch, False, row[8], row[11])
    if row[5] >= 0:
        row_sums(gradients(context, row[5]), dz, outputs, lanes, False, row[8])
    return 0.0


@instruction
def dense_weight_gradient_narrow(context, row):
    """`dense_weight_gradient` for few inputs: each number is a product summed over the lanes; x is [feature, lane]."""
    lanes, x, dz, inputs, outputs = row[c.PADDED], values(context, row[2]), deltas(context, row[3]), row[6], row[7]
    gradient = gradients(context, row[4])
    for o in range(outputs):
        for i in range(inputs):
            products = splat(dz, 0.0)
            for n in range(0, lanes, LANES):
                products = fma(load(dz, o * lanes + n), load(x, i * lanes + n), products)
            gradient[o * inputs + i] = total(products)
    if row[5] >= 0:
        row_sums(gradients(context, row[5]), dz, outputs, lanes, False)
    return 0.0
