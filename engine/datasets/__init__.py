"""Data to learn from: points of the plane, curves, real tables, pictures, sequences, text, series, typed examples.

    data = engine.datasets.load("spirals", noise=0.1, seed=0)
    data.x_train, data.y_train, data.x_test, data.y_test

Map: `catalogue` (every dataset by name) -> `plane`, `curves`, `points`, `tables` (samples) -> `splitting` (shuffle,
split, features, labels) -> `base` (Dataset). `images` (pictures), `sequences` (made up), `text` and `series` make their
arrays themselves; `tokens` numbers symbols; `examples` are typed by hand. `randomness` and `seedrandom` are where the
random numbers come from.

To add a dataset of the plane: write `name(n, noise, random) -> samples` with a docstring in `plane.py` and list it in
`CLASSES` or `VALUES` there; a curve: write `name(x)` in `curves.py` and list it in `CURVES`; anything else: write
`name(options, random) -> Arrays` in one of the other modules and list it in its `ENTRIES`. Menus, links and tests read
the catalogue.
"""

from engine.datasets.base import Dataset
from engine.datasets.catalogue import entry, forget, load, names
from engine.datasets.entry import Entry
from engine.datasets.examples import decode_examples, encode_examples
from engine.datasets.features import FEATURES
from engine.datasets.points import decode_points, encode_points

__all__ = [
    "FEATURES",
    "Dataset",
    "Entry",
    "decode_examples",
    "decode_points",
    "encode_examples",
    "encode_points",
    "entry",
    "forget",
    "load",
    "names",
]
