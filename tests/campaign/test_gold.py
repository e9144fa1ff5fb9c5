"""Items whose answer is known: who is asked about them when, and that nothing is learned there."""

from __future__ import annotations

import csv
import json
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import select

from auto_labeling import assemble
from auto_labeling.campaign import amending
from auto_labeling.campaign.schema import answers, asks, gold, labels
from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import Traits
from auto_labeling.records import EventKind
from auto_labeling.workspace import Workspace
from tests.support.campaigns import CLASSES, data_of, drive, driving, ledger_of, tiny, write_points
from tests.support.examination import examined
from tests.support.gold import accuracy_on_gold
from tests.support.office import Office, office

ANT, BEE, CAT = CLASSES
PEOPLE = [{"user": "mia", "role": "adjudicator"}, *({"user": name} for name in ("li", "sam"))]


def known(path: Path, rows: list[tuple[str, str]]) -> str:
    """Write a file of known answers beside the pool and return its name."""
    folder = data_of(path)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "gold.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("item", "label"), *rows])
    return "gold.csv"


def true_ones(path: Path, count: int) -> list[tuple[str, str]]:
    write_points(data_of(path), 40)
    with (data_of(path) / "truth.csv").open(encoding="utf-8") as file:
        return [(row["id"], row["label"]) for row in list(csv.DictReader(file))[:count]]


def looked_at(path: Path, campaign: str) -> tuple[Any, ...]:
    """Return the gold, the items that are labeled, the asks, and how right people are."""
    with ledger_of(path) as ledger, ledger.read() as connection:
        return (
            connection.execute(select(gold)).all(),
            set(connection.scalars(select(labels.c.item))),
            connection.execute(select(asks)).all(),
            accuracy_on_gold(path, campaign),
        )


def with_file(path: Path, count: int = 8, share: str = "40%") -> dict[str, Any]:
    told = known(path, true_ones(path, count))
    return {"gold": {"count": count, "share": share, "path": told}}


def test_nothing_is_learned_from_gold_and_nothing_judged_by_it(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, quality=with_file(path), stop={"max_rounds": 4})
    assert drive(path, campaign).stopped
    account = examined(path, campaign)
    rows, labeled, asked, found = looked_at(path, campaign)
    apart = {row.item for row in rows}
    assert len(apart) == 8
    shown = Counter(row.item for row in asked if row.purpose == "gold")
    assert shown.keys() <= apart
    assert 3 <= sum(shown.values()) <= 16, "of four batches of six"
    assert max(shown.values()) - (min(shown.values()) if len(shown) == 8 else 0) <= 1
    assert not labeled & apart
    assert {row.purpose for row in asked if row.item in apart} == {"gold"}
    for frozen in (path / "manifests").glob("*/*.parquet"):
        assert not set(pd.read_parquet(frozen)["item"]) & apart, frozen
    assert sum(shown.values()) == sum(one.n for one in found.values())
    assert account.items["labeled"] == len(labeled)


def test_known_answers_say_how_right_each_person_is(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    people = [{"name": "good", "accuracy": 1.0}, {"name": "bad", "accuracy": 0.0}]
    told = with_file(path, count=12, share="80%")
    campaign = tiny(path, quality=told, backend={"annotators": people}, stop={"max_rounds": 4})
    drive(path, campaign)
    *_, found = looked_at(path, campaign)
    with assemble.opened(Workspace.of(path), campaign) as opened:
        who = {opened.pseudonyms.login_of(person): one for person, one in found.items()}
    assert (who["good"].value, who["bad"].value) == (1.0, 0.0)
    assert who["good"].low > 0.3 > 0
    assert who["bad"].high < 1


def test_gold_is_the_same_however_often_a_campaign_is_begun(tmp_path: Path) -> None:
    chosen = []
    for name in ("one", "other"):
        path = tmp_path / name
        campaign = tiny(path, people=PEOPLE, quality={"gold": 5, "adjudicators": ["mia"]})
        chosen.append([(row.item, row.origin) for row in looked_at(path, campaign)[0]])
    assert chosen[0] == chosen[1]
    assert {origin for _, origin in chosen[0]} == {"adjudicated"}


def test_imported_labels_serve_as_gold_and_are_not_learned_from(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    folder = data_of(path)
    write_points(folder, 40)
    known_ones = np.load(folder / "ids.npy")[:10]
    np.save(folder / "old.npy", np.concatenate([np.load(folder / "pool.npy")[:10], np.eye(4)]))
    np.save(folder / "old_ids.npy", np.array([*known_ones, *(f"old{at}" for at in range(4))]))
    np.save(folder / "old_labels.npy", np.array([BEE] * 14))
    names = {"features": "old.npy", "ids": "old_ids.npy", "labels": "old_labels.npy"}
    labeled = {"kind": "arrays", **names}
    campaign = tiny(path, labeled=labeled, quality={"gold": {"count": 4, "share": "30%"}})
    drive(path, campaign)
    examined(path, campaign)
    rows, learned, *_ = looked_at(path, campaign)
    chosen = {row.item for row in rows}
    assert {row.origin for row in rows} == {"imported"}
    assert len(chosen) == 4
    assert chosen <= set(known_ones), "nobody can be asked about what is not in the pool"
    assert not learned & chosen
    assert len(learned & {*known_ones, "old0", "old1", "old2", "old3"}) == 10


def test_a_gold_item_looks_like_any_other(tmp_path: Path) -> None:
    told = {
        "gold": {
            "count": 3,
            "share": "99%",
            "path": known(tmp_path / "a", true_ones(tmp_path / "a", 3)),
        }
    }
    chunks = {"unit": "chunk", "chunk_size": 8}
    with office(tmp_path / "a", quality=told, people=PEOPLE, backend=chunks) as asked:
        purposes = Counter(row.purpose for row in asked.rows(asks))
        assert purposes["gold"] >= 2
        [unit] = asked.shelf.uploads
        assert Counter(ask.purpose.value for ask in unit.asks) == purposes
        assert {ask.price_micros for ask in unit.asks} == {50_000}
        assert {unit.opinions(item.item_id) for item in unit.items} == {1}


def test_nobody_meets_a_gold_item_twice(tmp_path: Path) -> None:
    path = tmp_path / "a"
    told = with_file(path, count=2, share="99%") | {"adjudicators": ["mia"]}
    with office(path, quality=told, people=PEOPLE, stop={"max_rounds": 6}) as asked:
        asked.shelf.traits = Traits(has_queues=True)
        login = asked.campaign.pseudonyms.login_of
        for _ in range(5):
            for row in asked.rows(asks, state="sent"):
                asked.act(row.item, str((row.assignee and login(row.assignee)) or "li"), ANT)
            asked.goes_on()
        given = [(row.item, row.person) for row in asked.rows(answers) if row.ask]
        assert len(given) == len(set(given))
        shown = Counter(row.item for row in asked.rows(asks, purpose="gold"))
        assert set(shown.values()) == {2}, "each to li and to sam; mia only rules"


def test_where_nobody_is_named_an_item_waits_for_somebody_who_has_not_met_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a"
    told = with_file(path, count=2, share="99%")
    with office(path, quality=told, stop={"max_rounds": 8}) as asked:
        for number in range(7):
            waiting = asked.rows(asks, state="sent")
            for row in waiting:
                met = {one.person for one in asked.rows(answers, item=row.item)}
                name = asked.campaign.pseudonyms
                free = [one for one in ("li", "sam")[: 1 + number // 3] if name(one) not in met]
                asked.act(row.item, free[-1], ANT)
            assert not asked.goes_on().stopped
        assert not any(row.unsolicited for row in asked.rows(answers))
        shown = Counter(row.item for row in asked.rows(asks, purpose="gold"))
        assert set(shown.values()) == {2}, "to li, and to sam once sam has come"
        asked.account()


def first_ruled(asked: Office) -> list[Any]:
    return asked.rows(asks, purpose="adjudicate")


def test_gold_by_lot_is_first_answered_by_an_adjudicator(tmp_path: Path) -> None:
    told = {"gold": {"count": 2, "share": "99%"}, "adjudicators": ["mia"]}
    with office(tmp_path / "a", quality=told, people=PEOPLE, stop={"max_rounds": 4}) as asked:
        ruled = first_ruled(asked)
        assert len(ruled) == 2
        assert asked.rows(asks, purpose="gold") == []
        asked.shelf.traits = Traits(has_queues=True)
        for row in asked.rows(asks, purpose="train") + asked.rows(asks, purpose="control"):
            asked.act(row.item, "li", ANT)
        for row, value in zip(ruled, (BEE, CAT), strict=True):
            asked.act(row.item, "mia", value)
        asked.goes_on()
        found = {row.item: json.loads(row.value) for row in asked.rows(gold)}
        assert found == {ruled[0].item: BEE, ruled[1].item: CAT}
        assert {row.item for row in asked.rows(asks, purpose="gold")} <= found.keys()
        assert asked.rows(asks, purpose="gold")
        assert not {row.item for row in asked.rows(labels)} & found.keys()
        asked.act(ruled[0].item, "mia", CAT, kind=EventKind.EDITED, newest=False)
        for row in asked.rows(asks, state="sent"):
            asked.act(row.item, asked.campaign.pseudonyms.login_of(row.assignee) or "li", CAT)
        asked.goes_on()
        assert {json.loads(row.value) for row in asked.rows(gold)} == {CAT}
        asked.account()


@pytest.mark.parametrize(
    ("rows", "count", "said"),
    [
        ([("p000", ANT), ("nobody", BEE)], 1, "line 3: the pool has no item 'nobody'"),
        ([("p000", "cow")], 1, "line 2: expected one of the classes ant, bee, cat, got 'cow'"),
        ([("p000", ANT), ("p000", BEE)], 1, "line 3: item 'p000' stands there twice"),
        ([("p000", ANT)], 2, "expected at most the 1 items of gold.csv, got 2"),
        ([], 1, "expected the columns item and label"),
    ],
)
def test_a_file_that_cannot_serve_is_refused(
    tmp_path: Path, rows: list[tuple[str, str]], count: int, said: str
) -> None:
    path = tmp_path / "a"
    told = {"gold": {"count": count, "path": known(path, rows)}}
    with pytest.raises(ConfigurationError, match=said):
        tiny(path, quality=told)
    assert not (path / "ledger.db").exists() or assemble.known(Workspace.of(path)) == []


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"gold": 5}, "the answers of 5 of the 5 items are not known"),
        ({"gold": 40, "adjudicators": ["mia"]}, "expected fewer than the 40 items of the pool"),
        ({"gold": {"count": 2, "path": "no.csv"}}, "no.csv cannot be read"),
    ],
)
def test_gold_that_cannot_be_is_refused(tmp_path: Path, told: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        tiny(tmp_path / "a", people=PEOPLE, quality=told)


@pytest.mark.parametrize(("share", "refused"), [("40%", True), ("10%", False)])
def test_what_is_gold_is_never_changed_but_its_share_is(
    tmp_path: Path, share: str, refused: bool
) -> None:
    path = tmp_path / "a"
    campaign = tiny(path, quality=with_file(path, count=4))
    with driving(path, campaign) as opened:
        with opened.ledger.read() as connection:
            _, before = amending.stored(connection, campaign)
        told = {**before["quality"]["gold"], "share": share, "count": 3 if refused else 4}
        change = {**before, "quality": {"gold": told}}
        assert opened.fence is not None
        with (
            pytest.raises(ConfigurationError, match="when a campaign begins")
            if refused
            else nullcontext()
        ):
            amending.amend(
                opened.ledger,
                fence=opened.fence,
                raw=change,
                who="ada",
                why="less",
                clock=opened.clock,
                pseudonym=opened.pseudonyms,
            )
