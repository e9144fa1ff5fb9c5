"""When to stop: what each rule loses and buys on the same campaigns, and how true forecasts are.

`loss` is the accuracy at the budget (mean of the last five rounds) less that at the stop, in
points; `best` compares with the best five later rounds instead, which noise raises. `first good` is
the round from which the median curve stays within half a point of its end. A rule that never fires
buys the whole budget. Plateau sees the very accuracy that it is judged by, which favours it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from auto_labeling.campaign import curve_forecast
from auto_labeling.ports import Progress, StoppingRule
from auto_labeling.records import Interval
from auto_labeling.strategies.stopping.stability import (
    ClassificationChange,
    OverallUncertainty,
    StablePredictions,
)
from auto_labeling.strategies.stopping.trend import Plateau
from auto_labeling.strategies.stopping.worth import ExpectedGain
from benchmarks.demo_savings import interval
from benchmarks.stopping_curves import BATCH, SETTINGS, Curve, curve

RULES: dict[str, StoppingRule] = {
    "expected gain (default)": ExpectedGain(),
    "stable predictions .99": StablePredictions(),
    "classification change": ClassificationChange(),
    "overall uncertainty .05": OverallUncertainty(),
    "plateau": Plateau(),
}
END = 5
"""Rounds whose mean stands for the end of a curve."""
AHEAD = (1, 5, 10)
"""Rounds ahead that are forecast, from every tenth round on; every third of a short curve."""


def progress(one: Curve, at: int) -> Progress:
    """Return what a rule sees after round `at`, counted from 0."""
    return Progress(
        rounds=at + 1,
        metrics={"accuracy": _measured(one, at)},
        items=one.items[: at + 1].tolist(),
        committed_micros=[0] * (at + 1),
        candidates_left=1,
        now=0,
        agreement=one.agreement[:at],
        shifts=one.shifts[:at],
    )


def stop(rule: StoppingRule, one: Curve) -> int | None:
    """Return the first round at which the rule fires, or None."""
    rounds = range(len(one.items))
    return next((at for at in rounds if rule.reason(progress(one, at)) is not None), None)


def first_good(curves: Sequence[Curve]) -> int:
    """Return the labels from which the median curve stays within half a point of its end."""
    median = np.median([one.accuracy for one in curves], axis=0)
    short = np.flatnonzero(median < median[-END:].mean() - 0.005)
    return int(curves[0].items[short[-1] + 1 if len(short) else 0])


def judged(rule: StoppingRule, curves: Sequence[Curve]) -> dict[str, Any]:
    """Return the figures of one rule on one set."""
    stops = [stop(rule, one) for one in curves]
    ends = [len(one.items) - 1 if at is None else at for at, one in zip(stops, curves, strict=True)]
    pairs = list(zip(curves, ends, strict=True))
    loss = np.array([100 * (one.accuracy[-END:].mean() - one.accuracy[at]) for one, at in pairs])
    best = np.array([100 * (_best_after(one, at) - one.accuracy[at]) for one, at in pairs])
    bought = np.array([one.items[at] for one, at in pairs])
    return {
        "loss": float(loss.mean()),
        "loss_interval": interval(loss),
        "loss_p90": float(np.quantile(loss, 0.9)),
        "best": float(best.mean()),
        "labels": float(np.median(bought)),
        "ratio": float(np.median(bought) / first_good(curves)),
        "never": float(np.mean([at is None for at in stops])),
    }


def coverage(curves: Sequence[Curve]) -> dict[str, Any]:
    """Return in how many forecasts the 90 % limits held what was measured, overall and by reach."""
    runs = [_forecasts(one) for one in curves]
    every = [pair for run in runs for pair in run]
    return {
        "forecasts": len(every),
        "covered": float(np.mean([hit for _, hit in every])),
        "covered_interval": interval(np.array([np.mean([hit for _, hit in run]) for run in runs])),
        "by_labels_ahead": {
            BATCH * ahead: float(np.mean([hit for reach, hit in every if reach == ahead]))
            for ahead in AHEAD
        },
    }


def _forecasts(one: Curve) -> list[tuple[int, bool]]:
    """Return how many rounds ahead each forecast of a run was, and whether its limits held."""
    last = len(one.items) - 1
    starts = range(curve_forecast.LEAST - 1, last, 10 if last > 30 else 3)
    return [
        (ahead, _holds(one, at, at + ahead))
        for at in starts
        for ahead in AHEAD
        if at + ahead <= last
    ]


def _holds(one: Curve, at: int, then: int) -> bool:
    found = curve_forecast.forecast(
        one.items[: at + 1].tolist(), _measured(one, at), int(one.items[then] - one.items[at])
    )
    return bool(found.low <= one.accuracy[then] <= found.high)


def _measured(one: Curve, at: int) -> list[Interval]:
    return [Interval(value=v, low=v, high=v, n=one.judged) for v in one.accuracy[: at + 1]]


def _best_after(one: Curve, at: int) -> float:
    later: NDArray[Any] = one.accuracy[min(at, len(one.accuracy) - END) :]
    return float(np.convolve(later, np.full(END, 1 / END), mode="valid").max())


def measured(runs: int, budget: int | None) -> dict[str, Any]:
    """Return every figure by set; a set whose data are absent is left out, with the reason."""
    found: dict[str, Any] = {}
    for name, setting in SETTINGS.items():
        if setting.needs is not None and not setting.needs.exists():
            found[name] = {"skipped": f"{setting.needs} is absent: set AUTO_LABELING_DATA"}
            continue
        X, y = setting.load()
        curves = [curve(X, y, setting, seed, budget) for seed in range(runs)]
        found[name] = {
            "budget": int(curves[0].items[-1]),
            "first_good": first_good(curves),
            "rules": {said: judged(rule, curves) for said, rule in RULES.items()},
            "forecast": coverage(curves),
        }
    return found


def main() -> None:
    """Run it, and print tables or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--quick", action="store_true", help="five runs of at most 300 labels")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    runs, budget = (5, 300) if arguments.quick else (arguments.runs, None)
    with threadpool_limits(1):  # these fits are small: threads only wait for each other
        sets = measured(runs, budget)
    if arguments.json:
        print(json.dumps({"benchmark": "stopping", "runs": runs, "sets": sets}))
        return
    for name, told in sets.items():
        _print(name, told)


def _print(name: str, told: dict[str, Any]) -> None:
    if "skipped" in told:
        print(f"{name}: skipped, {told['skipped']}")
        return
    print(f"{name}: budget {told['budget']}, first good at {told['first_good']} labels")
    for rule, row in told["rules"].items():
        low, high = row["loss_interval"]
        print(
            f"  {rule:<24} loss {row['loss']:>5.2f} ({low:.2f} to {high:.2f})  90% "
            f"{row['loss_p90']:>5.2f}  best {row['best']:>5.2f}  labels {row['labels']:>5.0f}  "
            f"ratio {row['ratio']:.2f}  never {row['never']:.0%}"
        )
    cover = told["forecast"]
    low, high = cover["covered_interval"]
    ahead = ", ".join(f"{more}: {share:.0%}" for more, share in cover["by_labels_ahead"].items())
    print(
        f"  forecast: {cover['covered']:.1%} of {cover['forecasts']} inside 90% limits "
        f"({low:.1%} to {high:.1%}); by labels ahead {ahead}"
    )


if __name__ == "__main__":
    main()
