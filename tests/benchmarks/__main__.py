"""The command: prints a table; exits 1 when a bar is missed, 2 when losses differ or a worker fails."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Iterable
from contextlib import ExitStack

from tests.benchmarks.cases import CASES, Bar, BenchmarkCase
from tests.benchmarks.landscapes import THREADS, LandscapeCase, landscape_cases, measure_landscape, threads
from tests.benchmarks.measuring import PeerError, PeerProcess, Result, measure
from tests.benchmarks.peers import PEERS, SURFACES
from tests.benchmarks.starting import FAMILIES, WARM, cold_and_cached

PARTS = ("training", "landscape", "start")
ROW = "{:14} {:10} {:32} {:>12} {:>9} {:>10} {:>9}"


def arguments(command_line: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short rounds: a look, not a measurement")
    parser.add_argument(
        "--case", action="append", choices=[case.name for case in CASES], help="only this one (may be repeated)"
    )
    parser.add_argument("--peers", default="torch,jax", help="comma-separated beginnings of peers' names (torch,jax)")
    parser.add_argument("--peer-python", default=sys.executable, help="the Python in which the peers are installed")
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)), help="the core to measure on")
    parser.add_argument("--only", choices=PARTS, action="append", help="only this part (may be repeated)")
    parser.add_argument("--no-start", action="store_true", help="leave out the start-up times")
    return parser.parse_args(command_line)


def reachable(peer: PeerProcess) -> bool:
    """Whether the peer's library is there; says so if not."""
    try:
        peer.ask(do="hello")
    except PeerError as error:
        print(f"not measured: {error}")
        return False
    return True


def verdict(bar: Bar, ratios: dict[str, float]) -> str:
    """ "met", "MISSED", or "not decided" where a peer that could still meet it was not measured."""
    if any(ratios.get(peer, 0) >= bar.ratio for peer in bar.peers):
        return "met"
    return "MISSED" if set(bar.peers) <= set(ratios) else "not decided"


def show(case: BenchmarkCase | LandscapeCase, results: list[Result]) -> bool:
    """Prints a case and its bars; whether none was missed."""
    for result in results:
        numbers = (f"{result.microseconds:.2f}", f"{1e6 / result.microseconds:.0f}", f"{result.ratio:.2f}x")
        print(ROW.format(case.name, result.peer, result.kind, *numbers, f"{result.loss_error:.0e}"))
    ratios = {result.peer: result.ratio for result in results}
    verdicts = [verdict(bar, ratios) for bar in case.bars]
    for bar, words in zip(case.bars, verdicts, strict=True):
        print(f"{case.name:14} bar: {bar.ratio:g}x {' or '.join(bar.peers)}: {words}")
    sys.stdout.flush()
    return "MISSED" not in verdicts


def started(stack: ExitStack, names: Iterable[str], options: argparse.Namespace) -> dict[str, PeerProcess]:
    """The peers that were asked for and are there, ourselves first."""
    peers = {}
    for name in names:
        ours = name.startswith("engine")
        if ours or name.startswith(tuple(options.peers.split(","))):
            peer = PeerProcess(name, sys.executable if ours else options.peer_python, options.core)
            stack.callback(peer.close)
            if reachable(peer):
                peers[name] = peer
    return peers


def training(options: argparse.Namespace) -> bool:
    """Updates a second; whether every bar is met."""
    rounds, seconds = (3, 0.03) if options.quick else (9, 0.15)
    met = True
    with ExitStack() as stack:
        peers = started(stack, PEERS, options)
        print(f"{platform.machine()}, Python {platform.python_version()}, one core ({options.core}), {rounds} rounds")
        print(ROW.format("case", "peer", "how", "us a step", "steps/s", "ratio", "loss err"))
        for case in CASES:
            if not options.case or case.name in options.case:
                met &= show(case, measure(case, peers, rounds, seconds))
    return met


def landscape(options: argparse.Namespace) -> bool:
    """Loss landscapes; whether every bar is met."""
    rounds, met = 1 if options.quick else 5, True
    with ExitStack() as stack:
        peers = started(stack, SURFACES, options)
        print(ROW.format("landscape", "peer", "how", "us each", "a second", "ratio", "loss err"))
        chosen = [case for case in landscape_cases() if not options.case or case.name in options.case]
        for case in chosen:
            met &= show(case, measure_landscape(case, peers, rounds))
    for case in chosen:  # when the peers are gone
        alone, faster = threads(case, rounds)
        words = "met" if faster >= THREADS else "MISSED"
        print(f"{case.name:14} one thread {alone:.1f} ms, two {faster:.2f}x as fast; bar: {THREADS:g}x: {words}")
        met &= faster >= THREADS
    return met


def start(options: argparse.Namespace) -> bool:
    """Start-up times."""
    cold, cached = cold_and_cached()
    print(f"start to the end of the first step, 2-8-1 with Adam: {cold:.1f} s with no cache, {cached:.2f} s cached")
    for family, files in FAMILIES.items():
        cold, cached = cold_and_cached(WARM.format(files=files))
        print(f"start to the end of making ready {family}: {cold:.1f} s with no cache, {cached:.2f} s cached")
    return True


def main(options: argparse.Namespace) -> int:
    parts = {"training": training, "landscape": landscape, "start": start}
    wanted = [part for part in options.only or PARTS if part != "start" or not options.no_start]
    met = [parts[part](options) for part in wanted]
    return 0 if all(met) else 1


if __name__ == "__main__":
    try:
        sys.exit(main(arguments()))
    except PeerError as failure:
        print(f"failed: {failure}", file=sys.stderr)
        sys.exit(2)
