"""Split units: items that share a group or a content, directly or through others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from auto_labeling.records import ItemId, Side


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnitGraph:
    """Groups and contents as nodes; an item is an edge between its group and its content."""

    names: Sequence[str]
    """In alphabetical order, groups before contents, so a unit is named by its first group."""
    ends: NDArray[np.intp]
    """(2, n) the nodes of every item, equal for an item that has only one."""
    cut: frozenset[int] = frozenset()
    """Items that join nothing."""

    def without(self, items: Collection[int]) -> UnitGraph:
        """Return the graph in which these items join nothing."""
        return UnitGraph(names=self.names, ends=self.ends, cut=frozenset(items))

    def components(self) -> NDArray[np.intp]:
        """Return (nodes,) the number of the unit that each node belongs to."""
        joining = np.setdiff1d(np.arange(self.ends.shape[1]), sorted(self.cut))
        ones = np.ones(len(joining), dtype=bool)
        shape = (len(self.names), len(self.names))
        edges = coo_array((ones, tuple(self.ends[:, joining])), shape=shape)
        return np.asarray(connected_components(edges, directed=False)[1], dtype=np.intp)

    def unit_names(self, labels: NDArray[np.intp]) -> list[str]:
        """Return the name of every unit: its first node."""
        return [self.names[node] for node in np.unique(labels, return_index=True)[1]]


def unit_graph(
    ids: Sequence[ItemId], groups: Sequence[str | None], hashes: Sequence[str]
) -> UnitGraph:
    """Return the graph of these items."""
    one = [
        content_key(content) if content else f"item:{item_id}"
        for item_id, content in zip(ids, hashes, strict=True)
    ]
    other = [
        content if group is None else group_key(group)
        for group, content in zip(groups, one, strict=True)
    ]
    names = sorted({*one, *other})
    number = {name: at for at, name in enumerate(names)}
    ends = np.array([[number[key] for key in keys] for keys in (one, other)], dtype=np.intp)
    return UnitGraph(names=names, ends=ends)


def bridging_items(graph: UnitGraph, standing: Mapping[str, Side]) -> set[int]:
    """Return the items that would join units of different sides, the later of two items each."""
    labels = graph.components()
    fixed = {node: standing[name] for node, name in enumerate(graph.names) if name in standing}
    pairs = {(int(labels[node]), side) for node, side in fixed.items()}
    torn = [unit for unit, sides in Counter(unit for unit, _ in pairs).items() if sides > 1]
    if not torn:
        return set()
    suspects = np.flatnonzero(np.isin(labels[graph.ends[0]], torn))
    edges = [(int(at), int(graph.ends[0, at]), int(graph.ends[1, at])) for at in suspects]
    return _joining_two_sides(edges, fixed)


def _joining_two_sides(
    edges: Sequence[tuple[int, int, int]], fixed: Mapping[int, Side]
) -> set[int]:
    parent: dict[int, int] = {}
    side_of = dict(fixed)
    bridging = set()

    def root(node: int) -> int:
        while (above := parent.get(node, node)) != node:
            parent[node] = parent.get(above, above)
            node = above
        return node

    for item, one, other in edges:
        top, joined = root(one), root(other)
        sides = {side_of[node] for node in (top, joined) if node in side_of}
        if len(sides) > 1:
            bridging.add(item)
        elif top != joined:
            parent[joined] = top
            side_of.update((top, side) for side in sides)
    return bridging


def group_key(group: str) -> str:
    """Return the node of a group."""
    return f"group:{group}"


def content_key(content_hash: str) -> str:
    """Return the node of a content."""
    return f"hash:{content_hash}"
