"""Points of a plane in the space of parameters: the parameters there, and the data as they were packed beforehand.

The point's coordinates (a, b) are hyper-parameters; START is the number of the chunk of examples.
"""

from engine.kernels import context as c
from engine.kernels.context import hyper, parameters, state, values
from engine.kernels.instructions import instruction
from engine.kernels.simd import LANES, at, float64_pointer, fma, load, reinterpret, splat, store


@instruction
def plane_parameters(context, row):
    """w[i] = centre[i] + a d1[i] + b d2[i], in doubles: 2-4 = their addresses, 5 = from which i on, 6 = to which."""
    w, a, b = parameters(context, 0), hyper(context)[c.A], hyper(context)[c.B]
    centre, d1, d2 = float64_pointer(row[2]), float64_pointer(row[3]), float64_pointer(row[4])
    for i in range(row[5], row[6]):
        w[i] = centre[i] + a * d1[i] + b * d2[i]
    return 0.0


@instruction
def plane_chunk(context, row):
    """Bring a chunk in, as it will lie: 2 = address of the pack [chunks, numbers], 3 = numbers, 4 = where they go."""
    count, target = row[3], values(context, row[4])
    source = at(reinterpret(row[2], context), state(context)[c.START] * count)
    for n in range(0, count, LANES):
        store(target, n, load(source, n))
    return 0.0


@instruction
def plane_product(context, row):
    """z = z0 + a z1 + b z2, what a first layer that is linear in its parameters makes of a chunk.

    2 = address of the pack [chunks, 3, numbers], 3 = numbers, 4 = z.
    """
    count, z = row[3], values(context, row[4])
    z0 = at(reinterpret(row[2], context), 3 * state(context)[c.START] * count)
    z1, z2 = at(z0, count), at(z0, 2 * count)
    a, b = splat(z, hyper(context)[c.A]), splat(z, hyper(context)[c.B])
    for n in range(0, count, LANES):
        store(z, n, fma(b, load(z2, n), fma(a, load(z1, n), load(z0, n))))
    return 0.0
