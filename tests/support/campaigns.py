"""Campaigns so small that a test can run a whole one: forty points, three classes."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import update

from auto_labeling import assemble
from auto_labeling.campaign.context import Campaign, unwatched
from auto_labeling.campaign.driver import drive as make_steps
from auto_labeling.campaign.driver import perform
from auto_labeling.campaign.ledger import Ledger
from auto_labeling.campaign.rounds import CampaignState, RoundState, next_step
from auto_labeling.campaign.schema import campaigns
from auto_labeling.campaign.transition import state_of
from auto_labeling.errors import TransientError
from auto_labeling.records import CampaignId
from auto_labeling.workspace import Workspace

CLASSES = ("ant", "bee", "cat")
MOST_TRIES = 200


def tiny(
    path: Path,
    *,
    points: int = 40,
    classes: tuple[str, ...] = CLASSES,
    campaign_id: CampaignId | None = None,
    **overrides: Any,
) -> CampaignId:
    """Begin a campaign over `points` separable points in the workspace `path`; return its id.

    Overrides are keys of the campaign file; a mapping is merged into what stands there, None
    removes a key. The order of uploads follows from the id, so campaigns that are to go alike down
    to who answers first need the same.
    """
    folder = data_of(path)
    write_points(folder, points, classes)
    raw = merged(template(classes), overrides)
    return assemble.create(
        Workspace.of(path), raw, config_path=None, base=folder, campaign_id=campaign_id
    )


def tiny_sets(path: Path, **overrides: Any) -> CampaignId:
    """Begin a campaign likewise whose items have any number of the classes, most of them one."""
    folder = data_of(path)
    folder.mkdir(parents=True, exist_ok=True)
    features, sets = cloud_of_sets(40, seed=1)
    ids = [f"p{at:03d}" for at in range(40)]
    np.save(folder / "pool.npy", features)
    np.save(folder / "ids.npy", np.array(ids))
    _write_csv(folder / "truth.csv", ["id", "label"], zip(ids, sets, strict=True))
    judges, known = cloud_of_sets(20, seed=2)
    numbers: list[list[float]] = judges.tolist()
    rows = ([*row, one or "[]"] for row, one in zip(numbers, known, strict=True))
    _write_csv(folder / "heldout.csv", ["x0", "x1", "x2", "label"], rows)
    raw = template()
    raw["labels"]["task"] = "multi"
    raw["strategy"]["scorer"] = {"kind": "multi_label_entropy"}
    raw["model"] = {"kind": "logistic_regression"}
    return assemble.create(
        Workspace.of(path), merged(raw, overrides), config_path=None, base=folder
    )


def cloud_of_sets(points: int, *, seed: int) -> tuple[NDArray[np.float32], list[str]]:
    """Return (points, 3) features and the classes, with bars between, whose feature is high."""
    rng = np.random.default_rng(seed)
    there = rng.random((points, len(CLASSES))) < 0.4
    features = (6.0 * there + rng.normal(size=there.shape)).astype(np.float32)
    names = np.array(CLASSES)
    return features, ["|".join(names[row]) for row in there]


def data_of(path: Path) -> Path:
    """Return where the pool and the truth of a tiny campaign lie."""
    return path.with_name(f"{path.name}-data")


def write_points(folder: Path, points: int, classes: tuple[str, ...] = CLASSES) -> None:
    """Write pool.npy, ids.npy, groups.npy, truth.csv, and a held-out table of half as many."""
    folder.mkdir(parents=True, exist_ok=True)
    features, labels = cloud(points, classes, seed=1)
    ids = [f"p{at:03d}" for at in range(points)]
    np.save(folder / "pool.npy", features)
    np.save(folder / "ids.npy", np.array(ids))
    np.save(folder / "groups.npy", np.array([f"g{at // 2:03d}" for at in range(points)]))
    _write_csv(folder / "truth.csv", ["id", "label"], zip(ids, labels, strict=True))
    judges, names = cloud(points // 2, classes, seed=2)
    numbers: list[list[float]] = judges.tolist()
    rows = ([*row, name] for row, name in zip(numbers, names, strict=True))
    _write_csv(folder / "heldout.csv", ["x0", "x1", "x2", "x3", "label"], rows)


def cloud(
    points: int, classes: tuple[str, ...], *, seed: int
) -> tuple[NDArray[np.float32], list[str]]:
    """Return (points, 4) features and their classes: one corner a class, far apart."""
    rng = np.random.default_rng(seed)
    which = rng.permutation(np.arange(points) % len(classes))
    corners = 6.0 * np.eye(4)[np.arange(len(classes)) % 4]
    features = (corners[which] + rng.normal(size=(points, 4))).astype(np.float32)
    return features, [classes[at] for at in which]


def template(classes: tuple[str, ...] = CLASSES) -> dict[str, Any]:
    """Return the campaign file that `tiny` begins with."""
    return {
        "schema_version": 1,
        "name": "tiny",
        "labels": {"task": "single", "classes": list(classes)},
        "pool": {"kind": "arrays", "features": "pool.npy", "ids": "ids.npy"},
        "model": {"kind": "naive_bayes"},
        "strategy": {
            "kind": "top_k",
            "scorer": {"kind": "margin"},
            "cold_start": {"kind": "random"},
            "batch": 6,
        },
        "backend": {"kind": "simulated", "truth": "truth.csv", "annotators": [0.7, 0.8, 0.9, 1.0]},
        "budget": {"answers": 60, "money": "6.00", "price": "0.05"},
        "stop": {"max_rounds": 3},
        "tracking": {"kind": "none"},
        "seed": 7,
    }


def merged(raw: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return `raw` with `overrides` in it, mappings merged level by level."""
    made = {key: value for key, value in raw.items() if overrides.get(key, value) is not None}
    for key, value in overrides.items():
        if isinstance(value, Mapping) and isinstance(made.get(key), Mapping):
            made[key] = merged(made[key], value)
        elif value is not None:
            made[key] = value
    return made


@contextmanager
def driving(
    path: Path, campaign: CampaignId, watch: Callable[[str], None] = unwatched
) -> Iterator[Campaign]:
    """Hold a campaign and open it, as a driver does."""
    workspace = Workspace.of(path)
    with (
        assemble.held(workspace, campaign) as fence,
        assemble.opened(workspace, campaign, fence=fence, watch=watch) as opened,
    ):
        yield replace(opened, pause=opened.clock.sleep)  # nobody waits in a test


def drive(
    path: Path,
    campaign: CampaignId,
    *,
    watch: Callable[[str], None] = unwatched,
    wait: bool = True,
    max_rounds: int | None = None,
) -> CampaignState:
    """Run a campaign to its end, starting the driver again wherever the tool stays out of order."""
    for _ in range(MOST_TRIES):
        with driving(path, campaign, watch) as opened:
            try:
                return make_steps(opened, wait=wait, max_rounds=max_rounds)
            except TransientError:
                continue
    raise AssertionError(f"{campaign}: out of order {MOST_TRIES} times in a row")


def drive_until(path: Path, campaign: CampaignId, state: RoundState) -> None:
    """Make steps until the round has come to `state`."""
    with driving(path, campaign) as opened:
        while (now := state_of(opened.ledger, campaign)).state is not state:
            step = next_step(now)
            assert step is not None, f"stopped before it was {state}"
            until = perform(opened, step).wait_until
            if until is not None:
                opened.clock.sleep((until - opened.clock.now()) / 1e6)


@contextmanager
def ledger_of(path: Path) -> Iterator[Ledger]:
    """Open the ledger of a workspace."""
    ledger = assemble.open_ledger(Workspace.of(path))
    try:
        yield ledger
    finally:
        ledger.close()


def ask_to_stop(path: Path, campaign: CampaignId, how: str) -> None:
    """Write what `auto-label stop` (`finish`) or `stop --now` (`now`) writes."""
    with ledger_of(path) as ledger, ledger.write() as connection:
        connection.execute(
            update(campaigns).where(campaigns.c.campaign == campaign).values(stop_requested=how)
        )


def _write_csv(path: Path, header: list[str], rows: Any) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
