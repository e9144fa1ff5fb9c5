"""How much each label teaches: accuracy against labels, strategy against strategy, paired seeds.

A seed draws the split and the first labels; every strategy of a pair gets the same. AULC is the
mean accuracy over the labels that were bought, in points. `auto+cold` also chooses its first
labels itself. Sets of the published protocol ask one question a step until the pool is empty, and
leave the initial model out.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from auto_labeling.models import fitting
from auto_labeling.models.embedding import feature_embedder
from auto_labeling.ports import QueryStrategy, Scorer
from auto_labeling.strategies import TABLE
from auto_labeling.strategies.auto import COLD_START
from auto_labeling.strategies.top_k import TopK
from auto_labeling.strategies.uncertainty import Margin
from auto_labeling.view import PoolView
from benchmarks import peers, pools
from benchmarks.pools import Pool


@dataclass(frozen=True, slots=True)
class FirstOfEqual:
    """The best scored; of equal ones the first, as the published protocol has it."""

    scorer: Scorer

    @property
    def needs(self) -> frozenset[str]:
        """What the scorer reads."""
        return self.scorer.needs

    def select(self, view: PoolView, size: int, _rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (size,) positions."""
        return np.argsort(-self.scorer.score(view), kind="stable")[:size]


def strategies() -> dict[str, QueryStrategy]:
    """Return what is compared everywhere; `auto+cold` is `auto` with its own first labels."""
    auto = TABLE["auto"]()
    return {
        "random": TABLE["random"](),
        "margin": TopK(Margin()),
        "auto": auto,
        "auto+cold": auto,
    }


def view_of(
    pool: Pool,
    points: NDArray[Any],
    proba: NDArray[Any] | None,
    labeled: NDArray[np.intp],
    rest: NDArray[np.intp],
) -> PoolView:
    """Return what a strategy may see of the unlabeled rows."""
    return PoolView(
        proba=proba,
        embeddings=points[rest],
        features=pool.X[rest],
        labeled_embeddings=points[labeled],
        labeled_targets=pool.y[labeled],
    )


def curve(
    pool: Pool, strategy: QueryStrategy, seed: int, cold: QueryStrategy | None = None
) -> NDArray[np.float64]:
    """Return the accuracies, of the first model and after each batch."""
    rng = np.random.default_rng([seed, 2])
    points, k = feature_embedder(pool.X).embed(pool.X), int(pool.y.max()) + 1
    everything = np.arange(len(pool.y))
    labeled = pool.start
    if cold is not None:
        view = view_of(pool, points, None, everything[:0], everything)
        labeled = cold.select(view, len(pool.start), rng)
    scores = []
    while True:
        labeled = np.sort(labeled)
        fitted = fitting.fit(pool.model(), pool.X[labeled], pool.y[labeled], k)
        judged = fitting.predict(fitted, pool.test_X, k).argmax(axis=1)
        scores.append(float((judged == pool.test_y).mean()))
        if len(labeled) >= pool.budget:
            return np.array(scores)
        rest = np.setdiff1d(everything, labeled)
        proba = fitting.predict(fitted, pool.X[rest], k) if "proba" in strategy.needs else None
        size = min(pool.batch, pool.budget - len(labeled))
        picks = strategy.select(view_of(pool, points, proba, labeled, rest), size, rng)
        labeled = np.concatenate([labeled, rest[picks]])


def area(scores: NDArray[np.float64], *, published: bool) -> float:
    """Return the mean accuracy over the labels bought, in points."""
    if published:
        return 100 * float(np.trapezoid(scores[1:]) / (len(scores) - 1))
    return 100 * float(np.trapezoid(scores) / (len(scores) - 1))


def run(name: str, label: str, strategy: QueryStrategy, seed: int) -> float:
    """Return the AULC of one run; NaN where the seed's first labels show one class only."""
    with threadpool_limits(1):  # these fits are small: a second thread makes them slower
        pool = pools.pool(name, seed)
        if len(np.unique(pool.y[pool.start])) < 2:
            return np.nan
        cold = COLD_START if label.endswith("+cold") else None
        return area(curve(pool, strategy, seed, cold), published=name in pools.TABULAR)


def difference(ours: NDArray[Any], theirs: NDArray[Any]) -> dict[str, float]:
    """Return the mean paired difference with its 95 % t interval."""
    from scipy.stats import t

    gaps = (ours - theirs)[~np.isnan(ours - theirs)]
    half = t.ppf(0.975, len(gaps) - 1) * gaps.std(ddof=1) / np.sqrt(len(gaps))
    return {"mean": gaps.mean(), "low": gaps.mean() - half, "high": gaps.mean() + half}


def measure(name: str, compared: dict[str, QueryStrategy], seeds: Sequence[int], jobs: int) -> Any:
    """Return each strategy's AULC, and its paired differences to margin and random."""
    start = time.perf_counter()
    calls: list[Callable[[], float]] = [
        delayed(run)(name, label, strategy, seed)
        for label, strategy in compared.items()
        for seed in seeds
    ]
    found = np.array(Parallel(jobs)(calls)).reshape(len(compared), len(seeds))
    areas = dict(zip(compared, found, strict=True))
    return {
        "set": name,
        "seeds": int((~np.isnan(found[0])).sum()),
        "seconds": time.perf_counter() - start,
        "rows": {
            label: {
                "aulc": float(np.nanmean(values)),
                **{
                    f"against_{other}": difference(values, areas[other])
                    for other in ("margin", "random")
                    if other in areas and other != label
                },
            }
            for label, values in areas.items()
        },
        "areas": {label: values.tolist() for label, values in areas.items()},
    }


def print_table(result: Any) -> None:
    """Print one set's table."""
    print(f"{result['set']}: {result['seeds']} seeds, {result['seconds']:.0f} s")
    for label, row in result["rows"].items():
        gaps = "  ".join(
            f"{other.removeprefix('against_')} {gap['mean']:+.2f} [{gap['low']:+.2f}, "
            f"{gap['high']:+.2f}]"
            for other, gap in row.items()
            if other != "aulc"
        )
        print(f"  {label:>16}  {row['aulc']:6.2f}  {gaps}", flush=True)


def main() -> None:
    """Measure the sets that are there, and print tables or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="*", default=pools.names(), choices=pools.names())
    parser.add_argument("--only", nargs="*", help="strategies, such as margin auto")
    parser.add_argument("--peers", action="store_true", help="scikit-activeml's best as well")
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    compared = strategies() | (peers.strategies() if arguments.peers else {})
    if arguments.only:
        compared = {label: compared[label] for label in arguments.only}
    results = []
    for name in arguments.sets:
        results.append(measure(name, compared, range(arguments.seeds), arguments.jobs))
        if not arguments.json:
            print_table(results[-1])
    if arguments.json:
        print(json.dumps({"benchmark": "label_efficiency", "sets": results}))


if __name__ == "__main__":
    main()
