"""Weights to a file and back: NumPy's .npz, and safetensors.

    weights.save(run, "spirals.safetensors")
    weights.load(run, "spirals.npz")

A file holds every parameter of a network by its full name ("dense_1.weight") and the statistics that layers keep
("batch_norm_1.running_mean"). Files may come from strangers: nothing in them is executed (pickles are refused), and
names, types, shapes and sizes are compared with those of the network before any number is read.

safetensors, as its authors define it: 8 bytes N (little endian), N bytes of JSON that give each tensor's type, shape
and place, then the numbers, without gaps, little endian, last axis first.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
import zlib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import ConfigurationError, UnknownNameError

if TYPE_CHECKING:
    from engine.run import Run

__all__ = ["FORMATS", "from_bytes", "load", "save", "to_bytes"]

Arrays = dict[str, NDArray[Any]]
Shapes = Mapping[str, tuple[int, ...]]

FORMATS = ("npz", "safetensors")
LENGTH = 8  # bytes before a safetensors header
MOST_HEADER = 2**20  # bytes
OVERHEAD = 4096  # bytes that an .npz file may spend on each array
WIDEST = 8  # bytes of a number
TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
NAMES = {"float64": "F64", "float32": "F32"}
PICKLES = (b"\x80", b"(", b"c", b"]")  # what a pickle may begin with


def save(run: Run, path: str | Path) -> None:
    """Write a run's weights to a file whose name ends in .npz or .safetensors."""
    path = Path(path)
    path.write_bytes(to_bytes(run, path.suffix.removeprefix(".")))


def load(run: Run, path: str | Path) -> None:
    """Put the weights of a file in place of a run's; which of the formats it is, is seen from its content.

    What an optimiser has gathered so far stays as it is.

    Raises
    ------
    ConfigurationError : for a file that is too large, broken, of another kind, or of another network
    """
    path = Path(path)
    size, most = path.stat().st_size, _most_bytes(_expected(run))
    if size > most:
        raise ConfigurationError("bytes in the file of weights", size, f"at most {most} for this network")
    from_bytes(run, path.read_bytes())


def to_bytes(run: Run, form: str = "safetensors") -> bytes:
    """A run's weights as the content of a file; `form` is one of FORMATS."""
    arrays = run.parameters() | run.statistics()
    if form == "safetensors":
        return _write_safetensors(arrays)
    if form == "npz":
        file = io.BytesIO()
        np.savez(file, allow_pickle=False, **arrays)
        return file.getvalue()
    raise UnknownNameError("format of weights", form, FORMATS)


def from_bytes(run: Run, content: bytes) -> None:
    """As `load`, from a file's content."""
    shapes = _expected(run)
    if len(content) > _most_bytes(shapes):
        accepted = f"at most {_most_bytes(shapes)} for this network"
        raise ConfigurationError("bytes in the file of weights", len(content), accepted)
    found = _read_npz(content, shapes) if content[:2] == b"PK" else _read_safetensors(content, shapes)
    with np.errstate(over="ignore"):  # what is too large for the run's type is infinite there, and refused
        arrays = {name: array.astype(run.experiment.dtype) for name, array in found.items()}
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ConfigurationError(name, "values that are not finite", "finite numbers only")
        if name.endswith(".running_var") and (array < 0).any():
            raise ConfigurationError(name, float(array.min()), "variances, which are not negative")
    run.set_parameters({name: array for name, array in arrays.items() if name not in run._statistics})
    for name, view in run._statistics.items():
        view[...] = arrays[name]


def _expected(run: Run) -> Shapes:
    network = run.experiment.network
    return network.parameter_shapes() | network.statistic_shapes()


def _most_bytes(shapes: Shapes) -> int:
    """What a file of these arrays can need."""
    return MOST_HEADER + sum(OVERHEAD + WIDEST * math.prod(shape) for shape in shapes.values())


def _check_names(found: Iterable[str], shapes: Shapes) -> None:
    found = list(found)
    missing, unknown = [n for n in shapes if n not in found], [n for n in found if n not in shapes]
    if missing or unknown or len(found) != len(shapes):
        wrong = f"{', '.join(missing)} missing" if missing else f"{', '.join(unknown or found)} too many"
        raise ConfigurationError("file of weights", wrong, f"just these arrays: {', '.join(shapes)}")


def _check_shape(name: str, shape: object, shapes: Shapes) -> None:
    if shape != shapes[name]:
        raise ConfigurationError(f"shape of {name} in the file", shape, f"{shapes[name]}, as the network's")


def _check_type(name: str, kind: str, known: Collection[str]) -> None:
    if kind not in known:
        raise ConfigurationError(f"type of {name} in the file", kind, f"one of {', '.join(known)}")


# ------------------------------------------------------------------------------------------------- safetensors


def _write_safetensors(arrays: Arrays) -> bytes:
    header: dict[str, Any] = {"__metadata__": {"format": "np"}}
    start = 0
    for name, array in arrays.items():
        end = start + array.nbytes
        header[name] = {"dtype": NAMES[array.dtype.name], "shape": list(array.shape), "data_offsets": [start, end]}
        start = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % LENGTH)  # the numbers are aligned
    numbers = (np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes() for array in arrays.values())
    return b"".join((len(text).to_bytes(LENGTH, "little"), text, *numbers))


def _read_safetensors(content: bytes, shapes: Shapes) -> Arrays:
    length = int.from_bytes(content[:LENGTH], "little")
    first = LENGTH + length
    if length > MOST_HEADER or first > len(content) or content[LENGTH : LENGTH + 1] != b"{":
        raise _unreadable(content)
    header = _header(content[LENGTH:first])
    header.pop("__metadata__", None)
    _check_names(header, shapes)
    arrays, end = {}, 0
    for name, (kind, shape, start, stop) in sorted(
        ((name, _entry(name, entry)) for name, entry in header.items()), key=lambda item: item[1][2:]
    ):
        _check_type(name, kind, TYPES)
        _check_shape(name, shape, shapes)
        numbers = np.dtype(TYPES[kind])
        if start != end or stop - start != math.prod(shape) * numbers.itemsize or first + stop > len(content):
            raise ConfigurationError(
                f"place of {name} in the file", (start, stop), "one after the other, inside the file"
            )
        arrays[name] = _numbers(kind, np.frombuffer(content[first + start : first + stop], numbers)).reshape(shape)
        end = stop
    if first + end != len(content):
        raise ConfigurationError("bytes in the file of weights", len(content), f"{first + end}, as its header says")
    return arrays


def _header(text: bytes) -> dict[str, Any]:
    try:
        header = json.loads(text.decode(), object_pairs_hook=_each_once)
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise ConfigurationError("header of the file of weights", text, "a JSON object, as safetensors has it")
    return header


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name twice")
    return dict(pairs)


def _entry(name: str, entry: Any) -> tuple[str, tuple[int, ...], int, int]:
    """(type, shape, start, stop) of one tensor."""
    try:
        kind, shape, (start, stop) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
    except (TypeError, KeyError, ValueError):
        kind, shape, start, stop = None, (), None, None
    if not isinstance(kind, str) or any(type(number) is not int for number in (*shape, start, stop)):
        raise ConfigurationError(f"{name} in the file", entry, "its dtype, shape and two data_offsets")
    return kind, shape, start, stop


def _numbers(kind: str, stored: NDArray[Any]) -> NDArray[Any]:
    """BF16 is the upper half of a float32; the other types are NumPy's own."""
    return (stored.astype("<u4") << 16).view("<f4") if kind == "BF16" else stored


def _unreadable(content: bytes) -> ConfigurationError:
    """What to say of content that is neither format."""
    accepted = "a file in the format safetensors, or .npz as numpy.savez writes it"
    if content[:1] in PICKLES:
        accepted += "; a pickle could run code when it is read"
    return ConfigurationError("file of weights", content[:16], accepted)


# --------------------------------------------------------------------------------------------------------- npz


def _read_npz(content: bytes, shapes: Shapes) -> Arrays:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
            if any(name.endswith(".pkl") for name in members):
                raise _unreadable(PICKLES[0])  # as torch.save writes it
            _check_names((member.filename.removesuffix(".npy") for member in archive.infolist()), shapes)
            return {name: _member(archive, member, name, shapes) for name, member in members.items()}
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError) as error:
        raise ConfigurationError("file of weights", str(error), "an .npz file that is whole") from None


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, shapes: Shapes) -> NDArray[Any]:
    """One array, inflated no further than it may be large."""
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise NotImplementedError("compressed otherwise than NumPy does it")
    most = OVERHEAD + WIDEST * math.prod(shapes[name])
    with archive.open(member) as stream:
        file = io.BytesIO(stream.read(most + 1))
    if len(file.getbuffer()) > most:
        raise ConfigurationError(f"bytes of {name} in the file", f"more than {most}", f"{shapes[name]} numbers")
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(file)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        raise ConfigurationError(f"{name} in the file", "something else", "an array as numpy.save writes it") from None
    _check_type(name, dtype.name, ("float64", "float32", "float16"))
    _check_shape(name, shape, shapes)
    file.seek(0)
    try:
        return np.lib.format.read_array(file, allow_pickle=False)
    except ValueError as error:
        raise ConfigurationError(f"{name} in the file", str(error), f"{shapes[name]} numbers") from None
