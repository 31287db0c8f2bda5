"""Real tables, vendored as small .npz files; their sources and licences are in `data/LICENSES.md`."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.datasets.splitting import Sample

FOLDER = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Table:
    """A vendored table: what it is, what its columns and classes are called.

    `scale` divides the stored numbers; `picture` is (channels, height, width) where the columns are pixels, row by row.
    """

    name: str
    about: str
    input_names: tuple[str, ...]
    class_names: tuple[str, ...]
    scale: float = 1.0
    picture: tuple[int, int, int] | None = None


IRIS = Table(
    "iris",
    "150 flowers of three species, four measurements each.",
    ("sepal_length", "sepal_width", "petal_length", "petal_width"),
    ("setosa", "versicolor", "virginica"),
)

WINE = Table(
    "wine",
    "178 wines of three growers, thirteen chemical measurements each.",
    (
        "alcohol", "malic_acid", "ash", "alcalinity_of_ash", "magnesium", "total_phenols", "flavanoids",
        "nonflavanoid_phenols", "proanthocyanins", "colour_intensity", "hue", "od280_od315", "proline",
    ),
    ("grower_1", "grower_2", "grower_3"),
)  # fmt: skip

DIGITS = Table(
    "digits",
    "1797 handwritten digits, pictures of 8 x 8 pixels.",
    tuple(f"pixel_{row}_{column}" for row in range(8) for column in range(8)),
    tuple("0123456789"),
    scale=16.0,
    picture=(1, 8, 8),
)

TABLES = (IRIS, WINE, DIGITS)


@functools.lru_cache(maxsize=len(TABLES))
def read_rows(table: Table) -> list[Sample]:
    """(inputs..., class number) of each row, in the file's order."""
    with np.load(FOLDER / f"{table.name}.npz", allow_pickle=False) as file:
        rows = np.column_stack([file["x"] / table.scale, file["y"]])
    return [tuple(row) for row in rows.tolist()]
