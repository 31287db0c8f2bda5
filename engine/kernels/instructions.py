"""What an instruction is, and how it is compiled: alone, when it is first needed, and kept on disk.

    @instruction
    def relu_forward(context, row): ...

The address of the machine code stands in column 0 of a program's row; the driver calls it. No caller inlines an
instruction, so changing one recompiles one, and a new architecture compiles nothing.
"""

import threading
from collections.abc import Callable, Iterable
from typing import Any

import numba
from numba import types

from engine.kernels.cache import alone
from engine.kernels.simd import OPTIONS

_FUNCTIONS: dict[str, Callable[..., Any]] = {}
_COMPILED: dict[tuple[str, str], Any] = {}
_LOCK = threading.Lock()
_DTYPES = {"float32": types.float32, "float64": types.float64}
_CFUNC_OPTIONS = {key: value for key, value in OPTIONS.items() if key != "nogil"}


def instruction(function: Callable[..., Any]) -> Callable[..., Any]:
    """Register a kernel f(context, row) -> float (its share of the loss; None counts as 0) under its own name."""
    _FUNCTIONS[function.__name__] = function
    return function


def address(name: str, dtype: str) -> int:
    """Address of the machine code of instruction `name` for "float32" or "float64"; compiles or loads it if need be."""
    key = (name, dtype)
    compiled = _COMPILED.get(key)
    if compiled is None:
        with _LOCK, alone():
            compiled = _COMPILED.get(key)
            if compiled is None:
                signature = types.float64(types.CPointer(_DTYPES[dtype]), types.CPointer(types.int64))
                compiled = numba.cfunc(signature, nopython=True, **_CFUNC_OPTIONS)(_FUNCTIONS[name])
                _COMPILED[key] = compiled
    return int(compiled.address)


def instruction_names(files: Iterable[str] | None = None) -> tuple[str, ...]:
    """All registered instructions, or those of the named files ("dense", "losses", ...)."""
    chosen = None if files is None else set(files)
    return tuple(
        name for name, function in _FUNCTIONS.items() if chosen is None or function.__module__.split(".")[-1] in chosen
    )
