"""MLflow stores for tests: an empty one to copy, because making one takes seconds, and a census."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from auto_labeling.campaign.steps.judging import CAMPAIGN_RUN
from auto_labeling.tracking.store import connect


def new_store(folder: Path) -> Path:
    """Make an empty store in a folder and return its file, all of whose content is in it."""
    connect(f"sqlite:///{folder / 'mlflow.db'}")
    return folder / "mlflow.db"


def copies_in(uri: str, campaign: str) -> Counter[tuple[int, str, int]]:
    """Return how often every (round, series, step) of a campaign is in the store.

    Every run of the campaign is looked at, also where two are of the same round.
    """
    client = connect(uri)
    experiments = [one.experiment_id for one in client.search_experiments()]
    found: Counter[tuple[int, str, int]] = Counter()
    for run in client.search_runs(experiments, f"tags.campaign_id = '{campaign}'"):
        number = int(run.data.tags.get("round", CAMPAIGN_RUN))
        for series in run.data.metrics:
            for point in client.get_metric_history(run.info.run_id, series):
                found[number, series, point.step] += 1
    return found
