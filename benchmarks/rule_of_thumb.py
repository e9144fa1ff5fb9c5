"""The field's rule of thumb for a binary image task, and our figures beside it.

The task: pullovers against coats of Fashion-MNIST, which are easily taken for one another, as
gradients without a pretrained model. 2,000 pictures may be labeled, the 2,000 test pictures judge.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from benchmarks.data import DATA
from benchmarks.demo_savings import interval
from benchmarks.full_arms import ARMS, Run, raced
from benchmarks.pools import Pool
from benchmarks.pools_pictures import fashion_mnist, library_default

RULE = {25: (0.75, 0.80), 50: (0.80, 0.85), 100: (0.85, 0.90)}
"""Labels -> the accuracy that is usually promised, from and to."""
_ALIKE = (2, 4)
_POOL = 2_000
_STEP = 25


def pool(seed: int) -> Pool:
    """Return one seed's pictures of the two classes."""
    (X, y), (test_X, test_y) = fashion_mnist(seed)
    rows, judges = np.flatnonzero(np.isin(y, _ALIKE)), np.isin(test_y, _ALIKE)
    rng = np.random.default_rng([seed, 1])
    rows = rng.permutation(rows)[:_POOL]
    return Pool(
        X=X[rows],
        y=(y[rows] == _ALIKE[1]).astype(np.intp),
        test_X=test_X[judges],
        test_y=(test_y[judges] == _ALIKE[1]).astype(np.intp),
        model=library_default,
        start=rng.permutation(len(rows))[:_STEP],
        batch=_STEP,
        budget=max(RULE),
    )


def run(seed: int) -> Run:
    """Return the curves of one seed."""
    with threadpool_limits(1):
        return raced(pool(seed), {label: ARMS[label] for label in ("random", "full")}, seed)


def measure(seeds: int, jobs: int) -> list[dict[str, Any]]:
    """Return a row for each number of labels: the rule, and both arms with their limits."""
    runs: list[Run] = Parallel(jobs)(delayed(run)(seed) for seed in range(seeds))
    rows = []
    for labels, promised in RULE.items():
        at = int(np.flatnonzero(runs[0].bought == labels)[0])
        arms = {arm: np.array([one.scores[arm][at] for one in runs]) for arm in runs[0].scores}
        figures = {
            arm: {"mean": float(found.mean()), "interval": interval(found)}
            for arm, found in arms.items()
        }
        rows.append({"labels": labels, "promised": promised, **figures})
    return rows


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not DATA.exists():
        parser.error(f"{DATA} is absent: set AUTO_LABELING_DATA")
    rows = measure(options.seeds, options.jobs)
    if options.json:
        print(json.dumps({"benchmark": "rule_of_thumb", "seeds": options.seeds, "rows": rows}))
        return
    for row in rows:
        low, high = row["promised"]
        ours = ", ".join(
            f"{arm} {row[arm]['mean']:.1%} [{row[arm]['interval'][0]:.1%}, "
            f"{row[arm]['interval'][1]:.1%}]"
            for arm in ("random", "full")
        )
        print(f"{row['labels']:>4} labels: promised {low:.0%} to {high:.0%}; {ours}")


if __name__ == "__main__":
    main()
