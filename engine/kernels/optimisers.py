"""Optimisers and penalties, over the flat buffer of all parameters. r is the learning rate of this step.

PyTorch's forms. Sources are with the specs in `engine/optimisers.py` and `engine/regularisers.py`.
"""

from engine.kernels import context as c
from engine.kernels.context import buffer, gradients, hyper, options, parameters, state
from engine.kernels.instructions import instruction
from engine.kernels.simd import LANES, either, fma, load, splat, square_root, store, where


@instruction
def penalty(context, row):
    """g += l1 sign(w) + l2 w, for one weight tensor: 2 = its offset, 3 = its padded size."""
    w, g, l1, l2 = parameters(context, row[2]), gradients(context, row[2]), options(row)[0], options(row)[1]
    for n in range(0, row[3], LANES):
        wn = load(w, n)
        sign = where(wn > 0.0, splat(w, 1.0), where(wn < 0.0, splat(w, -1.0), wn))
        store(g, n, load(g, n) + (l1 * sign + l2 * wn))
    return 0.0


@instruction
def remember_signs(context, row):
    """Keep sign(w) of one weight tensor for `prune`, before the optimiser moves it."""
    w, signs = parameters(context, row[2]), buffer(context, c.SIGNS)
    for n in range(0, row[3], LANES):
        wn = load(w, n)
        store(signs, row[2] + n, where(wn > 0.0, splat(w, 1.0), where(wn < 0.0, splat(w, -1.0), wn)))
    return 0.0


@instruction
def prune(context, row):
    """w <- w - r l1 sign(w before); a weight that this pushes through zero becomes 0 and stays 0.

    TF Playground's L1.
    """
    w, signs, pruned = parameters(context, row[2]), buffer(context, c.SIGNS), buffer(context, c.PRUNED)
    pull = hyper(context)[c.RATE] * options(row)[0]
    for n in range(0, row[3], LANES):
        before = load(w, n)
        after = before - pull * load(signs, row[2] + n)
        gone = either(before * after < 0.0, load(pruned, row[2] + n) > 0.0)
        store(w, n, where(gone, 0.0, after))
        store(pruned, row[2] + n, where(gone, splat(w, 1.0), 0.0))
    return 0.0


@instruction
def sgd(context, row):
    """w <- w - r g."""
    w, g, rate = parameters(context, 0), gradients(context, 0), hyper(context)[c.RATE]
    for n in range(0, state(context)[c.PARAMETER_SIZE], LANES):
        store(w, n, fma(-rate, load(g, n), load(w, n)))
    return 0.0


@instruction
def momentum(context, row):
    """v <- m v + g;  w <- w - r v."""
    w, g, v = parameters(context, 0), gradients(context, 0), buffer(context, c.FIRST_MOMENTS)
    rate, m = hyper(context)[c.RATE], options(row)[0]
    for n in range(0, state(context)[c.PARAMETER_SIZE], LANES):
        vn = fma(m, load(v, n), load(g, n))
        store(v, n, vn)
        store(w, n, fma(-rate, vn, load(w, n)))
    return 0.0


@instruction
def nesterov(context, row):
    """v <- m v + g;  w <- w - r (g + m v)."""
    w, g, v = parameters(context, 0), gradients(context, 0), buffer(context, c.FIRST_MOMENTS)
    rate, m = hyper(context)[c.RATE], options(row)[0]
    for n in range(0, state(context)[c.PARAMETER_SIZE], LANES):
        gn = load(g, n)
        vn = fma(m, load(v, n), gn)
        store(v, n, vn)
        store(w, n, fma(-rate, fma(m, vn, gn), load(w, n)))
    return 0.0


@instruction
def adagrad(context, row):
    """s <- s + g^2;  w <- w - r g / (sqrt(s) + epsilon)."""
    w, g, s = parameters(context, 0), gradients(context, 0), buffer(context, c.SECOND_MOMENTS)
    rate, epsilon = hyper(context)[c.RATE], options(row)[0]
    for n in range(0, state(context)[c.PARAMETER_SIZE], LANES):
        gn = load(g, n)
        sn = fma(gn, gn, load(s, n))
        store(s, n, sn)
        store(w, n, load(w, n) - rate * gn / (square_root(sn) + epsilon))
    return 0.0


@instruction
def rmsprop(context, row):
    """s <- alpha s + (1 - alpha) g^2;  w <- w - r g / (sqrt(s) + epsilon)."""
    w, g, s = parameters(context, 0), gradients(context, 0), buffer(context, c.SECOND_MOMENTS)
    rate, alpha, epsilon = hyper(context)[c.RATE], options(row)[0], options(row)[1]
    for n in range(0, state(context)[c.PARAMETER_SIZE], LANES):
        gn = load(g, n)
        sn = fma(alpha, load(s, n), (1.0 - alpha) * gn * gn)
        store(s, n, sn)
        store(w, n, load(w, n) - rate * gn / (square_root(sn) + epsilon))
    return 0.0


@instruction
def adam(context, row):
    """m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2;  w <- w - r mh / (sqrt(vh) + epsilon).

    Kingma & Ba 2014, alg. 1.

    mh = m / (1 - b1^t), vh = v / (1 - b2^t); the powers are kept from step to step. AdamW first takes r decay w away.
    """
    w, g, m, v = (
        parameters(context, 0),
        gradients(context, 0),
        buffer(context, c.FIRST_MOMENTS),
        buffer(context, c.SECOND_MOMENTS),
    )
    h, beta1, beta2, epsilon, decay = hyper(context), options(row)[0], options(row)[1], options(row)[2], options(row)[3]
    h[c.BETA1_POWER] *= beta1
    h[c.BETA2_POWER] *= beta2
    step = h[c.RATE] / (1.0 - h[c.BETA1_POWER])
    scale = 1.0 / (1.0 - h[c.BETA2_POWER]) ** 0.5
    keep = 1.0 - h[c.RATE] * decay
    for n in range(0, state(context)[c.PARAMETER_SIZE], LANES):
        gn = load(g, n)
        mn = fma(beta1, load(m, n), (1.0 - beta1) * gn)
        vn = fma(beta2, load(v, n), (1.0 - beta2) * gn * gn)
        store(m, n, mn)
        store(v, n, vn)
        store(w, n, keep * load(w, n) - step * mn / (scale * square_root(vn) + epsilon))
    return 0.0
