"""The command line of `tests.load` and `tests.load.faults`: runs scenarios, prints a table with what missed its bar."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from typing import NamedTuple

from tests.load.machine import Server
from tests.load.measures import ROW, Measure


class Scenario(NamedTuple):
    """What is done by `visitors` for `seconds`; and by how many, for how long, where it is only looked at."""

    run: Callable[[int, float], Coroutine[None, None, list[Measure]]]
    visitors: int
    seconds: float
    few: int
    moment: float


def arguments(program: str, words: str | None, scenarios: Mapping[str, Scenario]) -> argparse.ArgumentParser:
    """The parser."""
    parser = argparse.ArgumentParser(prog=f"python -m {program}", description=words)
    parser.add_argument("scenario", nargs="*", help=f"some of {', '.join(scenarios)} (default: all)")
    parser.add_argument("--visitors", type=int, help="how many, instead of the number that the bars are for")
    parser.add_argument("--seconds", type=float, help="how long each scenario is measured")
    parser.add_argument("--python", default=sys.executable, help="the Python that runs the server (default: this one)")
    parser.add_argument("--short", action="store_true", help="a few visitors for seconds: a look, not a measurement")
    return parser


async def measure(scenario: Scenario, options: argparse.Namespace) -> list[Measure]:
    """One scenario at the size that was asked for."""
    visitors, seconds = (scenario.few, scenario.moment) if options.short else (scenario.visitors, scenario.seconds)
    return await scenario.run(options.visitors or visitors, options.seconds or seconds)


def main(program: str, words: str | None, scenarios: Mapping[str, Scenario]) -> int:
    """Runs what the command line asks for; the exit code: 1 where a bar is missed."""
    parser = arguments(program, words, scenarios)
    options = parser.parse_args()
    Server.python = options.python
    if unknown := set(options.scenario) - set(scenarios):
        parser.error(f"no scenario {', '.join(sorted(unknown))}; there are {', '.join(scenarios)}")
    missed = 0
    print(f"{os.cpu_count()} cores; load of the machine before: {'/'.join(f'{one:.1f}' for one in os.getloadavg())}")
    print(ROW.format("scenario", "measure", "value", "bar", ""), flush=True)
    for name in options.scenario or scenarios:
        for line in asyncio.run(measure(scenarios[name], options)):
            print(line.row(name), flush=True)
            missed += line.missed
    print(f"{missed} bars missed" if missed else "every bar met")
    return 1 if missed else 0
