"""Campaigns keep what rules look at, and end by it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.schema import rounds
from auto_labeling.campaign.steps.ending import progress
from auto_labeling.models import fitting
from auto_labeling.ports import Progress
from tests.support.campaigns import CLASSES, drive, driving, ledger_of, tiny

pytestmark = pytest.mark.slow

HELDOUT = {"kind": "arrays", "features": "pool.npy", "ids": "ids.npy", "heldout": "heldout.csv"}
JUDGED: dict[str, dict[str, Any]] = {
    "held-out set": {"pool": HELDOUT},
    "control slice": {},
}


def seen_by_rules(campaign: Campaign) -> Progress:
    with campaign.ledger.read() as connection:
        return progress(connection, campaign)


def models_of(campaign: Campaign) -> list[Any]:
    with campaign.ledger.read() as connection:
        rows = connection.execute(rounds.select().order_by(rounds.c.number)).all()
    return [(row, campaign.model(row.model_sha256)) for row in rows if row.model_sha256]


@pytest.mark.parametrize("judge", JUDGED)
def test_each_round_keeps_what_it_changed_in_the_predictions(tmp_path: Path, judge: str) -> None:
    path = tmp_path / "ws"
    name = tiny(path, points=120, stop={"max_rounds": 5}, **JUDGED[judge])
    drive(path, name)
    with driving(path, name) as campaign:
        told = seen_by_rules(campaign)
        models = models_of(campaign)
        predicted = [
            fitting.predict(model, campaign.pool.features, len(CLASSES)).argmax(axis=1)
            for _, model in models
        ]
    learned = [row.learned for row, _ in models]
    assert [shift.items for shift in told.shifts] == learned[1:]
    assert [shift.before for shift in told.shifts] == learned[:-1]
    changes = [float((a != b).mean()) for a, b in pairwise(predicted)]
    assert [shift.changed for shift in told.shifts] == pytest.approx(changes)
    assert max(changes) > 0
    assert all(0 <= shift.gain <= shift.changed for shift in told.shifts)
    assert all(0 <= shift.uncertainty <= 1 for shift in told.shifts)


def test_a_campaign_ends_when_its_labels_change_nothing_of_worth(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    name = tiny(
        path,
        points=200,
        pool=HELDOUT,
        budget={"answers": 190, "money": "60.00"},
        backend={"annotators": [1.0]},
        stop={"expected_gain": True, "max_rounds": 30},
    )
    state = drive(path, name)
    assert state.stop_kind == "rule"
    assert (state.stop_reason or "").startswith("expected gain: the last 30% of")
    assert state.round < 30


def test_a_campaign_of_the_first_ledger_goes_on_from_where_it_is_counted(tmp_path: Path) -> None:
    """What was not counted is not made up: comparing begins with the second counted model."""
    path = tmp_path / "ws"
    name = tiny(path, points=120, stop={"max_rounds": 5})
    drive(path, name)
    with ledger_of(path) as ledger, ledger.write() as connection:
        connection.execute(
            text(
                "UPDATE rounds SET learned = NULL, changed = NULL, gain = NULL, "
                "uncertainty = NULL WHERE number <= 2"
            )
        )
    with driving(path, name) as campaign:
        told = seen_by_rules(campaign)
        models = models_of(campaign)
    counted = [row.learned for row, _ in models if row.number > 2]
    assert [shift.before for shift in told.shifts] == counted[:-1]
    assert np.all(np.diff([shift.items for shift in told.shifts]) > 0)
