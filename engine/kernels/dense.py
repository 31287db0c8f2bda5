"""The fully connected layer: z = W x + b, and back."""

from engine.kernels import context as c
from engine.kernels.context import deltas, gradients, parameters, state, values
from engine.kernels.instructions import instruction
from engine.kernels.simd import LANES, at, fma, load, splat, store, store_first, total


@instruction
def dense_forward(context, row):
    """z[o] = b[o] + sum_i W[o, i] x[i], in every lane. Four outputs at a time share each load of x.

    Where fewer than four are left, the last one is computed again and stored last to first.
    """
    lanes, x, z, inputs, outputs = row[c.PADDED], values(context, row[2]), values(context, row[3]), row[6], row[7]
    weight, bias, biased = parameters(context, row[4]), parameters(context, max(row[5], 0)), row[5] >= 0
    for o in range(0, outputs, 4):
        o1, o2, o3 = min(o + 1, outputs - 1), min(o + 2, outputs - 1), min(o + 3, outputs - 1)
        w0, w1, w2, w3 = (
            at(weight, o * inputs),
            at(weight, o1 * inputs),
            at(weight, o2 * inputs),
            at(weight, o3 * inputs),
        )
        for n in range(0, lanes, LANES):
            z0, z1, z2, z3 = splat(x, 0.0), splat(x, 0.0), splat(x, 0.0), splat(x, 0.0)
            if biased:
                z0, z1, z2, z3 = splat(x, bias[o]), splat(x, bias[o1]), splat(x, bias[o2]), splat(x, bias[o3])
            for i in range(inputs):
                xi = load(x, i * lanes + n)
                z0, z1, z2, z3 = fma(w0[i], xi, z0), fma(w1[i], xi, z1), fma(w2[i], xi, z2), fma(w3[i], xi, z3)
            store(z, o3 * lanes + n, z3)
            store(z, o2 * lanes + n, z2)
            store(z, o1 * lanes + n, z1)
            store(z, o * lanes + n, z0)
    return 0.0


@instruction
def dense_input_gradient(context, row):
    """dL/dx[i] = sum_o W[o, i] dL/dz[o], in every lane."""
    lanes, dx, dz, inputs, outputs = row[c.PADDED], deltas(context, row[2]), deltas(context, row[3]), row[5], row[6]
    weight = parameters(context, row[4])
    for i in range(0, inputs, 4):
        i1, i2, i3 = min(i + 1, inputs - 1), min(i + 2, inputs - 1), min(i + 3, inputs - 1)
        for n in range(0, lanes, LANES):
            d0, d1, d2, d3 = splat(dx, 0.0), splat(dx, 0.0), splat(dx, 0.0), splat(dx, 0.0)
            for o in range(outputs):
                w, delta = at(weight, o * inputs), load(dz, o * lanes + n)
                d0, d1, d2, d3 = (
                    fma(w[i], delta, d0),
                    fma(w[i1], delta, d1),
                    fma(w[i2], delta, d2),
                    fma(w[i3], delta, d3),
                )
            store(dx, i3 * lanes + n, d3)
            store(dx, i2 * lanes + n, d2)
            store(dx, i1 * lanes + n, d1)
            store(dx, i * lanes + n, d0)
    return 0.0


@instruction
def dense_weight_gradient_narrow(context, row):
    """`dense_weight_gradient` for a few inputs: each number is one product over the lanes, summed; x is [feature, lane]."""
    lanes, x, dz, inputs, outputs = row[c.PADDED], values(context, row[2]), deltas(context, row[3]), row[6], row[7]
    gradient, bias = gradients(context, row[4]), gradients(context, max(row[5], 0))
    for o in range(outputs):
        for i in range(inputs):
            products = splat(dz, 0.0)
            for n in range(0, lanes, LANES):
                products = fma(load(dz, o * lanes + n), load(x, i * lanes + n), products)
            gradient[o * inputs + i] = total(products)
        if row[5] >= 0:
            sum_of_deltas = load(dz, o * lanes)
            for n in range(LANES, lanes, LANES):
                sum_of_deltas = sum_of_deltas + load(dz, o * lanes + n)
            bias[o] = total(sum_of_deltas)
    return 0.0


@instruction
def dense_weight_gradient(context, row):
    """dL/dW[o, i] = sum over the batch of dL/dz[o] x[i];  dL/db[o] = sum of dL/dz[o].

    x comes as rows [example, stride], so that LANES inputs of one example are neighbours.
    """
    lanes, rows, dz, inputs, outputs, stride = (
        row[c.PADDED],
        values(context, row[2]),
        deltas(context, row[3]),
        row[6],
        row[7],
        row[8],
    )
    gradient, batch = gradients(context, row[4]), state(context)[c.BATCH]
    for o in range(0, outputs, 4):
        o1, o2, o3 = min(o + 1, outputs - 1), min(o + 2, outputs - 1), min(o + 3, outputs - 1)
        d0, d1, d2, d3 = at(dz, o * lanes), at(dz, o1 * lanes), at(dz, o2 * lanes), at(dz, o3 * lanes)
        for i in range(0, inputs, LANES):
            g0, g1, g2, g3 = splat(dz, 0.0), splat(dz, 0.0), splat(dz, 0.0), splat(dz, 0.0)
            for n in range(batch):
                x = load(rows, n * stride + i)
                g0, g1, g2, g3 = fma(d0[n], x, g0), fma(d1[n], x, g1), fma(d2[n], x, g2), fma(d3[n], x, g3)
            store_first(gradient, o3 * inputs + i, g3, inputs - i)
            store_first(gradient, o2 * inputs + i, g2, inputs - i)
            store_first(gradient, o1 * inputs + i, g1, inputs - i)
            store_first(gradient, o * inputs + i, g0, inputs - i)
    if row[5] >= 0:
        bias = gradients(context, row[5])
        for o in range(outputs):
            sum_of_deltas = load(dz, o * lanes)
            for n in range(LANES, lanes, LANES):
                sum_of_deltas = sum_of_deltas + load(dz, o * lanes + n)
            bias[o] = total(sum_of_deltas)
    return 0.0
