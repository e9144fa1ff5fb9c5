"""What votes do not decide: who rules on it, what stands then, and what is kept to pay for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auto_labeling.campaign import amending, manifest
from auto_labeling.campaign import labels as reconciled
from auto_labeling.campaign.schema import answers, asks, events, labels
from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import Traits
from auto_labeling.records import EventKind
from tests.support.campaigns import CLASSES, drive, tiny
from tests.support.office import Office, office

ANT, BEE, CAT = CLASSES
PEOPLE = [
    {"user": "mia", "role": "adjudicator"},
    {"user": "li"},
    {"user": "sam"},
    {"user": "kim", "role": "senior"},
]
RULED = {"overlap": 2, "max_overlap": 2, "adjudicators": ["mia"]}


def tie(asked: Office) -> str:
    """Let li and sam agree on all items but the first, and return that one."""
    first, *rest = asked.items
    for at, item in enumerate(rest):
        for name in ("li", "sam"):
            asked.act(item, name, CLASSES[at % len(CLASSES)])
    asked.act(first, "li", ANT)
    asked.act(first, "sam", BEE)
    return first


def rule_asks(asked: Office, item: str) -> list[Any]:
    return asked.rows(asks, item=item, purpose="adjudicate")


def label(asked: Office, item: str) -> Any:
    [row] = asked.rows(labels, item=item)
    return row


def test_a_tie_goes_to_an_adjudicator_whose_ruling_stands_over_the_votes(tmp_path: Path) -> None:
    with office(tmp_path / "a", people=PEOPLE, quality=RULED) as asked:
        asked.shelf.traits = Traits(has_queues=True)
        item = tie(asked)
        asked.goes_on()
        [ask] = rule_asks(asked, item)
        assert asked.campaign.pseudonyms.login_of(ask.assignee) == "mia"
        assert len([row for row in asked.rows(asks) if row.purpose == "adjudicate"]) == 1
        asked.act(item, "mia", CAT)
        asked.goes_on()
        row = label(asked, item)
        assert (json.loads(row.value), row.confidence, row.votes, row.source) == (
            CAT,
            1,
            2,
            "human",
        )
        given = asked.rows(answers, item=item)
        assert [json.loads(one.value) for one in given] == [ANT, BEE, CAT]
        assert all(one.current and not one.unsolicited for one in given)
        asked.account()


def test_the_lineage_says_who_ruled_over_which_votes(tmp_path: Path) -> None:
    with office(tmp_path / "a", people=PEOPLE, quality=RULED) as asked:
        asked.shelf.traits = Traits(has_queues=True)
        item = tie(asked)
        asked.goes_on()
        asked.act(item, "mia", CAT)
        asked.goes_on()
        frozen = manifest.freeze(asked.campaign, 1)
        folder = asked.campaign.workspace / "manifests" / frozen.digest
        [lineage] = folder.glob("lineage.*.001.json")
        [ruling] = json.loads(lineage.read_text())["adjudicated"]
        name = asked.campaign.pseudonyms
        assert (ruling["item"], ruling["label"], ruling["person"]) == (item, CAT, name("mia"))
        assert ruling["votes"] == {name("li"): ANT, name("sam"): BEE}


def test_who_answered_an_item_does_not_rule_on_it(tmp_path: Path) -> None:
    told = {**RULED, "adjudicators": ["kim"]}
    with office(tmp_path / "a", people=PEOPLE, quality=told) as asked:
        asked.shelf.traits = Traits(has_queues=True)
        first, *rest = asked.items
        asked.everybody_says(ANT, "li", "sam", but=(first,))
        asked.act(first, "kim", ANT)
        asked.act(first, "li", BEE)
        asked.goes_on()
        assert rest
        assert rule_asks(asked, first) == []
        assert asked.label(first) is None


def test_what_one_adjudicator_skips_goes_to_the_next_and_then_stays_undecided(
    tmp_path: Path,
) -> None:
    told = {**RULED, "adjudicators": ["mia", "kim"]}
    with office(tmp_path / "a", people=PEOPLE, quality=told) as asked:
        asked.shelf.traits = Traits(has_queues=True)
        login = asked.campaign.pseudonyms.login_of
        item = tie(asked)
        asked.goes_on()
        seen = []
        for _ in range(2):
            ask = rule_asks(asked, item)[-1]
            seen.append(login(ask.assignee))
            asked.act(item, seen[-1] or "", kind=EventKind.SKIPPED)
            asked.goes_on()
        assert sorted(map(str, seen)) == ["kim", "mia"]
        assert [row.state for row in rule_asks(asked, item)] == ["skipped", "skipped"]
        assert asked.label(item) is None
        assert asked.account().reserved_answers == len(asked.rows(asks, state="sent"))


def test_an_answer_by_somebody_else_is_a_vote_and_the_item_is_asked_about_again(
    tmp_path: Path,
) -> None:
    told = {**RULED, "adjudicators": ["mia", "kim"]}
    with office(tmp_path / "a", people=PEOPLE, quality=told) as asked:
        item = tie(asked)
        asked.goes_on()
        [ask] = rule_asks(asked, item)
        assert ask.assignee is None, "this tool has no queues"
        asked.act(item, "pat", CAT)
        asked.goes_on()
        assert (label(asked, item).value, label(asked, item).votes) == (None, 3)
        assert [row.state for row in rule_asks(asked, item)] == ["answered", "sent"]
        asked.act(item, "kim", BEE)
        asked.goes_on()
        assert asked.label(item) == BEE
        asked.account()


def test_a_ruling_may_be_changed_and_taken_back(tmp_path: Path) -> None:
    with office(tmp_path / "a", people=PEOPLE, quality=RULED, stop={"max_rounds": 4}) as asked:
        asked.shelf.traits = Traits(has_queues=True)
        item = tie(asked)
        asked.goes_on()
        asked.act(item, "mia", CAT)
        asked.goes_on()
        asked.act(item, "mia", ANT, kind=EventKind.EDITED)
        round_two = [one for one in asked.items if asked.rows(asks, item=one, round=2)]
        for one in round_two:
            for name in ("li", "sam"):
                asked.act(one, name, ANT)
        asked.goes_on()
        assert asked.label(item) == ANT
        asked.act(item, "mia", kind=EventKind.DELETED)
        for one in [one for one in asked.items if asked.rows(asks, item=one, round=3)]:
            for name in ("li", "sam"):
                asked.act(one, name, ANT)
        asked.goes_on()
        assert asked.label(item) is None
        assert len(rule_asks(asked, item)) == 1, "mia has said all that she had to say"
        asked.account()


def test_an_adjudicator_who_abstains_leaves_the_item_undecided(tmp_path: Path) -> None:
    told: dict[str, Any] = {"labels": {"abstain": ["cannot tell"]}, "quality": RULED}
    with office(tmp_path / "a", people=PEOPLE, **told) as asked:
        asked.shelf.traits = Traits(has_queues=True)
        item = tie(asked)
        asked.goes_on()
        asked.act(item, "mia", "cannot tell")
        asked.goes_on()
        assert asked.label(item) is None
        assert len(rule_asks(asked, item)) == 1


def test_what_is_nearly_a_tie_is_ruled_on_too(tmp_path: Path) -> None:
    told = {"overlap": 4, "max_overlap": 4, "adjudicators": ["mia"]}
    with office(tmp_path / "a", people=PEOPLE, quality=told) as asked:
        asked.shelf.traits = Traits(has_queues=True)
        nearly, plainly, _ = asked.items
        asked.everybody_says(ANT, "li", "sam", "kim", "pat", but=(nearly, plainly))
        for name, one, other in (
            ("li", ANT, BEE),
            ("sam", ANT, BEE),
            ("kim", BEE, BEE),
            ("pat", CAT, ANT),
        ):
            asked.act(nearly, name, one)
            asked.act(plainly, name, other)
        asked.goes_on()
        assert [row.item for row in asked.rows(asks, purpose="adjudicate")] == [nearly]


def test_only_rulings_may_use_what_is_kept_for_them(tmp_path: Path) -> None:
    told = {**RULED, "reserve": "25%"}
    with office(
        tmp_path / "a", people=PEOPLE, quality=told, budget={"answers": 8, "money": "0.40"}
    ) as asked:
        asked.shelf.traits = Traits(has_queues=True)
        account = asked.account()
        assert account.reserved_answers == 6, "three items of two opinions: 8 less the 2 kept"
        item = tie(asked)
        asked.goes_on()
        assert len(rule_asks(asked, item)) == 1
        asked.act(item, "mia", CAT)
        state = asked.goes_on()
        assert (state.stopped, state.stop_kind) == (True, "budget")
        assert asked.label(item) == CAT
        assert asked.account().committed_answers == 7
        [note] = [row.body["said"] for row in asked.rows(events, kind="note")]
        assert note == "left of what was kept for adjudicators: 1 of 2 answers, $0.05 of $0.10"


def test_who_is_an_adjudicator_by_role_alone_answers_like_anybody(tmp_path: Path) -> None:
    with office(tmp_path / "a", people=PEOPLE[:1]) as asked:
        for item in asked.items:
            asked.act(item, "li", ANT)
        asked.shelf.traits = Traits(has_queues=True)
        asked.goes_on()
        login = asked.campaign.pseudonyms.login_of
        assert {login(row.assignee) for row in asked.rows(asks, round=2)} == {"mia"}


def test_where_nobody_else_is_named_an_adjudicator_comes_before_a_stranger(tmp_path: Path) -> None:
    told = {"overlap": 2, "max_overlap": 4, "adjudicators": ["mia"]}
    people = [person for person in PEOPLE if person["user"] != "kim"]
    with office(tmp_path / "a", people=people, quality=told) as asked:
        asked.shelf.traits = Traits(has_queues=True)
        item = tie(asked)
        asked.goes_on()
        assert [row.purpose for row in asked.rows(asks, item=item)][2:] == ["adjudicate"]


def test_rulings_of_somebody_who_rules_no_more_stand(tmp_path: Path) -> None:
    with office(tmp_path / "a", people=PEOPLE, quality=RULED) as asked:
        asked.shelf.traits = Traits(has_queues=True)
        item = tie(asked)
        asked.goes_on()
        asked.act(item, "mia", CAT)
        asked.goes_on()
        name, campaign = asked.campaign.pseudonyms, asked.campaign
        assert campaign.fence is not None
        with campaign.ledger.read() as connection:
            _, before = amending.stored(connection, campaign.campaign_id)
        amending.amend(
            campaign.ledger,
            fence=campaign.fence,
            raw={**before, "quality": {**RULED, "adjudicators": [name("kim")]}},
            who="ada",
            why="mia has left",
            clock=campaign.clock,
            pseudonym=lambda one: one,
        )
        with campaign.ledger.write(campaign.fence) as connection:
            reconciled.reconcile(connection, campaign, 2)
        assert asked.label(item) == CAT


def test_adjudicators_are_kept_under_pseudonyms(tmp_path: Path) -> None:
    path = tmp_path / "a"
    tiny(path, people=PEOPLE, quality=RULED)
    assert b"mia" not in (path / "ledger.db").read_bytes()


def test_simulated_people_with_lists_of_their_own_are_the_named_ones(tmp_path: Path) -> None:
    path = tmp_path / "a"
    campaign = tiny(path, people=PEOPLE, backend={"queues": True})
    with pytest.raises(ConfigurationError, match=r"they have to be annotators, got .*'mia'"):
        drive(path, campaign)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"adjudicators": ["ann"]}, "expected users of `people`, got \\['ann'\\]"),
        ({"reserve": "10%"}, "kept for adjudicators, and none is named"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, told: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        tiny(tmp_path / "a", people=PEOPLE, quality=told)
