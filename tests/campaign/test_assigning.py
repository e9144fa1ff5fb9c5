"""Whose turn it is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from auto_labeling.campaign.schema import answers, asks
from auto_labeling.errors import TransientError
from auto_labeling.ports import Traits
from tests.support.campaigns import CLASSES
from tests.support.office import Office, office

PEOPLE = [{"user": name} for name in ("mia", "li", "sam")]


def second_round(open_office: Office, **traits: Any) -> None:
    """Answer the first round; from the second on the tool has queues."""
    open_office.shelf.traits = Traits(has_queues=True, **traits)
    for at, item in enumerate(open_office.items):
        for name in ("mia", "li"):
            open_office.act(item, name, CLASSES[at % len(CLASSES)])
    open_office.goes_on()


def test_asks_are_shared_out_evenly_and_never_twice_to_one_person(tmp_path: Path) -> None:
    with office(tmp_path / "a", people=PEOPLE, quality={"overlap": 2}) as asked:
        second_round(asked)
        rows = asked.rows(asks, round=2)
        pairs = [(row.item, row.assignee) for row in rows]
        assert len(set(pairs)) == len(rows) == 6
        assert sorted(Counter(person for _, person in pairs).values()) == [2, 2, 2]
        login_of = asked.campaign.pseudonyms.login_of
        told = {(u.items[0].item_id, a.assignee) for u in asked.shelf.uploads for a in u.asks}
        assert {(item, login_of(person)) for item, person in pairs} <= told


def test_without_queues_or_people_asks_are_anybodys(tmp_path: Path) -> None:
    with office(tmp_path / "a", people=PEOPLE) as asked:
        assert {row.assignee for row in asked.rows(asks)} == {None}
    with office(tmp_path / "b", quality={"overlap": 2}) as asked:
        second_round(asked)
        assert {row.assignee for row in asked.rows(asks, round=2)} == {None}


def test_a_full_plate_goes_to_somebody_else_and_then_to_nobody(tmp_path: Path) -> None:
    # Three of each week's four were answered in the first round.
    few = [{"user": "mia", "capacity": "4/week"}, {"user": "li", "capacity": "4/week"}]
    with office(tmp_path / "a", people=few, quality={"overlap": 2}) as asked:
        second_round(asked)
        given = Counter(row.assignee for row in asked.rows(asks, round=2))
        assert sorted(given.values()) == [1, 1, 4]
        assert given[None] == 4


def test_who_answers_another_persons_ask_is_paid_where_the_tool_lets_them(tmp_path: Path) -> None:
    with office(tmp_path / "a", people=PEOPLE) as asked:
        asked.shelf.traits = Traits(has_queues=True)
        for at, item in enumerate(asked.items):
            asked.act(item, "mia", CLASSES[at % len(CLASSES)])
        asked.goes_on()
        first, *_ = asked.rows(asks, round=2)
        login = asked.campaign.pseudonyms.login_of(first.assignee)
        other = next(name for name in ("mia", "li", "sam") if name != login)
        asked.act(first.item, other, CLASSES[0])
        asked.goes_on()
        [paid] = asked.rows(answers, item=first.item)
        assert not paid.unsolicited
        assert asked.account().reserved_answers == 2


def chunked(asked: Office, **traits: Any) -> Counter[tuple[str, str]]:
    """Answer the first round; return how many asks of the second lie in each (unit, person)."""
    second_round(asked, unit="chunk", chunk_size=3, **traits)
    return Counter((row.upload, row.assignee) for row in asked.rows(asks, round=2))


def test_one_opinion_on_a_whole_chunk_goes_to_one_person(tmp_path: Path) -> None:
    with office(tmp_path / "a", people=PEOPLE, quality={"overlap": 2}) as asked:
        given = chunked(asked)
        assert sorted(given.values()) == [3, 3]
        assert len({unit for unit, _ in given}) == 1
        assert len({person for _, person in given}) == 2


def test_a_chunk_that_fits_on_nobodys_plate_is_anybodys(tmp_path: Path) -> None:
    few = [{"user": "mia", "capacity": "5/week"}, {"user": "li", "capacity": "8/week"}]
    with office(tmp_path / "a", people=few, quality={"overlap": 2}) as asked:
        given = chunked(asked)
        people = {person and asked.campaign.pseudonyms.login_of(person) for _, person in given}
        assert people == {"li", None}


def test_who_is_quick_gets_more(tmp_path: Path) -> None:
    with office(tmp_path / "a", people=PEOPLE[:2], strategy={"batch": 9}) as asked:
        for at, item in enumerate(asked.items):
            name, seconds = (("mia", 5.0), ("li", 40.0))[at % 2]
            asked.act(item, name, CLASSES[at % len(CLASSES)], seconds=seconds)
        asked.shelf.traits = Traits(has_queues=True)
        asked.goes_on()
        login_of = asked.campaign.pseudonyms.login_of
        given = Counter(login_of(row.assignee) for row in asked.rows(asks, round=2))
        assert given == {"mia": 8, "li": 1}


DAY_S = 86_400


def late(asked: Office) -> list[Any]:
    """Let two days pass after the second round was sent, and return its asks as they then stand."""
    second_round(asked)
    asked.wait(2 * DAY_S + 1)
    asked.goes_on()
    return asked.rows(asks, round=2)


def test_what_nobody_has_begun_in_time_goes_to_who_is_not_late(tmp_path: Path) -> None:
    wait = {"reassign": "2d"}
    with office(tmp_path / "a", people=PEOPLE, wait=wait, quality={"overlap": 2}) as asked:
        second_round(asked)
        before = {row.ask: row.assignee for row in asked.rows(asks, round=2)}
        [quick, *_] = sorted(set(before.values()))
        login_of = asked.campaign.pseudonyms.login_of
        for row in asked.rows(asks, round=2, assignee=quick):
            asked.act(row.item, login_of(quick), CLASSES[0])
        asked.wait(2 * DAY_S + 1)
        asked.goes_on()
        moved = {
            row.ask: row.assignee
            for row in asked.rows(asks, round=2)
            if row.assignee != before[row.ask]
        }
        # One item is left that the quick one has not answered, and the others are late.
        [(ask, taker)] = moved.items()
        assert taker == quick
        [(_, giver, told)] = asked.shelf.handed
        assert (giver, told) == (login_of(before[ask]), login_of(quick))
        asked.goes_on()
        assert len(asked.shelf.handed) == 1, "it is the new person's for two days now"


@pytest.mark.parametrize("begun", [True, False])
def test_work_that_is_begun_stays_where_it_is(tmp_path: Path, begun: bool) -> None:
    with office(tmp_path / "a", people=PEOPLE[:2], wait={"reassign": "2d"}) as asked:
        second_round(asked)
        theirs = Counter(row.assignee for row in asked.rows(asks, round=2))
        [slow, quick] = [person for person, _ in theirs.most_common()]
        login_of = asked.campaign.pseudonyms.login_of
        for row in asked.rows(asks, round=2, assignee=quick):
            asked.act(row.item, login_of(quick), CLASSES[0])
        asked.shelf.begun = set(asked.shelf.copies) if begun else set()
        asked.wait(2 * DAY_S + 1)
        asked.goes_on()
        left = Counter(row.assignee for row in asked.rows(asks, round=2))
        assert left == (theirs if begun else {quick: 3})
        assert len(asked.shelf.handed) == (0 if begun else theirs[slow])


def test_what_changed_hands_before_the_tool_broke_is_written_down(tmp_path: Path) -> None:
    with office(tmp_path / "a", people=PEOPLE[:2], wait={"reassign": "2d"}) as asked:
        second_round(asked)
        theirs = Counter(row.assignee for row in asked.rows(asks, round=2))
        [slow, quick] = [person for person, _ in theirs.most_common()]
        for row in asked.rows(asks, round=2, assignee=quick):
            asked.act(row.item, asked.campaign.pseudonyms.login_of(quick), CLASSES[0])
        asked.wait(2 * DAY_S + 1)
        asked.shelf.holds = 1
        with pytest.raises(TransientError):
            asked.goes_on()
        assert Counter(row.assignee for row in asked.rows(asks, round=2)) == {quick: 2, slow: 1}
        asked.shelf.holds = None
        asked.goes_on()
        assert Counter(row.assignee for row in asked.rows(asks, round=2)) == {quick: 3}


def test_nothing_changes_hands_unless_the_file_says_so(tmp_path: Path) -> None:
    with office(tmp_path / "a", people=PEOPLE) as asked:
        late(asked)
        assert asked.shelf.handed == []
