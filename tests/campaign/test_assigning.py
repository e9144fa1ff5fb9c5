"""Whose turn it is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from auto_labeling.campaign.schema import answers, asks
from auto_labeling.ports import Traits
from tests.support.campaigns import CLASSES
from tests.support.office import Office, office

PEOPLE = [{"user": name} for name in ("mia", "li", "sam")]


def second_round(open_office: Office) -> None:
    """Answer the first round; from the second on the tool has queues."""
    open_office.shelf.traits = Traits(has_queues=True)
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
    few = [{"user": "mia", "capacity": "1/week"}, {"user": "li", "capacity": "1/week"}]
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
