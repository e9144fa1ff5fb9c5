"""Stores that take seconds to make, made once a test run and copied; and a census of MLflow."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from auto_labeling.campaign.points import CAMPAIGN_RUN
from auto_labeling.tracking.store import connect
from auto_labeling.workspace import Workspace


def give_stores(workspace: Workspace, factory: pytest.TempPathFactory) -> None:
    """Put an empty MLflow store into a workspace, and Prefect's if there is one to copy."""
    kept = factory.getbasetemp()
    if not (kept / "mlflow.db").exists():
        connect(f"sqlite:///{kept / 'mlflow.db'}")
    workspace.root.mkdir(parents=True, exist_ok=True)
    shutil.copy(kept / "mlflow.db", workspace.mlflow)
    if (kept / "prefect.db").exists() and not workspace.prefect.is_symlink():
        workspace.prefect.mkdir(exist_ok=True)
        shutil.copy(kept / "prefect.db", workspace.prefect / "prefect.db")


def keep_prefect(home: Path, factory: pytest.TempPathFactory) -> None:
    """Keep a copy of the database of a Prefect server that has run nothing yet."""
    with (
        closing(sqlite3.connect(home / "prefect.db")) as live,
        closing(sqlite3.connect(factory.getbasetemp() / "prefect.db")) as copy,
    ):
        live.backup(copy)


def copies_in(uri: str, campaign: str) -> Counter[tuple[int, str, int]]:
    """Return how often every (round, series, step) of a campaign is in an MLflow store.

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
