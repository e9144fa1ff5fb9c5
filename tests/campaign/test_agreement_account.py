"""Which answers count for the agreement of a campaign, and for which of its figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auto_labeling import config
from auto_labeling.campaign import agreement_account, agreement_points, amending
from auto_labeling.campaign.agreement_account import AgreementAccount
from auto_labeling.campaign.schema import asks, log_points, picks
from auto_labeling.records import EventKind
from tests.support.campaigns import CLASSES
from tests.support.office import Office, office

HELDOUT = {"heldout": "heldout.csv"}
ALL_BLIND: dict[str, Any] = {
    "pool": HELDOUT,
    "quality": {"agreement": {"slice": 9, "share": "99%"}},
}


def account(asked: Office) -> AgreementAccount | None:
    name = asked.campaign.campaign_id
    with asked.campaign.ledger.read() as connection:
        _, told = amending.stored(connection, name)
        return agreement_account.account_of(connection, name, config.parse(told))()


def slice_of(asked: Office) -> Any:
    found = account(asked)
    assert found is not None
    assert found.blind is not None
    return found.blind


def test_an_opinion_that_was_bought_because_others_differ_does_not_count(tmp_path: Path) -> None:
    with office(tmp_path / "a", **ALL_BLIND) as asked:
        tied, *others = asked.items
        asked.everybody_says("ant", "mia", "li", but=(tied,))
        asked.act(tied, "mia", "ant")
        asked.act(tied, "li", "bee")
        asked.goes_on()
        before = slice_of(asked)
        asked.act(tied, "sam", "ant")
        asked.goes_on()
        assert asked.label(tied) == "ant"
        assert slice_of(asked) == before
        assert (before.items, before.answers) == (1 + len(others), 2 + 2 * len(others))
        assert [(pair.one, pair.other, pair.items) for pair in before.confused] == [
            ("ant", "bee", (tied,))
        ]


def test_an_edited_answer_counts_as_it_is_now(tmp_path: Path) -> None:
    with office(tmp_path / "a", **ALL_BLIND) as asked:
        for at, item in enumerate(asked.items):
            asked.act(item, "mia", CLASSES[at])
            asked.act(item, "li", CLASSES[(at + 1) % 3])
            edited = EventKind.EDITED
            asked.act(item, "li", CLASSES[at], kind=edited, answer=f"{item} by li")
        asked.goes_on()
        assert (slice_of(asked).items, slice_of(asked).alpha.value) == (3, 1.0)


def test_where_raters_are_named_nobody_else_counts(tmp_path: Path) -> None:
    people = [{"user": name} for name in ("mia", "li", "sam")]
    plan = ALL_BLIND["quality"]["agreement"] | {"opinions": 2, "raters": ["mia", "sam"]}
    more = {"people": people, "pool": HELDOUT, "quality": {"overlap": 3, "agreement": plan}}
    with office(tmp_path / "a", **more) as asked:
        for item in asked.items:
            asked.act(item, "li", "cat")
            asked.act(item, "mia", "ant")
            asked.act(item, "sam", "ant" if item == asked.items[0] else "bee")
        asked.goes_on()
        found = slice_of(asked)
        assert (found.items, found.answers) == (3, 6)
        assert found.percent.value == pytest.approx(1 / 3)
        assert {(pair.one, pair.other) for pair in found.confused} == {("ant", "bee")}


def test_selected_items_are_told_apart(tmp_path: Path) -> None:
    plan = {"agreement": {"slice": 9, "share": "34%"}, "overlap": 2}
    with office(tmp_path / "a", pool=HELDOUT, quality=plan) as asked:
        blind = {row.item for row in asked.rows(picks, blind=True)}
        for at, item in enumerate(asked.items):
            asked.act(item, "mia", CLASSES[at])
            asked.act(item, "li", CLASSES[at] if item in blind else CLASSES[(at + 1) % 3])
        asked.goes_on()
        found = account(asked)
        assert found is not None
        assert found.blind is not None
        assert (found.blind.items, found.blind.percent.value) == (len(blind), 1.0)
        assert (found.selected.items, found.selected.percent.value) == (3 - len(blind), 0.0)
        assert found.planned == 9


def test_without_a_slice_there_is_no_headline_and_without_two_answers_nothing(
    tmp_path: Path,
) -> None:
    with office(tmp_path / "a") as asked:
        asked.everybody_says("ant", "mia")
        asked.goes_on()
        assert account(asked) is None
        assert agreement_points.note(asked.campaign) == {"quality/answers_per_item": 1.0}
    with office(tmp_path / "b", quality={"overlap": 2}) as asked:
        asked.everybody_says("ant", "mia", "li")
        asked.goes_on()
        found = account(asked)
        assert found is not None
        assert found.blind is None
        assert found.selected.items == 3


def test_the_points_are_noted_once_however_often_somebody_looks(tmp_path: Path) -> None:
    with office(tmp_path / "a", **ALL_BLIND) as asked:
        for at, item in enumerate(asked.items):
            asked.act(item, "mia", CLASSES[at % 2])
            asked.act(item, "li", CLASSES[at % 2])
        asked.goes_on()
        found = agreement_points.note(asked.campaign)
        assert agreement_points.note(asked.campaign) == found
        assert found["quality/alpha"] == found["quality/percent"] == 1.0
        assert found["quality/slice_items"] == 3.0
        assert found["quality/answers_per_item"] == 2.0
        rows = [row for row in asked.rows(log_points) if row.series.startswith("quality/")]
        assert {row.series: row.value for row in rows} == found
        assert {row.step for row in rows} == {6}
        assert len(asked.rows(asks, state="answered")) == 6
