"""What a round of 100 items costs beyond fitting the model and beyond the annotators.

Twice in one run: on the plain driver without MLflow, and through the Prefect flow with MLflow. The
time inside `fitting.fit` and inside the tool's methods is taken off; everything else counts:
scoring, selecting, the ledger, judging, the report, the mirror. Taking the pool in and starting the
server are no rounds.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

from auto_labeling import launch
from auto_labeling.backends.simulated.backend import SimulatedBackend
from auto_labeling.models import fitting
from benchmarks import digits

BATCH = 100
ROUNDS = 10
TOOL = ("prepare", "find", "create", "changes", "cancel")


class Stopwatch:
    """Sums the time inside the calls it is wrapped around."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def timed(*args: Any, **kwargs: Any) -> Any:
            start = time.perf_counter()
            try:
                return call(*args, **kwargs)
            finally:
                self.seconds += time.perf_counter() - start

        return timed


@contextmanager
def measured() -> Iterator[Stopwatch]:
    """Time model fitting and the tool while the block runs."""
    watch = Stopwatch()
    places = [(fitting, "fit")] + [(SimulatedBackend, name) for name in TOOL]
    before = [(place, name, getattr(place, name)) for place, name in places]
    for place, name, call in before:
        setattr(place, name, watch.around(call))
    try:
        yield watch
    finally:
        for place, name, call in before:
            setattr(place, name, call)


def campaign_file(*, tracked: bool) -> dict[str, Any]:
    """Return a campaign of `ROUNDS` rounds that ask for one opinion on `BATCH` items each."""
    raw = digits.varied(
        strategy={"kind": "top_k", "scorer": {"kind": "margin"}, "batch": BATCH},
        quality={"overlap": 1},
        budget={"answers": BATCH * ROUNDS, "price": "0.05"},
        stop={"max_rounds": ROUNDS},
    )
    raw["tracking"] = {"kind": "mlflow" if tracked else "none"}
    return raw


def plain() -> float:
    """Return the overhead seconds a round on the plain driver, without MLflow."""
    with tempfile.TemporaryDirectory() as folder:
        place = digits.prepared(Path(folder))
        raw = campaign_file(tracked=False)
        digits.run(place, raw | {"stop": {"max_rounds": 1}, "name": "warm"})
        workspace, name = digits.begun(place, raw)
        with measured() as watch:
            start = time.perf_counter()
            digits.drive(workspace, name)
            total = time.perf_counter() - start
    return (total - watch.seconds) / ROUNDS


def with_prefect_and_mlflow() -> float:
    """Return the overhead seconds a round through the flow, with MLflow."""
    with tempfile.TemporaryDirectory() as folder:
        place = digits.prepared(Path(folder))
        raw = campaign_file(tracked=True)
        _, warm = digits.begun(place, raw | {"stop": {"max_rounds": 1}, "name": "warm"})
        workspace, name = digits.begun(place, raw)
        with launch.prefect(workspace):
            from flows.campaign import campaign
            from flows.loop import CampaignRun

            campaign(CampaignRun(config_path=warm))  # Prefect's and MLflow's first use
            with measured() as watch:
                start = time.perf_counter()
                campaign(CampaignRun(config_path=name))
                total = time.perf_counter() - start
    return (total - watch.seconds) / ROUNDS


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plain", action="store_true", help="leave Prefect and MLflow out")
    arguments = parser.parse_args()
    found = {"benchmark": "campaign_overhead", "items": BATCH, "rounds": ROUNDS}
    found |= {"plain_s": plain()}
    if not arguments.plain:
        found |= {"prefect_mlflow_s": with_prefect_and_mlflow()}
    if arguments.json:
        print(json.dumps(found))
        return
    for name, goal in (("plain_s", 0.1), ("prefect_mlflow_s", 1.5)):
        if name in found:
            print(f"{name:>18}: {found[name]:.3f} s a round of {BATCH} items (goal {goal} s)")


if __name__ == "__main__":
    main()
