"""Items until the demo's target, against drawing them at random: paired seeds, with an interval.

A seed draws the held-out set, the simulated people's errors and every choice anew; both arms of a
pair share all of it but the strategy. A run that does not reach the target within its budget
counts with all the items it bought, which favours the arm that failed.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np

from auto_labeling.campaign.statement import Statement
from benchmarks import digits

TARGET = 0.90


def items_to_target(account: Statement) -> tuple[int, bool]:
    """Return the items labeled when the lower bound reached the target, and whether it did."""
    points = [point for point in account.curve if point.metric == "accuracy"]
    for point in points:
        if point.bound >= TARGET:
            return point.items, True
    return points[-1].items, False


def pair(seed: int) -> dict[str, float]:
    """Return what one seed's campaign and its random twin needed."""
    found: dict[str, float] = {"seed": seed}
    for arm, strategy in (("campaign", None), ("random", {"kind": "random", "batch": 20})):
        with tempfile.TemporaryDirectory() as folder:
            place = digits.prepared(Path(folder), seed)
            changes = {"seed": seed} | ({"strategy": strategy} if strategy else {})
            if strategy:
                changes["strategy"]["cold_start"] = {"kind": "random"}  # type: ignore[index]
            items, reached = items_to_target(digits.run(place, digits.varied(**changes)))
        found |= {arm: items, f"{arm}_reached": reached}
    found["saved"] = 1 - found["campaign"] / found["random"]
    return found


def interval(values: np.ndarray, draws: int = 10_000) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap limits of the mean."""
    rng = np.random.default_rng(0)
    means = values[rng.integers(0, len(values), (draws, len(values)))].mean(axis=1)
    return tuple(np.quantile(means, [0.025, 0.975]))


def main() -> None:
    """Run the pairs, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    pairs = [pair(seed) for seed in range(arguments.seeds)]
    saved = np.array([one["saved"] for one in pairs])
    low, high = interval(saved)
    summary = {
        "benchmark": "demo_savings",
        "target": TARGET,
        "seeds": len(pairs),
        "campaign_items_median": float(np.median([one["campaign"] for one in pairs])),
        "random_items_median": float(np.median([one["random"] for one in pairs])),
        "campaign_reached": sum(bool(one["campaign_reached"]) for one in pairs),
        "random_reached": sum(bool(one["random_reached"]) for one in pairs),
        "saved_mean": float(saved.mean()),
        "saved_interval": [float(low), float(high)],
        "pairs": pairs,
    }
    if arguments.json:
        print(json.dumps(summary))
        return
    for one in pairs:
        print(
            f"seed {one['seed']:>2.0f}: campaign {one['campaign']:>4.0f}  "
            f"random {one['random']:>4.0f}  saved {one['saved']:>6.1%}"
        )
    print(
        f"items until accuracy {TARGET:.2f} (lower bound): median "
        f"{summary['campaign_items_median']:.0f} against {summary['random_items_median']:.0f}; "
        f"saved {saved.mean():.1%} [{low:.1%}, {high:.1%}] over {len(pairs)} paired seeds; reached "
        f"{summary['campaign_reached']} and {summary['random_reached']} times"
    )


if __name__ == "__main__":
    main()
