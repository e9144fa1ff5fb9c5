"""Labels to reach what random labeling reaches at its end: selection alone, and all of it.

The track of selection: `random`, `margin`, the peers and `selection` (auto with its own first
labels) choose for the set's plain model. The track of the full pipeline: `full_without` also
chooses the model, and `full` also learns from pseudo-labels, under their guard; both ask about the
same items, which models of the labels alone choose. A seed draws the pool, the first labels and
people's errors; all arms share them. Test labels are never wrong.

Labels to reach: the first point of the mean curve that is at least the mean of random's last
scores, between two batches by a straight line; an arm that never gets there counts with the whole
budget. `fewer` is 1 - labels / budget, with 95 % percentile bootstrap limits over seeds. `median`
is the median over seeds, each against its own random run. `n95` and `n99` are medians of the
labels to 95 % and 99 % of what the plain model reaches with every true label of the pool. AULC is
the mean accuracy over the labels bought, in points; its differences are paired, with 95 % t limits.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from typing import Any

from joblib import Parallel, delayed

from benchmarks import full_results, pools_full
from benchmarks.full_arms import ARMS, PEERS, Run, arms, run


def measure(
    name: str, labels: Sequence[str], seeds: Sequence[int], jobs: int, noise: float
) -> dict[str, Any]:
    """Return the curves of every arm and seed of one set, and what they come to."""
    start = time.perf_counter()
    runs: list[Run] = Parallel(jobs)(delayed(run)(name, labels, seed, noise) for seed in seeds)
    return {
        "set": name,
        "noise": noise,
        "seconds": time.perf_counter() - start,
        **full_results.summary(runs),
    }


def main() -> None:
    """Measure the sets that are there, and print tables or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    there = pools_full.names()
    parser.add_argument("--sets", nargs="*", default=there, choices=there)
    parser.add_argument("--arms", nargs="*", default=list(ARMS), help=", ".join([*ARMS, *PEERS]))
    parser.add_argument("--peers", action="store_true", help="scikit-activeml's best as well")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=0, help="to tune on other seeds")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--noise", type=float, default=0.0, help="how often people are wrong")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    compared = list(dict.fromkeys(["random", *options.arms, *(PEERS if options.peers else ())]))
    arms(compared)  # an arm that is not there is told before hours have passed
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    results = []
    for name in options.sets:
        results.append(measure(name, compared, seeds, options.jobs, options.noise))
        if not options.json:
            full_results.print_table(results[-1])
    total = full_results.over_sets(results)
    if options.json:
        print(json.dumps({"benchmark": "full_pipeline", "sets": results, "over_sets": total}))
    else:
        full_results.print_total(total)


if __name__ == "__main__":
    main()
