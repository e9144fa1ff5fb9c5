"""Speed and memory of selection, against each row's floor and its peer in the same run.

CPU seconds of one BLAS thread, medians of runs that take turns, because other processes may share
the machine. Extra memory is what the run allocates at its peak beyond its input (tracemalloc, which
sees NumPy's arrays). Where the peer cannot hold the whole pool, both run on a smaller one.
"""

from __future__ import annotations

import argparse
import json
import time
import tracemalloc
import warnings
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

from threadpoolctl import threadpool_limits

from auto_labeling.strategies import SCORERS, TABLE
from benchmarks import selection_rows as rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A builder, the pool it is measured on, and what the issue asks for."""

    build: Any
    goal: str
    kind: str
    """In `TABLE` or `SCORERS`; a row whose kind is in neither is left out."""
    n: float = 1.0
    """As a share of `--n`."""
    peer_n: int = 0
    """The largest pool that the peer is given; 0: it has none."""
    grows: bool = False
    """Whether a batch ten times as large is measured as well."""


ROWS = {
    "k_center": Row(
        build=rows.k_center,
        kind="k_center",
        peer_n=1_000_000,
        grows=True,
        goal=">= 25x peer, <= 2x floor, <= 300 MB",
    ),
    "k_center, 10 clouds": Row(
        build=partial(rows.k_center, clouds=10), kind="k_center", goal="<= 2x floor"
    ),
    "k_center, 100 clouds": Row(
        build=partial(rows.k_center, clouds=100), kind="k_center", goal="<= 2x floor"
    ),
    "badge": Row(
        build=rows.badge,
        kind="badge",
        peer_n=100_000,
        grows=True,
        goal=">= 500x peer, <= 3x floor, <= 300 MB",
    ),
    "determinantal": Row(
        build=rows.determinantal, kind="determinantal", grows=True, goal="<= 2x floor"
    ),
    "margin on disk": Row(
        build=rows.margin_on_disk, kind="margin", n=10.0, goal="<= 1.5x floor, memory fixed"
    ),
    "vote entropy": Row(
        build=rows.vote_entropy, kind="vote_entropy", peer_n=1_000_000, goal=">= 3x peer"
    ),
    "typiclust": Row(
        build=rows.covering("typiclust", "TypiClust", k=20),
        kind="typiclust",
        peer_n=10_000,
        goal="<= 60 s, <= 1 GB, quality within 1 %",
    ),
    "prob_cover": Row(
        build=rows.covering("prob_cover", "ProbCover"),
        kind="prob_cover",
        peer_n=10_000,
        goal="<= 60 s, <= 1 GB, quality within 1 %",
    ),
    "herding": Row(
        build=rows.covering("herding", "MaxHerding"),
        kind="herding",
        peer_n=10_000,
        goal="<= 60 s, <= 1 GB, quality within 1 %",
    ),
    "uncertainty_herding": Row(
        build=rows.covering("uncertainty_herding"),
        kind="uncertainty_herding",
        goal="<= 60 s, <= 1 GB",
    ),
}


def seconds(job: rows.Job) -> tuple[float, Any]:
    """Return the CPU seconds of a job, and what it returned."""
    start = time.process_time()
    result = job()
    return time.process_time() - start, result


def extra_mb(job: rows.Job) -> float:
    """Return the megabytes that a job allocates at its peak."""
    tracemalloc.start()
    job()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def against_floor(row: Row, n: int, size: int, repeats: int) -> dict[str, Any]:
    """Return time, ratio to the floor, and memory, on the whole pool."""
    for case in row.build(n, size):
        times = [
            (seconds(case.ours)[0], seconds(case.floor)[0] if case.floor else float("nan"))
            for _ in range(repeats)
        ]
        found = {"n": n, "picks": size, "ours_s": median(ours for ours, _ in times)}
        if case.floor:
            found["floor_s"] = median(floor for _, floor in times)
            found["of_floor"] = median(ours / floor for ours, floor in times)
        return found | {"extra_mb": extra_mb(case.ours)}
    raise AssertionError("a row yields one case")


def against_peer(row: Row, n: int, size: int, repeats: int) -> dict[str, Any]:
    """Return time and quality beside the peer's, on a pool that it can hold."""
    for case in row.build(n, size):
        assert case.peer is not None
        try:
            peer_s, theirs = seconds(case.peer)
        except ImportError:
            return {"peer": "peer not installed"}
        ours_s, ours = min((seconds(case.ours) for _ in range(repeats)), key=lambda one: one[0])
        found = {"peer_n": n, "peer_s": peer_s, "ours_at_peer_n_s": ours_s}
        found["times_peer"] = peer_s / ours_s
        if case.quality:
            found["of_peer_quality"] = case.quality(ours) / case.quality(theirs)
        return found
    raise AssertionError("a row yields one case")


def measured(name: str, n: int, size: int, repeats: int) -> dict[str, Any]:
    """Return all figures of one row."""
    row = ROWS[name]
    found: dict[str, Any] = {"name": name, "goal": row.goal}
    found |= against_floor(row, int(n * row.n), size, repeats)
    if row.peer_n:
        found |= against_peer(row, min(n, row.peer_n), size, repeats)
    if row.grows:
        larger = against_floor(row, int(n * row.n), 10 * size, 1)
        found["tenfold_batch"] = larger["ours_s"] / found["ours_s"]
    return found


def line(found: dict[str, Any]) -> str:
    """Return the figures of a row for people."""
    parts = [f"{found['name']:<22}{found['n']:>10,} rows {found['ours_s']:>8.3f} s"]
    parts += [f"{found['of_floor']:.2f}x floor"] if "of_floor" in found else []
    parts += [f"{found['extra_mb']:.0f} MB extra"]
    parts += [found["peer"]] if "peer" in found else []
    if "times_peer" in found:
        parts.append(f"{found['times_peer']:.1f}x faster than the peer at {found['peer_n']:,}")
    if "of_peer_quality" in found:
        parts.append(f"quality {found['of_peer_quality']:.4f} of the peer's")
    if "tenfold_batch" in found:
        parts.append(f"10x the picks: {found['tenfold_batch']:.1f}x the time")
    return ", ".join(parts) + f"  (goal {found['goal']})"


def main() -> None:
    """Measure the rows, and print a line or a JSON object for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=1_000_000)
    parser.add_argument("--picks", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="20,000 rows, once")
    parser.add_argument("--only", choices=list(ROWS), action="append")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    n, repeats = (20_000, 1) if arguments.quick else (arguments.n, arguments.repeats)
    warnings.filterwarnings("ignore", module="skactiveml|sklearn")
    with threadpool_limits(1):
        for name in arguments.only or ROWS:
            if ROWS[name].kind in TABLE or ROWS[name].kind in SCORERS:
                found = {"benchmark": "selection_speed"}
                found |= measured(name, n, arguments.picks, repeats)
                print(json.dumps(found) if arguments.json else line(found), flush=True)


if __name__ == "__main__":
    main()
