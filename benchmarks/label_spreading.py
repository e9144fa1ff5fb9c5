"""Label spreading over a large pool: seconds, memory, recall, and what it makes of a few labels.

Seconds are CPU seconds, because other processes may share the machine, with the wall clock beside
them. Memory is the peak of the process above what it held when the points were there. The floor is
the matrix product of as many pairs of rows as the search looks at, a thousand rows at a time.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.semi_supervised.label_spreading import spread
from auto_labeling.semi_supervised.nearest import nearest_rows
from auto_labeling.semi_supervised.neighbours import neighbour_graph

_CLASSES, _LUMPS = 10, 1000
_ASKED = 300  # rows whose neighbours are counted
_PAIRS = 12_500  # looked at for each row: a first leaf and four rounds


def clouds(n: int, d: int, flat: int, wide: float) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Return (n, d) points in lumps that lie in `flat` dimensions but for noise, and classes."""
    rng = np.random.default_rng(0)
    plane = wide * rng.standard_normal((flat, d), dtype=np.float32) / np.float32(flat**0.5)
    centers = 0.7 * rng.standard_normal((_LUMPS, d), dtype=np.float32)
    lump = rng.integers(_LUMPS, size=n)
    points = np.empty((n, d), dtype=np.float32)
    for start in range(0, n, 50_000):
        some = lump[start : start + 50_000]
        points[start : start + len(some)] = (
            rng.standard_normal((len(some), flat), dtype=np.float32) @ plane
            + centers[some]
            + 0.05 * rng.standard_normal((len(some), d), dtype=np.float32)
        )
    return points, lump % _CLASSES


def isotropic(n: int, d: int) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Return (n, d) points without any structure, and classes by a half-space."""
    points = np.random.default_rng(0).standard_normal((n, d), dtype=np.float32)
    return points, (points[:, 0] > 0).astype(np.intp)


POOLS: dict[str, Callable[[int, int], tuple[NDArray[np.float32], NDArray[np.intp]]]] = {
    "clustered": lambda n, d: clouds(n, d, flat=8, wide=0.4),
    "overlapping": lambda n, d: clouds(n, d, flat=20, wide=1.0),
    "isotropic": isotropic,
}


def recall(points: NDArray[np.float32], near: NDArray[np.int32], asked: int = _ASKED) -> float:
    """Return the share of the exact nearest neighbours of a few rows that were found."""
    rows = np.random.default_rng(1).choice(len(points), asked, replace=False)
    lengths = np.einsum("ij,ij->i", points, points)
    hits, k = 0, near.shape[1]
    for row in rows:
        gaps = lengths - 2 * (points @ points[row])
        gaps[row] = np.inf
        hits += len(np.intersect1d(np.argpartition(gaps, k)[:k], near[row]))
    return hits / (asked * k)


def floor_seconds(points: NDArray[np.float32]) -> float:
    """Return the CPU seconds of the matrix products alone, from a sample of them."""
    start, some = time.process_time(), min(len(points), 100_000)
    for row in range(0, 1000, 250):
        _ = points[row : row + 250] @ points[:some].T
    pairs = 1000 * some
    return (time.process_time() - start) / pairs * len(points) * min(_PAIRS, len(points))


def peak_gb() -> float:
    """Return the largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def resident_gb() -> float:
    """Return what this process holds in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e9


def measured(name: str, n: int, d: int, k: int, labels: int, with_recall: bool) -> dict[str, Any]:
    """Return the figures of one pool."""
    points, classes = POOLS[name](n, d)
    before = resident_gb()
    wall, start = time.monotonic(), time.process_time()
    graph = neighbour_graph(points, k, rng=np.random.default_rng(0))
    between = time.process_time()
    labeled = np.random.default_rng(2).choice(n, labels, replace=False)
    proba = spread(graph, labeled, classes[labeled], int(classes.max()) + 1)
    end = time.process_time()
    extra, over = peak_gb() - before, time.monotonic() - wall
    floor = floor_seconds(points)
    found = {
        "benchmark": "label_spreading",
        "name": name,
        "n": n,
        "d": d,
        "graph_s": between - start,
        "spread_s": end - between,
        "wall_s": over,
        "floor_s": floor,
        "of_floor": (end - start) / floor,
        "extra_gb": extra,
        "labels": labels,
        "accuracy": float((proba.argmax(axis=1) == classes).mean()),
    }
    if with_recall:
        near = nearest_rows(points, np.arange(n), k, np.random.default_rng(0))
        found["recall"] = recall(points, near)
    return found


def main() -> None:
    """Measure the pools, and print a line or a JSON object for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=1_000_000)
    parser.add_argument("--d", type=int, default=128)
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--labels", type=int, default=2000)
    parser.add_argument("--quick", action="store_true", help="40,000 rows")
    parser.add_argument("--recall", action="store_true", help="search once more, and count")
    parser.add_argument("--only", choices=list(POOLS), action="append")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    n = 40_000 if arguments.quick else arguments.n
    for name in arguments.only or ["clustered"]:
        found = measured(name, n, arguments.d, arguments.k, arguments.labels, arguments.recall)
        print(json.dumps(found) if arguments.json else line(found), flush=True)


def line(found: dict[str, Any]) -> str:
    """Return the figures of a pool for people."""
    parts = [f"{found['name']:<26}{found['n']:>10,} rows"]
    parts += [f"graph {found['graph_s']:.1f} s, spreading {found['spread_s']:.1f} s of CPU"]
    parts += [f"{found['wall_s']:.1f} s of wall clock", f"{found['of_floor']:.2f}x floor"]
    parts += [f"{found['extra_gb']:.2f} GB extra"]
    parts += [f"accuracy {found['accuracy']:.3f} from {found['labels']} labels"]
    parts += [f"recall {found['recall']:.3f}"] if "recall" in found else []
    return ", ".join(parts)


if __name__ == "__main__":
    main()
