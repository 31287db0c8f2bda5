"""The command: prints a table; exits 1 when a bar is missed."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys

from tests.load.measures import ROW
from tests.load.scenarios import SCENARIOS


def arguments(command_line: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("scenario", nargs="*", help=f"some of {', '.join(SCENARIOS)} (default: all)")
    parser.add_argument("--visitors", type=int, help="how many, instead of the number that the bars are for")
    parser.add_argument("--seconds", type=float, help="how long each scenario is measured")
    parser.add_argument("--short", action="store_true", help="a few visitors for seconds: a look, not a measurement")
    options = parser.parse_args(command_line)
    if unknown := set(options.scenario) - set(SCENARIOS):
        parser.error(f"no scenario {', '.join(sorted(unknown))}; there are {', '.join(SCENARIOS)}")
    return options


async def main(options: argparse.Namespace) -> int:
    missed = 0
    load = "/".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"{os.cpu_count()} cores; load of the machine before: {load}")
    print(ROW.format("scenario", "measure", "value", "bar", ""), flush=True)
    for name in options.scenario or SCENARIOS:
        scenario, visitors, seconds, few, moment = SCENARIOS[name]
        if options.short:
            visitors, seconds = few, moment
        for measure in await scenario(options.visitors or visitors, options.seconds or seconds):
            print(measure.row(name), flush=True)
            missed += measure.missed
    print(f"{missed} bars missed" if missed else "every bar met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(arguments())))
