"""Which numbers get operations of their own: all of a small array; of a big one those that lead to one unit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from engine.derivation.expressions import Index
from engine.derivation.graph import Graph, Node
from engine.errors import ConfigurationError

__all__ = ["MOST", "choose"]

MOST = 128  # numbers of an array that are all shown, and numbers of a big one that are shown at most
MOST_PARAMETERS = 256  # numbers of a parameter that are all shown ...
MOST_WEIGHTS = 24  # ... and those of a big one, the greatest gradients


def choose(graph: Graph, focus: Mapping[str, Index]) -> dict[str, Index]:
    """Mark the numbers that get operations; give the unit chosen for each layer that has too many.

    `focus` names units by layer (or by array: "lstm_1.cell", "dense_1.weight"). Else it is the unit that matters most,
    by size times derivative, among those that go into what is shown of the next layers.
    """
    _check(graph, focus)
    chosen: dict[str, Index] = {}
    wanted: dict[str, list[Index]] = {}
    made = [node for block in reversed(graph.blocks) for node in reversed(block.nodes)]
    for node in made:
        if node.values.size <= MOST:
            node.shown = frozenset(node.indices())
            continue
        own = [place for place in wanted.get(node.id, []) if node.id not in focus]
        if not own:
            index = _asked(node, focus)
            own = [_weightiest(node) if index is None else index]
            chosen[node.layer or node.id] = own[0]
        _show(node, own, wanted)
    for parameter in graph.parameters.values():
        parameter.shown = _shown_parameters(parameter) | _asked_parameters(parameter, focus)
    return chosen


def _check(graph: Graph, focus: Mapping[str, Index]) -> None:
    every = [*graph.nodes.values(), *graph.parameters.values()]
    names = {node.layer for node in every if node.layer} | {node.id for node in every}
    for name, index in focus.items():
        if name not in names:
            raise ConfigurationError("focus", name, "one of " + ", ".join(sorted(names)))
        nodes = [node for node in every if name == node.id or (name == node.layer and node.kind != "parameter")]
        if not any(_fits(node, tuple(index)) for node in nodes):
            raise ConfigurationError(f"index into {name}", index, f"one of the shape {nodes[-1].shape}, from 0")


def _asked(node: Node, focus: Mapping[str, Index]) -> Index | None:
    """The index that was asked for, where it is one of this node."""
    index = focus.get(node.id, focus.get(node.layer or ""))
    return tuple(index) if index is not None and _fits(node, tuple(index)) else None


def _fits(node: Node, index: Index) -> bool:
    return len(index) == len(node.shape) and all(0 <= i < n for i, n in zip(index, node.shape, strict=True))


def _weightiest(node: Node) -> Index:
    """The unit that matters most among those that go into what is shown further on (else of all)."""
    fed = {
        source
        for link in node.users
        for place in (link.target.shown if link.target.shown else ())
        for source in link.sources(place)
    }
    size = np.abs(node.values * (1.0 if node.deltas is None else node.deltas))
    candidates = sorted(fed) if fed else list(node.indices())
    return max(candidates, key=lambda index: float(np.nan_to_num(size[index])))


def _show(node: Node, own: list[Index], wanted: dict[str, list[Index]]) -> None:
    """Show these numbers of a big node, and want what they need within the layer, nearest first."""
    seen = dict.fromkeys(own[:MOST])
    queue = list(seen)
    for place in queue:
        for link in node.links:
            if link.source is node or link.source.layer != node.layer or link.source.kind == "parameter":
                continue
            places = wanted.setdefault(link.source.id, [])
            places += [source for source in link.sources(place) if source not in places]
    node.shown = frozenset(seen)


def _shown_parameters(parameter: Node) -> frozenset[Index]:
    """All, or those that go into what is shown, greatest gradient first."""
    if parameter.values.size <= MOST_PARAMETERS:
        return frozenset(parameter.indices())
    fed = {source for link in parameter.users for place in link.target.shown for source in link.sources(place)}
    assert parameter.deltas is not None
    size = np.abs(parameter.deltas)
    return frozenset(sorted(fed, key=lambda index: (-float(np.nan_to_num(size[index])), index))[:MOST_WEIGHTS])


def _asked_parameters(parameter: Node, focus: Mapping[str, Index]) -> frozenset[Index]:
    """The number of a parameter that was asked for."""
    return frozenset([tuple(focus[parameter.id])] if parameter.id in focus else [])


def shown(indices: Iterable[Index], node: Node) -> list[Index]:
    """Those of the indices that are shown."""
    return [index for index in indices if index in node.shown]
