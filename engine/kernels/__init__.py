"""Kernels: numbers in, numbers out. Arrays, offsets and scalars only; nothing here knows what a layer or a user is.

A file holds one family, forward and backward side by side. `simd.py` has the value type that they are written with,
`instructions.py` says what an instruction is and compiles it, `context.py` names the buffers, `driver.py` walks
a program.
"""
