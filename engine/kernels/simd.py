"""The value that kernels are written with: LANES numbers side by side.

Batches are padded to whole vectors, so every kernel's inner loop is `load`, a formula, `store`. A Vector adds,
subtracts, multiplies, divides and compares like a number (with another Vector or a scalar); `where` chooses lane by
lane and lets NaN through, so that divergence is seen. float32 functions are polynomials in registers (errors stated
and tested); float64, which checks gradients and replays TF Playground links, calls the C library lane by lane.

Pointers are Numba's `CPointer`; plain `p[i]` reads one number. There are no array views, no index wrap-around and no
allocation. Kept in one file on purpose: an intrinsic is invisible to Numba's cache (see `cache.py`).
"""

import operator

import numba
import numpy as np
from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, overload, register_model

from engine.kernels import cache as _cache  # noqa: F401  (the cache locator must be in place before any decorator)

ir = cgutils.ir

LANES = 16

# Contraction to fused multiply-add and the sign of zero are free; NaN and infinity are not: divergence must be seen.
FLAGS = ("contract", "nsz")
OPTIONS = {"nogil": True, "cache": True, "error_model": "numpy", "boundscheck": False, "fastmath": set(FLAGS)}

# Explicit vectors leave nothing to LLVM's own vectorisers, which only cost compile time (a third of it).
numba.config.LOOP_VECTORIZE = 0
numba.config.SLP_VECTORIZE = 0


class Vector(types.Type):
    """LANES numbers of one float type."""

    def __init__(self, dtype: types.Float) -> None:
        self.dtype = dtype
        super().__init__(name=f"Vector({dtype})")


class Mask(types.Type):
    """LANES truth values."""

    def __init__(self) -> None:
        super().__init__(name="Mask")


MASK = Mask()
_I1, _I8, _I32, _I64 = (ir.IntType(bits) for bits in (1, 8, 32, 64))
_MASK = ir.VectorType(_I1, LANES)


def _float(dtype: types.Float) -> ir.Type:
    return ir.FloatType() if dtype == types.float32 else ir.DoubleType()


def _vector(dtype: types.Float) -> ir.Type:
    return ir.VectorType(_float(dtype), LANES)


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, _vector(fe_type.dtype))


@register_model(Mask)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, _MASK)


# ---------------------------------------------------------------------------------------------------- operators


def _as_vector(context, builder, value, from_type, vector):
    """A Vector as it is; a scalar in every lane."""
    if isinstance(from_type, Vector):
        return value
    scalar = context.cast(builder, value, from_type, vector.dtype)
    first = builder.insert_element(ir.Constant(_vector(vector.dtype), ir.Undefined), scalar, _I32(0))
    return builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(_I32, LANES), [0] * LANES))


def _vector_among(args):
    vectors = [a for a in args if isinstance(a, Vector)]
    return vectors[0] if vectors and all(isinstance(a, Vector | types.Number) for a in args) else None


def _define(function, result_of, emit, forms):
    """Type `function` over Vectors mixed with scalars, and lower each of its argument forms by `emit`."""

    @infer_global(function)
    class _Typing(AbstractTemplate):
        def generic(self, args, kws):
            vector = _vector_among(args)
            return signature(result_of(vector), *args) if vector is not None and len(args) == len(forms[0]) else None

    def lower(context, builder, sig, args):
        vector = _vector_among(sig.args)
        return emit(builder, *(_as_vector(context, builder, a, t, vector) for a, t in zip(args, sig.args, strict=True)))

    for form in forms:
        lower_builtin(function, *form)(lower)


_PAIRS = [(Vector, Vector), (Vector, types.Number), (types.Number, Vector)]

for _operator, _name in [
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
]:
    _define(_operator, lambda v: v, lambda b, x, y, name=_name: getattr(b, name)(x, y, flags=FLAGS), _PAIRS)

for _operator, _sign in [
    (operator.lt, "<"),
    (operator.le, "<="),
    (operator.gt, ">"),
    (operator.ge, ">="),
    (operator.eq, "=="),
]:
    _define(_operator, lambda v: MASK, lambda b, x, y, sign=_sign: b.fcmp_ordered(sign, x, y), _PAIRS)

_define(operator.neg, lambda v: v, lambda b, x: b.fneg(x, flags=FLAGS), [(Vector,)])


# ------------------------------------------------------------------------------------------- pointers and memory


@intrinsic
def at(typingctx, pointer, index):
    """The address of element `index`."""

    def codegen(context, builder, sig, args):
        index = context.cast(builder, args[1], sig.args[1], types.int64)
        return builder.gep(args[0], [index])

    return pointer(pointer, index), codegen


@intrinsic
def load(typingctx, pointer, index):
    """LANES neighbours from element `index` on."""
    dtype = pointer.dtype

    def codegen(context, builder, sig, args):
        place = builder.gep(args[0], [context.cast(builder, args[1], sig.args[1], types.int64)])
        place = builder.bitcast(place, _vector(dtype).as_pointer())
        return builder.load(place, align=dtype.bitwidth // 8)

    return Vector(dtype)(pointer, index), codegen


@intrinsic
def store(typingctx, pointer, index, value):
    """Write LANES neighbours from element `index` on; a scalar is written to all of them."""
    vector = Vector(pointer.dtype)

    def codegen(context, builder, sig, args):
        place = builder.gep(args[0], [context.cast(builder, args[1], sig.args[1], types.int64)])
        place = builder.bitcast(place, _vector(vector.dtype).as_pointer())
        builder.store(
            _as_vector(context, builder, args[2], sig.args[2], vector), place, align=vector.dtype.bitwidth // 8
        )
        return context.get_dummy_value()

    return types.void(pointer, index, value), codegen


@intrinsic
def store_first(typingctx, pointer, index, value, count):
    """Write the first `count` lanes only (all of them where count >= LANES); the other elements stay as they are."""
    dtype = pointer.dtype

    def codegen(context, builder, sig, args):
        place = builder.gep(args[0], [context.cast(builder, args[1], sig.args[1], types.int64)])
        place = builder.bitcast(place, _vector(dtype).as_pointer())
        mask = _lanes_below(builder, context.cast(builder, args[3], sig.args[3], types.int64))
        kind = f"llvm.masked.store.v{LANES}f{dtype.bitwidth}.p0"
        arguments = [_vector(dtype), place.type, _I32, _MASK]
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.VoidType(), arguments), kind)
        builder.call(function, [args[2], place, _I32(dtype.bitwidth // 8), mask])
        return context.get_dummy_value()

    return types.void(pointer, index, value, count), codegen


def _lanes_below(builder, count):
    numbers = ir.Constant(ir.VectorType(_I64, LANES), list(range(LANES)))
    first = builder.insert_element(ir.Constant(ir.VectorType(_I64, LANES), ir.Undefined), count, _I32(0))
    every = builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(_I32, LANES), [0] * LANES))
    return builder.icmp_signed("<", numbers, every)


@intrinsic
def first_lanes(typingctx, count):
    """A mask that is true in the first `count` lanes."""

    def codegen(context, builder, sig, args):
        return _lanes_below(builder, context.cast(builder, args[0], sig.args[0], types.int64))

    return MASK(count), codegen


@intrinsic
def reinterpret(typingctx, address, like):
    """An integer address as a pointer of the same kind as `like`."""

    def codegen(context, builder, sig, args):
        return builder.inttoptr(args[0], context.get_value_type(sig.return_type))

    return like(address, like), codegen


@intrinsic
def int64_pointer(typingctx, address):
    """An integer address, or any pointer, as a pointer to int64."""
    result = types.CPointer(types.int64)

    def codegen(context, builder, sig, args):
        target = context.get_value_type(result)
        cast = builder.inttoptr if isinstance(sig.args[0], types.Integer) else builder.bitcast
        return cast(args[0], target)

    return result(address), codegen


@intrinsic
def int32_pointer(typingctx, address):
    """An integer address, or any pointer, as a pointer to int32."""
    result = types.CPointer(types.int32)

    def codegen(context, builder, sig, args):
        target = context.get_value_type(result)
        cast = builder.inttoptr if isinstance(sig.args[0], types.Integer) else builder.bitcast
        return cast(args[0], target)

    return result(address), codegen


@intrinsic
def float64_pointer(typingctx, address):
    """An integer address, or any pointer, as a pointer to float64."""
    result = types.CPointer(types.float64)

    def codegen(context, builder, sig, args):
        target = context.get_value_type(result)
        cast = builder.inttoptr if isinstance(sig.args[0], types.Integer) else builder.bitcast
        return cast(args[0], target)

    return result(address), codegen


@intrinsic
def call_instruction(typingctx, function, context_pointer, row):
    """Call the compiled instruction at address `function`: float64 f(context, row)."""

    def codegen(context, builder, sig, args):
        pointer = ir.IntType(64).as_pointer()
        kind = ir.FunctionType(ir.DoubleType(), [pointer, pointer])
        return builder.call(builder.inttoptr(args[0], kind.as_pointer()), [args[1], args[2]])

    return types.float64(function, context_pointer, row), codegen


@intrinsic
def transpose_block(typingctx, source, source_stride, target, target_stride):
    """Transpose a block of LANES x LANES numbers: target[j, i] = source[i, j] (Eklundh 1972:

    swap halves, quarters, ...).
    """
    dtype = source.dtype

    def codegen(context, builder, sig, args):
        source, source_stride, target, target_stride = args
        rows = []
        for i in range(LANES):
            place = builder.gep(source, [builder.mul(source_stride, _I64(i))])
            rows.append(builder.load(builder.bitcast(place, _vector(dtype).as_pointer()), align=dtype.bitwidth // 8))
        width = LANES // 2
        while width:
            low = [j if not j & width else j - width + LANES for j in range(LANES)]
            high = [j + width if not j & width else j + LANES for j in range(LANES)]
            for i in range(LANES):
                if not i & width:
                    a, b = rows[i], rows[i + width]
                    rows[i], rows[i + width] = (
                        builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(_I32, LANES), order))
                        for order in (low, high)
                    )
            width //= 2
        for i in range(LANES):
            place = builder.gep(target, [builder.mul(target_stride, _I64(i))])
            builder.store(rows[i], builder.bitcast(place, _vector(dtype).as_pointer()), align=dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(source, types.int64, target, types.int64), codegen


@intrinsic
def uniform(typingctx, pointer, key, counter):
    """Random numbers in [0, 1), multiples of 2^-24, of the float type that `pointer` points to.

    Lane j has the upper bits of SplitMix64 (Steele, Lea & Flood 2014), applied twice: `random_bits(key, counter + j)`.
    """
    vector = Vector(pointer.dtype)

    def codegen(context, builder, sig, args):
        whole = ir.VectorType(_I64, LANES)

        def every(number):
            return ir.Constant(whole, [number] * LANES)

        key, counter = (context.cast(builder, a, t, types.int64) for a, t in zip(args[1:], sig.args[1:], strict=True))
        start = builder.add(builder.mul(key, _I64(0x9E3779B97F4A7C15)), counter)
        first = builder.insert_element(ir.Constant(whole, ir.Undefined), start, _I32(0))
        z = builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(_I32, LANES), [0] * LANES))
        z = builder.add(z, ir.Constant(whole, list(range(LANES))))
        for _ in range(2):
            z = builder.add(z, every(0x9E3779B97F4A7C15))
            for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
                z = builder.mul(builder.xor(z, builder.lshr(z, every(shift))), every(factor))
            z = builder.xor(z, builder.lshr(z, every(31)))
        bits = builder.trunc(builder.lshr(z, every(40)), ir.VectorType(_I32, LANES))
        scale = ir.Constant(_vector(vector.dtype), [2.0**-24] * LANES)
        return builder.fmul(builder.sitofp(bits, _vector(vector.dtype)), scale)

    return vector(pointer, key, counter), codegen


# ------------------------------------------------------------------------------------------- functions, any width


def _call_llvm(builder, name, *values):
    kind = values[0].type
    suffix = f"v{LANES}f{32 if kind.element == ir.FloatType() else 64}"
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(kind, [v.type for v in values]), f"llvm.{name}.{suffix}"
    )
    return builder.call(function, values)


@intrinsic
def splat(typingctx, pointer, value):
    """A scalar in every lane, in the float type that `pointer` points to."""
    vector = Vector(pointer.dtype)

    def codegen(context, builder, sig, args):
        return _as_vector(context, builder, args[1], sig.args[1], vector)

    return vector(pointer, value), codegen


@intrinsic
def fma(typingctx, a, b, c):
    """a b + c, fused where the processor can. a and b may be scalars, c is a Vector."""
    vector = c

    def codegen(context, builder, sig, args):
        values = [_as_vector(context, builder, v, t, vector) for v, t in zip(args, sig.args, strict=True)]
        return _call_llvm(builder, "fmuladd", *values)

    return vector(a, b, c), codegen


@intrinsic
def where(typingctx, condition, a, b):
    """a where the condition holds, else b. a or b may be scalars."""
    vector = _vector_among((a, b))

    def codegen(context, builder, sig, args):
        a, b = (_as_vector(context, builder, v, t, vector) for v, t in zip(args[1:], sig.args[1:], strict=True))
        return builder.select(args[0], a, b)

    return vector(condition, a, b), codegen


@intrinsic
def either(typingctx, a, b):
    """True where one of the masks is."""

    def codegen(context, builder, sig, args):
        return builder.or_(*args)

    return MASK(a, b), codegen


@intrinsic
def square_root(typingctx, a):
    """Square root, correctly rounded."""

    def codegen(context, builder, sig, args):
        return _call_llvm(builder, "sqrt", args[0])

    return a(a), codegen


@intrinsic
def magnitude(typingctx, a):
    """Absolute value."""

    def codegen(context, builder, sig, args):
        return _call_llvm(builder, "fabs", args[0])

    return a(a), codegen


@intrinsic
def total(typingctx, a):
    """Sum over the lanes, pairwise, as float64."""

    def codegen(context, builder, sig, args):
        value, width = args[0], LANES // 2
        while width:
            order = [j + width if j < width else j for j in range(LANES)]
            moved = builder.shuffle_vector(value, value, ir.Constant(ir.VectorType(_I32, LANES), order))
            value = builder.fadd(value, moved, flags=FLAGS)
            width //= 2
        first = builder.extract_element(value, _I32(0))
        return context.cast(builder, first, a.dtype, types.float64)

    return types.float64(a), codegen


@intrinsic
def _round(typingctx, a):
    """Nearest whole number."""

    def codegen(context, builder, sig, args):
        return _call_llvm(builder, "rint", args[0])

    return a(a), codegen


@intrinsic
def _two_to_the(typingctx, n):
    """2^n for whole n in the range of normal float32, by writing the exponent's bits."""

    def codegen(context, builder, sig, args):
        integers = ir.VectorType(_I32, LANES)
        exponent = builder.add(builder.fptosi(args[0], integers), ir.Constant(integers, [127] * LANES))
        return builder.bitcast(builder.shl(exponent, ir.Constant(integers, [23] * LANES)), args[0].type)

    return n(n), codegen


@intrinsic
def _exponent(typingctx, x):
    """e with x = m 2^e and m in [0.5, 1), for positive normal float32, as a Vector."""

    def codegen(context, builder, sig, args):
        integers = ir.VectorType(_I32, LANES)
        bits = builder.lshr(builder.bitcast(args[0], integers), ir.Constant(integers, [23] * LANES))
        return builder.sitofp(builder.sub(bits, ir.Constant(integers, [126] * LANES)), args[0].type)

    return x(x), codegen


@intrinsic
def _mantissa(typingctx, x):
    """m with x = m 2^e and m in [0.5, 1), for positive normal float32."""

    def codegen(context, builder, sig, args):
        integers = ir.VectorType(_I32, LANES)
        bits = builder.and_(builder.bitcast(args[0], integers), ir.Constant(integers, [0x007FFFFF] * LANES))
        return builder.bitcast(builder.or_(bits, ir.Constant(integers, [0x3F000000] * LANES)), args[0].type)

    return x(x), codegen


def _lane_by_lane(name):
    """The C library's function on each lane (float64)."""

    @intrinsic
    def function(typingctx, a):
        def codegen(context, builder, sig, args):
            kind = ir.FunctionType(ir.DoubleType(), [ir.DoubleType()])
            callee = cgutils.get_or_insert_function(builder.module, kind, name)
            result = args[0]
            for lane in range(LANES):
                value = builder.call(callee, [builder.extract_element(args[0], _I32(lane))])
                result = builder.insert_element(result, value, _I32(lane))
            return result

        return a(a), codegen

    return function


_exp64, _log64, _log1p64, _tanh64, _erfc64 = (_lane_by_lane(name) for name in ("exp", "log", "log1p", "tanh", "erfc"))


# ----------------------------------------------------------------------------------------- tiles: several rows at once


@intrinsic(prefer_literal=True)
def rows(typingctx, pointer, first, end, stride, count):
    """Addresses of `count` (a literal number) rows from row `first` on, `stride` apart; none goes beyond row end - 1.

    A tile loads each row once and uses it for several sums, which stay in registers. Where fewer rows are left, the
    last is there several times, with the same result each time.
    """
    result = types.UniTuple(pointer, count.literal_value)

    def codegen(context, builder, sig, args):
        numbers = zip(args[1:4], sig.args[1:4], strict=True)
        first, end, stride = (context.cast(builder, value, kind, types.int64) for value, kind in numbers)
        last, addresses = builder.sub(end, _I64(1)), []
        for r in range(result.count):
            row = builder.add(first, _I64(r))
            row = builder.select(builder.icmp_signed("<", row, last), row, last)
            addresses.append(builder.gep(args[0], [builder.mul(row, stride)]))
        return cgutils.pack_array(builder, addresses)

    return result(pointer, first, end, stride, count), codegen


@intrinsic
def load_rows(typingctx, pointers, index):
    """`load` from each row."""
    dtype = pointers.dtype.dtype
    result = types.UniTuple(Vector(dtype), pointers.count)

    def codegen(context, builder, sig, args):
        index, loaded = context.cast(builder, args[1], sig.args[1], types.int64), []
        for row in cgutils.unpack_tuple(builder, args[0]):
            place = builder.bitcast(builder.gep(row, [index]), _vector(dtype).as_pointer())
            loaded.append(builder.load(place, align=dtype.bitwidth // 8))
        return cgutils.pack_array(builder, loaded)

    return result(pointers, index), codegen


@intrinsic
def splat_rows(typingctx, pointers, index):
    """One number of each row, in every lane."""
    vector = Vector(pointers.dtype.dtype)

    def codegen(context, builder, sig, args):
        index = context.cast(builder, args[1], sig.args[1], types.int64)
        numbers = [builder.load(builder.gep(row, [index])) for row in cgutils.unpack_tuple(builder, args[0])]
        return cgutils.pack_array(builder, [_as_vector(context, builder, x, vector.dtype, vector) for x in numbers])

    return types.UniTuple(vector, pointers.count)(pointers, index), codegen


@intrinsic
def store_rows(typingctx, pointers, index, values):
    """`store` to each row."""
    dtype = pointers.dtype.dtype

    def codegen(context, builder, sig, args):
        index = context.cast(builder, args[1], sig.args[1], types.int64)
        pairs = zip(*(cgutils.unpack_tuple(builder, args[i]) for i in (0, 2)), strict=True)
        for row, value in pairs:
            place = builder.bitcast(builder.gep(row, [index]), _vector(dtype).as_pointer())
            builder.store(value, place, align=dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(pointers, index, values), codegen


@intrinsic
def zero_products(typingctx, a, b):
    """Zeros to begin `add_products` with, for the rows of a and b."""
    vector = Vector(a.dtype.dtype)
    result = types.UniTuple(vector, a.count * b.count)

    def codegen(context, builder, sig, args):
        return cgutils.pack_array(builder, [ir.Constant(_vector(vector.dtype), [0.0] * LANES)] * result.count)

    return result(a, b), codegen


@intrinsic
def add_products(typingctx, sums, a, b):
    """sums + a b, fused, for each pair of a vector of a and a vector of b; those of b innermost."""

    def codegen(context, builder, sig, args):
        sums, a, b = (cgutils.unpack_tuple(builder, value) for value in args)
        pairs = [(x, y) for x in a for y in b]
        added = [_call_llvm(builder, "fmuladd", *pair, old) for pair, old in zip(pairs, sums, strict=True)]
        return cgutils.pack_array(builder, added)

    return sums(sums, a, b), codegen


@intrinsic
def totals(typingctx, values):
    """`total` of each vector: halves of two are put side by side and added, until every sum is in one lane."""
    dtype, count = values.dtype.dtype, values.count

    def codegen(context, builder, sig, args):
        vectors, width = cgutils.unpack_tuple(builder, args[0]), LANES // 2
        while width:
            if len(vectors) > 1 and len(vectors) % 2:
                vectors.append(ir.Constant(_vector(dtype), [0.0] * LANES))
            halves = [2 * (j // width) * width + j % width for j in range(LANES)]
            orders = [ir.Constant(ir.VectorType(_I32, LANES), [j + half for j in halves]) for half in (0, width)]
            vectors = [
                builder.fadd(*(builder.shuffle_vector(x, y, order) for order in orders), flags=FLAGS)
                for x, y in zip(vectors[::2], vectors[1::2] or vectors, strict=True)
            ]
            width //= 2
        lanes = [builder.extract_element(vectors[0], _I32(r)) for r in range(count)]
        return cgutils.pack_array(builder, [context.cast(builder, x, dtype, types.float64) for x in lanes])

    return types.UniTuple(types.float64, count)(values), codegen


# -------------------------------------------------------------------------- functions, float32 in registers


@numba.njit(**OPTIONS)
def _exp32(x):
    """e^x, relative error below 2e-7; clamped to [-87.3, 88]. Cephes expf (Moshier)."""
    x = where(x < -87.3, -87.3, where(x > 88.0, 88.0, x))
    n = _round(x * 1.44269504088896341)
    r = fma(n, 2.12194440e-4, fma(n, -0.693359375, x))
    p = fma(1.9875691500e-4, r, splat_like(r, 1.3981999507e-3))
    p = fma(p, r, splat_like(r, 8.3334519073e-3))
    p = fma(p, r, splat_like(r, 4.1665795894e-2))
    p = fma(p, r, splat_like(r, 1.6666665459e-1))
    p = fma(p, r, splat_like(r, 5.0000001201e-1))
    return fma(p * r, r, r + 1.0) * _two_to_the(n)


@intrinsic
def splat_like(typingctx, like, value):
    """A scalar in every lane, of the same Vector type as `like`."""

    def codegen(context, builder, sig, args):
        return _as_vector(context, builder, args[1], sig.args[1], like)

    return like(like, value), codegen


@numba.njit(**OPTIONS)
def _log32(x):
    """ln x for positive normal x, relative error below 3e-7 away from 1. Cephes logf (Moshier)."""
    m, e = _mantissa(x), _exponent(x)
    small = m < 0.707106781186547524
    e = where(small, e - 1.0, e)
    m = where(small, m + m, m) - 1.0
    p = fma(7.0376836292e-2, m, splat_like(m, -1.1514610310e-1))
    p = fma(p, m, splat_like(m, 1.1676998740e-1))
    p = fma(p, m, splat_like(m, -1.2420140846e-1))
    p = fma(p, m, splat_like(m, 1.4249322787e-1))
    p = fma(p, m, splat_like(m, -1.6668057665e-1))
    p = fma(p, m, splat_like(m, 2.0000714765e-1))
    p = fma(p, m, splat_like(m, -2.4999993993e-1))
    p = fma(p, m, splat_like(m, 3.3333331174e-1))
    square = m * m
    y = fma(e, -2.12194440e-4, p * square * m)
    return fma(e, 0.693359375, m + fma(square, -0.5, y))


@numba.njit(**OPTIONS)
def _log1p32(u):
    """ln(1 + u) for u in [0, 1], relative error below 3e-7: the rounding of 1 + u is put right (Kahan)."""
    w = u + 1.0
    return _log32(w) + (u - (w - 1.0)) / w


@numba.njit(**OPTIONS)
def _tanh32(x):
    """tanh x, relative error below 4e-7.

    Rational minimax approximation of degree 13/6, as in Eigen and XLA; 1 from 7.9 on.
    """
    s = where(magnitude(x) > 7.90531110763549805, 62.0, x * x)
    p = fma(s, -2.76076847742355e-16, splat_like(s, 2.00018790482477e-13))
    p = fma(p, s, splat_like(s, -8.60467152213735e-11))
    p = fma(p, s, splat_like(s, 5.12229709037114e-08))
    p = fma(p, s, splat_like(s, 1.48572235717979e-05))
    p = fma(p, s, splat_like(s, 6.37261928875436e-04))
    p = fma(p, s, splat_like(s, 4.89352455891786e-03))
    q = fma(s, 1.19825839466702e-06, splat_like(s, 1.18534705686654e-04))
    q = fma(q, s, splat_like(s, 2.26843463243900e-03))
    q = fma(q, s, splat_like(s, 4.89352518554385e-03))
    return where(x > 7.90531110763549805, 1.0, where(x < -7.90531110763549805, -1.0, x * p / q))


@numba.njit(**OPTIONS)
def _normal_cdf32(z):
    """Phi(z), relative error below 2e-6 also far out on the left. Phi(z) = erfc(-z / sqrt 2) / 2, erfc by Chebyshev
    fitting (Press et al., Numerical Recipes, 2nd ed., section 6.2, erfcc)."""
    x = magnitude(z) * 0.7071067811865476
    t = 1.0 / (1.0 + 0.5 * x)
    p = fma(0.17087277, t, splat_like(t, -0.82215223))
    p = fma(p, t, splat_like(t, 1.48851587))
    p = fma(p, t, splat_like(t, -1.13520398))
    p = fma(p, t, splat_like(t, 0.27886807))
    p = fma(p, t, splat_like(t, -0.18628806))
    p = fma(p, t, splat_like(t, 0.09678418))
    p = fma(p, t, splat_like(t, 0.37409196))
    p = fma(p, t, splat_like(t, 1.00002368))
    p = fma(p, t, splat_like(t, -1.26551223))
    tail = 0.5 * t * _exp32(p - x * x)
    return where(z > 0.0, 1.0 - tail, tail)


@numba.njit(**OPTIONS)
def _normal_cdf64(z):
    """Phi(z) = erfc(-z / sqrt 2) / 2."""
    return 0.5 * _erfc64(z * -0.7071067811865476)


def _by_width(narrow, wide):
    """One name for both float types: the polynomial for float32, the C library for float64."""

    def choose(x):
        if isinstance(x, Vector):
            chosen = narrow if x.dtype == types.float32 else wide
            return lambda x: chosen(x)
        return None

    return choose


def exponential(x):
    """e^x in every lane."""
    return np.exp(x)


def logarithm(x):
    """ln x in every lane, x > 0."""
    return np.log(x)


def log_one_plus(x):
    """ln(1 + x) in every lane, x in [0, 1]."""
    return np.log1p(x)


def hyperbolic_tangent(x):
    """tanh x in every lane."""
    return np.tanh(x)


def normal_cdf(x):
    """Phi(x) in every lane: the share of the normal distribution below x."""
    raise NotImplementedError("only inside a kernel")


for _function, _narrow, _wide in [
    (exponential, _exp32, _exp64),
    (logarithm, _log32, _log64),
    (log_one_plus, _log1p32, _log1p64),
    (hyperbolic_tangent, _tanh32, _tanh64),
    (normal_cdf, _normal_cdf32, _normal_cdf64),
]:
    overload(_function, jit_options=OPTIONS)(_by_width(_narrow, _wide))


# ------------------------------------------------------------------------------------------------- denormal numbers


@intrinsic
def flush_denormals(typingctx):
    """Treat denormal numbers as zero on this thread (10-50x faster than arithmetic on them); gives the old mode back.

    Moments of dead units decay into denormals. x86 only; elsewhere nothing changes.
    """

    def codegen(context, builder, sig, args):
        if not _is_x86(builder):
            return _I32(0)
        place = cgutils.alloca_once(builder, _I32)
        raw = builder.bitcast(place, _I8.as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [_I8.as_pointer()])
        builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.sse.stmxcsr"), [raw])
        old = builder.load(place)
        builder.store(builder.or_(old, _I32(0x8040)), place)
        builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.sse.ldmxcsr"), [raw])
        return old

    return types.int32(), codegen


@intrinsic
def restore_denormals(typingctx, mode):
    """Put back what `flush_denormals` gave."""

    def codegen(context, builder, sig, args):
        if _is_x86(builder):
            place = cgutils.alloca_once(builder, _I32)
            builder.store(args[0], place)
            kind = ir.FunctionType(ir.VoidType(), [_I8.as_pointer()])
            function = cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.sse.ldmxcsr")
            builder.call(function, [builder.bitcast(place, _I8.as_pointer())])
        return context.get_dummy_value()

    return types.void(mode), codegen


def _is_x86(builder) -> bool:
    return builder.module.triple.startswith(("x86_64", "i386", "i686"))
