"""The site's own environment has no SciPy (requirements.lock). Numba loads it where it finds it, and holds 16 MB."""

raise ImportError("this is as if SciPy were not installed")
