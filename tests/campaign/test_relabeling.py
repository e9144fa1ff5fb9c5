"""Labels that are probably wrong: found by models that never saw them, and asked about again."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from auto_labeling import assemble
from auto_labeling.campaign import labels, relabeling
from auto_labeling.campaign.rounds import RoundState
from auto_labeling.campaign.schema import asks
from auto_labeling.errors import ConfigurationError
from auto_labeling.workspace import Workspace
from tests.support.campaigns import (
    data_of,
    drive,
    drive_until,
    driving,
    ledger_of,
    tiny,
    write_points,
)
from tests.support.examination import examined

CROWD = {"annotators": [0.75, 0.75, 1.0, 1.0, 1.0]}


def truth_of(path: Path) -> dict[str, str]:
    with (data_of(path) / "truth.csv").open(encoding="utf-8") as file:
        return {row["id"]: row["label"] for row in csv.DictReader(file)}


def wrong_in(path: Path, campaign: str) -> set[str]:
    truth = truth_of(path)
    with ledger_of(path) as ledger, ledger.read() as connection:
        return {
            one.item_id
            for one in labels.read(connection, campaign)
            if one.value is not None and one.value != truth[one.item_id]
        }


def test_wrong_labels_are_found_asked_about_again_and_put_right(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny(
        path,
        points=90,
        model={"kind": "logistic_regression"},
        backend=CROWD,
        strategy={"batch": 20},
        budget={"answers": 90, "money": "9.00"},
        stop={"max_rounds": 4},
    )
    drive(path, campaign, max_rounds=3)
    before = wrong_in(path, campaign)
    assert before
    with driving(path, campaign) as opened:
        found = relabeling.suspects(opened)
        doubted = {one.item_id for one in found}
        ordered = relabeling.ask_again(opened, found)
        assert {ask.item_id for ask in ordered} == doubted
        assert relabeling.suspects(opened) == [], "nobody is asked about an item again and again"
    assert len(doubted & before) > len(doubted - before), "most of what is doubted is wrong"
    assert len(doubted & before) > len(before) / 2, "most of what is wrong is doubted"
    drive(path, campaign)
    after = wrong_in(path, campaign)
    assert len(doubted & after) < len(doubted & before) / 2
    with ledger_of(path) as ledger, ledger.read() as connection:
        rows = connection.execute(select(asks).where(asks.c.purpose == "relabel")).all()
    assert {row.state for row in rows} == {"answered"}
    examined(path, campaign)


def test_imported_labels_are_put_right_too(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    folder = data_of(path)
    write_points(folder, 60)
    truth = truth_of(path)
    ids = [f"p{at:03d}" for at in range(30)]
    np.save(folder / "old.npy", np.load(folder / "pool.npy")[:30])
    np.save(folder / "old_ids.npy", np.array(ids))
    said = [truth[item] for item in ids]
    said[4] = next(name for name in ("ant", "bee", "cat") if name != said[4])
    np.save(folder / "old_labels.npy", np.array(said))
    names = {"features": "old.npy", "ids": "old_ids.npy", "labels": "old_labels.npy"}
    campaign = tiny(
        path,
        points=60,
        labeled={"kind": "arrays", **names},
        backend={"annotators": [1.0, 1.0]},
        stop={"max_rounds": 2},
    )
    drive(path, campaign, max_rounds=1)
    with driving(path, campaign) as opened:
        [found] = relabeling.suspects(opened)
        assert (found.item_id, found.label, found.likelier) == ("p004", said[4], truth["p004"])
        relabeling.ask_again(opened, [found])
    drive(path, campaign)
    with ledger_of(path) as ledger, ledger.read() as connection:
        known = {one.item_id: one for one in labels.read(connection, campaign)}
    assert (known["p004"].value, known["p004"].source) == (truth["p004"], "human")
    assert known["p003"].source == "imported"
    [newest] = (
        path / "manifests" / (assemble.account_of(Workspace.of(path), campaign).dataset or "")
    ).glob("lineage.*")
    assert json.loads(newest.read_text())["items"] == len(known)


@pytest.mark.parametrize("where", ["selected", "sent", "reconciled", "trained", "evaluated"])
def test_a_second_look_may_be_asked_for_at_any_time(tmp_path: Path, where: str) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, stop={"max_rounds": 3})
    drive(path, campaign, max_rounds=1)
    drive_until(path, campaign, RoundState(where))
    with driving(path, campaign) as opened:
        with opened.ledger.read() as connection:
            [one, *_] = [one for one in labels.read(connection, campaign) if one.value]
        doubt = relabeling.Suspect(
            item_id=one.item_id, label=one.value or (), likelier="ant", votes=one.votes
        )
        [ask] = relabeling.ask_again(opened, [doubt])
        assert ask.round == 2
    assert drive(path, campaign).stop_kind == "rule"
    account = examined(path, campaign)
    assert [line.state for line in account.rounds][:2] == ["evaluated", "evaluated"]
    if where == "selected":
        assert account.rounds[1].asked > 1, "the batch that was chosen is asked about as well"
    with ledger_of(path) as ledger, ledger.read() as connection:
        [row] = connection.execute(select(asks).where(asks.c.purpose == "relabel")).all()
    assert row.state == "answered"


def test_the_budget_holds_for_second_looks(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny(
        path,
        points=90,
        backend=CROWD,
        strategy={"batch": 20},
        budget={"answers": 41, "money": "9.00"},
        stop={"max_rounds": 4},
    )
    drive(path, campaign, max_rounds=2)
    with driving(path, campaign) as opened:
        found = relabeling.suspects(opened)
        assert len(found) > 1
        assert [ask.item_id for ask in relabeling.ask_again(opened, found)] == [found[0].item_id]


def test_what_has_stopped_asks_no_more(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path)
    drive(path, campaign)
    with driving(path, campaign) as opened, pytest.raises(ConfigurationError, match="has stopped"):
        relabeling.ask_again(opened, [])


def test_without_a_model_no_label_is_unlikely(tmp_path: Path) -> None:
    campaign = tiny(
        tmp_path / "ws",
        model={"kind": "none"},
        strategy={"kind": "random", "scorer": None},
        stop={"max_rounds": 1},
    )
    with (
        driving(tmp_path / "ws", campaign) as opened,
        pytest.raises(ConfigurationError, match="without a model"),
    ):
        relabeling.suspects(opened)
