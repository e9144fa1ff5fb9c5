"""Another opinion where it is worth its price, though the votes decide."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from auto_labeling.campaign import adaptive_overlap, opinions_account
from auto_labeling.campaign import answers as answers_room
from auto_labeling.campaign.schema import asks
from auto_labeling.money import micros
from auto_labeling.ports import Traits, Vote
from auto_labeling.quality_plan import Overlap
from auto_labeling.records import EventKind, Purpose, Value
from tests.support.campaigns import CLASSES, drive, ledger_of, tiny, tiny_sets
from tests.support.examination import examined
from tests.support.office import Office, office

ADAPTIVE = {"overlap": {"default": 1, "adaptive_max": 3}}
PEOPLE = [{"user": name} for name in ("mia", "li", "sam")]
FIRST, SECOND = CLASSES[0], CLASSES[1]


def opinions(here: Office, item: str) -> list[str]:
    return [row.purpose for row in here.rows(asks, item=item)]


def taught(monkeypatch: pytest.MonkeyPatch, items: int) -> None:
    monkeypatch.setattr(adaptive_overlap, "LEARNED_ON", items)


def test_items_get_all_opinions_while_nobody_knows_how_people_err(tmp_path: Path) -> None:
    with office(tmp_path / "ws", quality=ADAPTIVE) as here:
        first = here.items[:3]
        here.everybody_says(FIRST, "mia")
        here.goes_on()
        assert [opinions(here, item)[1:] for item in first] == [[Purpose.OPINION] * 2] * 3
        here.account()


def test_only_as_many_are_drawn_by_lot_as_teach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taught(monkeypatch, 1)
    with office(tmp_path / "ws", quality=ADAPTIVE) as here:
        first = here.items[:3]
        here.everybody_says(FIRST, "mia")
        here.goes_on()
        assert sorted(len(opinions(here, item)) for item in first) == [1, 1, 3]


def test_a_fixed_overlap_orders_nothing_more(tmp_path: Path) -> None:
    with office(tmp_path / "ws", quality={"overlap": 1}) as here:
        first = here.items[:3]
        here.everybody_says(FIRST, "mia")
        here.goes_on()
        assert [len(opinions(here, item)) for item in first] == [1, 1, 1]


def test_nobody_is_asked_beyond_the_most_that_are_bought(tmp_path: Path) -> None:
    with office(tmp_path / "ws", quality=ADAPTIVE) as here:
        first = here.items[:3]
        here.everybody_says(FIRST, "mia")
        here.goes_on()
        for item in first:
            here.act(item, "li", FIRST)
            here.act(item, "sam", SECOND)
        here.goes_on()
        assert [len(opinions(here, item)) for item in first] == [3, 3, 3]
        assert {here.label(item) for item in first} == {FIRST}


def test_who_skips_is_not_replaced_for_ever(tmp_path: Path) -> None:
    with office(tmp_path / "ws", quality=ADAPTIVE) as here:
        item = here.items[0]
        here.everybody_says(FIRST, "mia")
        here.goes_on()
        for name in ("li", "sam"):
            here.act(item, name, kind=EventKind.SKIPPED)
        for other in here.items[1:3]:
            here.act(other, "li", FIRST)
            here.act(other, "sam", FIRST)
        here.goes_on()
        assert len(opinions(here, item)) == 3


def test_an_opinion_of_those_who_are_left_has_to_bring_more_where_they_are_dearer(
    tmp_path: Path,
) -> None:
    pay = [{"user": "mia", "pay": {"answer": "0.02"}}, {"user": "li", "pay": {"answer": "0.08"}}]
    with office(tmp_path / "ws", quality=ADAPTIVE, people=pay) as here:
        by_mia, by_li = here.items[:2]
        here.act(by_mia, "mia", FIRST)
        here.act(by_li, "li", FIRST)
        here.goes_on()
        with here.campaign.ledger.read() as connection:
            votes = answers_room.votes(connection, here.campaign.campaign_id)
            gains = adaptive_overlap.gains(connection, here.campaign, votes, [by_mia, by_li])
    usual = here.campaign.config.quality.overlap.least_gain
    assert gains == pytest.approx({by_mia: usual * 1.6, by_li: usual * 0.4})


def test_somebody_of_the_role_that_is_included_answers_every_item(tmp_path: Path) -> None:
    crew = [{"user": "mia", "role": "senior"}, {"user": "li"}, {"user": "sam"}]
    quality = {"overlap": {"default": 2, "include": "senior"}}
    with office(tmp_path / "ws", quality=quality, people=crew) as here:
        here.shelf.traits = Traits(has_queues=True)
        for item in here.items:
            here.act(item, "li", FIRST)
            here.act(item, "sam", FIRST)
        here.goes_on()
        senior = here.campaign.pseudonyms("mia")
        given = here.rows(asks, round=2)
        theirs = [row.item for row in given if row.assignee == senior]
        assert sorted(theirs) == sorted({row.item for row in given})


def test_the_account_says_what_was_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taught(monkeypatch, 1)
    with office(tmp_path / "ws", quality=ADAPTIVE) as here:
        first = here.items[:3]
        here.everybody_says(FIRST, "mia")
        here.goes_on()
        for item in first:
            if len(opinions(here, item)) == 3:
                here.act(item, "li", FIRST)
                here.act(item, "sam", FIRST)
        here.goes_on()
        plan = here.campaign.config.quality.overlap
        with here.campaign.ledger.read() as connection:
            found = opinions_account.account_of(connection, here.campaign.campaign_id, plan)
            fixed = opinions_account.account_of(connection, here.campaign.campaign_id, Overlap())
    assert fixed is None
    assert found is not None
    assert (found.items, found.opinions, found.most, found.saved) == (3, 5, 3, 4)
    price = here.campaign.config.budget.price
    assert found.saved_micros == 4 * micros(price)


@pytest.mark.parametrize(("task", "gain"), [("single", 0.015), ("multi", 0.2)])
def test_a_whole_campaign_buys_another_opinion_where_the_first_is_doubtful(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str, gain: float
) -> None:
    taught(monkeypatch, 12)
    path = tmp_path / "ws"
    plan: dict[str, Any] = {
        "quality": {"overlap": {**ADAPTIVE["overlap"], "gain": gain}},
        "backend": {"annotators": [0.55, 0.97, 0.97]},
        "strategy": {"batch": 20},
        "budget": {"answers": 120, "money": "120.00"},
        "stop": {"max_rounds": 4},
    }
    campaign = tiny(path, points=80, **plan) if task == "single" else tiny_sets(path, **plan)
    drive(path, campaign)
    examined(path, campaign)
    with ledger_of(path) as ledger, ledger.read() as connection:
        votes = answers_room.votes(connection, campaign)
    assert len(votes) <= 120
    many = Counter(vote.item_id for vote in votes)
    once = {item for item, count in many.items() if count == 1}
    assert once, "some first opinions are sure enough"
    assert sum(count == 3 for count in many.values()) >= 12, "some teach how people err"
    alone = Counter(vote.person for vote in votes if vote.item_id in once)
    first = Counter(vote.person for vote in {one.item_id: one for one in reversed(votes)}.values())
    share = {person: alone[person] / count for person, count in first.items()}
    careless = differs_most(votes)
    assert share[careless] < min(one for person, one in share.items() if person != careless)


def differs_most(votes: Sequence[Vote]) -> str:
    """Return who says something else than the others most often."""
    by_item: dict[str, dict[str, Value]] = defaultdict(dict)
    for vote in votes:
        by_item[vote.item_id][vote.person] = vote.value
    differs: Counter[str] = Counter()
    for said in by_item.values():
        for person, value in said.items():
            others = [one for who, one in said.items() if who != person]
            differs[person] += bool(others) and value not in others
    return differs.most_common(1)[0][0]
