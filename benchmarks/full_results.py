"""What the curves of the full pipeline come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.full_arms import Run
from benchmarks.label_efficiency import area, difference

BASELINE = "random"
AGAINST = ("random", "margin", "full_without")
_DRAWS = 2_000

Curves = Mapping[str, NDArray[np.float64]]
"""Arm -> (seeds, r) accuracies."""


def reached(bought: NDArray[np.intp], scores: NDArray[np.float64], target: float) -> float:
    """Return the labels at which a curve first is at least `target`; inf where it never is.

    Between two points the curve is a straight line.

    >>> reached(np.array([10, 20, 30]), np.array([0.5, 0.7, 0.6]), 0.65)
    17.5
    """
    there = scores >= target
    if not there.any():
        return np.inf
    at = int(there.argmax())
    if at == 0:
        return float(bought[0])
    share = (target - scores[at - 1]) / (scores[at] - scores[at - 1])
    return float(bought[at - 1] + share * (bought[at] - bought[at - 1]))


def fewer(bought: NDArray[np.intp], ours: NDArray[Any], baseline: NDArray[Any]) -> float:
    """Return 1 - labels / budget of (seeds, r) runs, by the mean curves."""
    target = baseline[:, -1].mean()
    return 1 - min(reached(bought, ours.mean(axis=0), target), bought[-1]) / bought[-1]


def summary(runs: Sequence[Run]) -> dict[str, Any]:
    """Return the figures of every arm, and the curves themselves."""
    bought = runs[0].bought
    curves = {label: np.array([one.scores[label] for one in runs]) for label in runs[0].scores}
    whole = np.array([one.everything for one in runs])
    used = {label: np.mean([one.used[label] for one in runs]) for label in curves}
    return {
        "seeds": len(runs),
        "everything": float(whole.mean()),
        "target": float(curves[BASELINE][:, -1].mean()),
        "rows": {
            label: _row(label, curves, bought, whole) | {"used": float(used[label])}
            for label in curves
        },
        "bought": bought.tolist(),
        "curves": {label: found.tolist() for label, found in curves.items()},
    }


def over_sets(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return how many fewer labels each arm needs: the mean over sets, and the least."""
    shares = {
        label: [one["rows"][label]["fewer"] for one in results] for label in results[0]["rows"]
    }
    return {
        label: {"mean": float(np.mean(found)), "least": float(min(found))}
        for label, found in shares.items()
    }


def print_table(result: Mapping[str, Any]) -> None:
    """Print one set's table."""
    print(
        f"{result['set']}: {result['seeds']} seeds, people wrong {result['noise']:.0%}, "
        f"{result['seconds']:.0f} s; random ends at {result['target']:.4f}, all labels "
        f"{result['everything']:.4f}"
    )
    for label, row in result["rows"].items():
        low, high = row["fewer_interval"]
        gaps = "  ".join(
            f"{other.removeprefix('against_')} {gap['mean']:+.2f} [{gap['low']:+.2f}, "
            f"{gap['high']:+.2f}]"
            for other, gap in row.items()
            if other.startswith("against_")
        )
        print(
            f"  {label:>17} {row['labels']:5.0f} labels ({row['median']:.0f}), {row['fewer']:6.1%} "
            f"fewer [{low:.1%}, {high:.1%}]  n95 {_count(row['n95'])} n99 {_count(row['n99'])}  "
            f"AULC {row['aulc']:.2f}  {gaps}  pseudo-labels in {row['used']:.0%}",
            flush=True,
        )


def print_total(total: Mapping[str, Any]) -> None:
    """Print a line for all sets together."""
    for label, row in total.items():
        print(f"{label:>19}: {row['mean']:6.1%} fewer on average, {row['least']:6.1%} at least")


def _row(
    label: str, curves: Curves, bought: NDArray[np.intp], whole: NDArray[np.float64]
) -> dict[str, Any]:
    ours, baseline = curves[label], curves[BASELINE]
    share = fewer(bought, ours, baseline)
    own = [
        min(reached(bought, one, other[-1]), bought[-1])
        for one, other in zip(ours, baseline, strict=True)
    ]
    by_arm = {name: areas(found) for name, found in curves.items()}
    return {
        "labels": (1 - share) * float(bought[-1]),
        "fewer": share,
        "fewer_interval": _interval(bought, ours, baseline),
        "median": float(np.median(own)),
        "n95": _to_share(bought, ours, whole, 0.95),
        "n99": _to_share(bought, ours, whole, 0.99),
        "aulc": float(by_arm[label].mean()),
        **{
            f"against_{other}": difference(by_arm[label], by_arm[other])
            for other in AGAINST
            if other in by_arm and other != label
        },
    }


def areas(curves: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (seeds,) AULC of (seeds, r) curves, in points."""
    return np.array([area(one, published=False) for one in curves])


def _interval(
    bought: NDArray[np.intp], ours: NDArray[Any], baseline: NDArray[Any]
) -> tuple[float, float]:
    rng, n = np.random.default_rng(0), len(ours)
    drawn = [rng.integers(0, n, n) for _ in range(_DRAWS)]
    shares = [fewer(bought, ours[seeds], baseline[seeds]) for seeds in drawn]
    low, high = np.quantile(shares, [0.025, 0.975])
    return float(low), float(high)


def _to_share(
    bought: NDArray[np.intp], ours: NDArray[Any], whole: NDArray[np.float64], share: float
) -> float | None:
    """Return the median over seeds; None where half of them never get there."""
    found = [reached(bought, one, share * all_) for one, all_ in zip(ours, whole, strict=True)]
    median = float(np.median(found))
    return median if np.isfinite(median) else None


def _count(labels: float | None) -> str:
    return "  -" if labels is None else f"{labels:3.0f}"
