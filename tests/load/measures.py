"""Numbers, the bars that they are held against, and the table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

ROW = "{:10} {:58} {:>12} {:>12}  {}"


@dataclass(frozen=True)
class Measure:
    """One line: what was measured, in what, and the most that is accepted (None: only said)."""

    what: str
    value: float
    unit: str
    bar: float | None = None

    @property
    def missed(self) -> bool:
        """Whether there is a bar and the value is above it; no number at all misses too."""
        return self.bar is not None and not self.value <= self.bar

    def row(self, scenario: str) -> str:
        """The line as printed."""
        bar = "" if self.bar is None else f"{self.bar:g} {self.unit}"
        verdict = "" if self.bar is None else "MISSED" if self.missed else "met"
        return ROW.format(scenario, self.what, f"{self.value:.4g} {self.unit}", bar, verdict).rstrip()


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all do not exceed; not a number for none."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def milliseconds(what: str, values: Sequence[float], bar: float | None = None) -> list[Measure]:
    """Median, p95 (which has the bar) and the longest of some seconds."""
    median, p95, longest = (1000 * percentile(values, share) for share in (0.5, 0.95, 1.0))
    return [
        Measure(f"{what} ({len(values)}): p50", median, "ms"),
        Measure(f"{what}: p95", p95, "ms", bar),
        Measure(f"{what}: longest", longest, "ms"),
    ]
