"""How good a campaign's answers are, told from its ledger and from answers made by hand."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from auto_labeling import assemble
from auto_labeling.campaign import annotator_account, answers
from auto_labeling.campaign.annotator_account import Given
from auto_labeling.campaign.differing import by_item, disagreements
from auto_labeling.campaign.gold_account import line_of
from auto_labeling.campaign.quality_account import QualityAccount
from auto_labeling.campaign.reviewing import Pair
from auto_labeling.campaign.schema import answers as given_answers
from auto_labeling.campaign.schema import gold
from auto_labeling.quality.annotators import Signal
from auto_labeling.records import LabelSchema, Value
from auto_labeling.shapes import Box
from auto_labeling.workspace import Workspace
from tests.campaign.test_gold import with_file
from tests.support.campaigns import CLASSES, drive, ledger_of, tiny, tiny_sets

ANT, BEE, CAT = CLASSES
SINGLE = LabelSchema(task="single", classes=CLASSES)
BOXES = LabelSchema(task="boxes", classes=CLASSES)
LAZY = [[1.0, 0.0, 0.0]] * 3
LARGE = {"answers": 400, "money": "40.00", "price": "0.05"}


def quality_of(path: Path, campaign: str) -> QualityAccount | None:
    return assemble.account_of(Workspace.of(path), campaign).quality


def given(person: str, item: str, value: Value, at: float = 0.0) -> Given:
    return Given(item_id=item, person=person, value=value, at=at, seconds=math.nan)


def box(x: float, label: str = ANT) -> Box:
    return Box(label=label, x=x, y=0.2, width=0.2, height=0.4)


class TestCampaigns:
    def test_one_opinion_an_item_says_nothing(self, tmp_path: Path) -> None:
        campaign = tiny(tmp_path / "ws", quality={"overlap": 1})
        drive(tmp_path / "ws", campaign)
        assert quality_of(tmp_path / "ws", campaign) is None

    def test_before_anybody_answers_nothing_is_said(self, tmp_path: Path) -> None:
        campaign = tiny(tmp_path / "ws", quality={"overlap": 3})
        assert quality_of(tmp_path / "ws", campaign) is None

    def test_what_three_opinions_an_item_tell(self, tmp_path: Path) -> None:
        path = tmp_path / "ws"
        crew = [0.9, 0.95, 0.95, {"name": "eve", "confusion": LAZY}]
        campaign = tiny(
            path, points=100, quality={"overlap": 3}, backend={"annotators": crew}, budget=LARGE,
            strategy={"batch": 30},
        )  # fmt: skip
        drive(path, campaign)
        found = quality_of(path, campaign)
        assert found is not None
        with ledger_of(path) as ledger, ledger.read() as connection:
            votes = answers.votes(connection, campaign)
        people = {line.person: line.known for line in found.annotators.people}
        assert {person: one.answers for person, one in people.items()} == Counter(
            vote.person for vote in votes
        )
        said = {
            vote.item_id: [v.value for v in votes if v.item_id == vote.item_id] for vote in votes
        }
        assert found.confusion is not None
        assert sum(map(sum, found.confusion.counts)) <= len(votes)
        for one in found.disagreements:
            assert dict(one.said) == Counter(said[one.item_id])
            assert len(one.said) > 1
        least = min(one.agreement for one in found.disagreements)
        assert all(
            least
            <= sum(m * (m - 1) for m in Counter(each).values()) / (len(each) * (len(each) - 1))
            for each in said.values()
            if len(each) > 1
        )
        assert found.agreement is not None
        assert found.agreement.blind is None
        assert found.agreement.selected.items == len(said)
        (proposal,) = found.annotators.proposals
        assert Signal.REPEATING in {one.signal for one in proposal.findings}
        assert people[proposal.person].with_others.value < 0.7

    def test_gold_is_told_as_people_answered_it(self, tmp_path: Path) -> None:
        path = tmp_path / "ws"
        campaign = tiny(path, quality=with_file(path), stop={"max_rounds": 4})
        drive(path, campaign)
        found = quality_of(path, campaign)
        with ledger_of(path) as ledger, ledger.read() as connection:
            said = select(given_answers.c.value == gold.c.value).where(
                given_answers.c.item == gold.c.item,
                given_answers.c.current,
                given_answers.c.kind == "answer",
            )
            right = connection.scalars(said).all()
        assert found is not None
        assert found.gold is not None
        assert (found.gold.items, found.gold.right.n) == (8, len(right))
        assert found.gold.right.value == pytest.approx(np.mean(right))
        judged = [one.known.on_gold for one in found.annotators.people if one.known.on_gold.n]
        assert sum(one.n for one in judged) == len(right)
        assert not {one.item_id for one in found.gold.missed} & {
            one.item_id for one in found.disagreements
        }

    def test_sets_of_classes(self, tmp_path: Path) -> None:
        campaign = tiny_sets(tmp_path / "ws", quality={"overlap": 2})
        drive(tmp_path / "ws", campaign)
        found = quality_of(tmp_path / "ws", campaign)
        assert found is not None
        assert found.confusion is None
        assert all(line.confusion is None for line in found.annotators.people)
        assert found.annotators.people[0].known.with_others.n > 0


class TestByHand:
    def test_drawings_are_compared_with_drawings(self) -> None:
        rng = np.random.default_rng(0)
        rows = [
            given(person, f"i{item:03}", (box(0.5 if person == "dan" else 0.1 + jitter),), at=item)
            for item in range(60)
            for person in ("ann", "bob", "cem", "dan")
            for jitter in [rng.uniform(0, 0.01)]
        ]
        found = annotator_account.account_of(rows, {"i000": (box(0.1),)}, [], BOXES)
        (proposal,) = found.proposals
        assert (proposal.person, proposal.act) == ("dan", "pause")
        known = {line.person: line.known for line in found.people}
        assert known["ann"].with_others.value == pytest.approx(2 / 3, abs=0.05)
        assert known["dan"].with_others.value == 0.0
        assert known["ann"].on_gold.value == 1.0
        assert known["dan"].on_gold.value == 0.0
        assert math.isnan(known["ann"].weight)

    def test_confusions_are_told_of_classes_that_were_met(self) -> None:
        rows = [
            given(person, f"i{item:03}", ANT if person == "dan" and truth == BEE else truth)
            for item in range(60)
            for truth in [CLASSES[item % 3]]
            for person in ("ann", "bob", "dan")
        ]
        found = annotator_account.account_of(rows, {}, [], SINGLE)
        lines = {line.person: line.confusion for line in found.people}
        mistaken = lines["dan"]
        assert mistaken is not None
        assert (mistaken.said, mistaken.instead) == (ANT, BEE)
        assert mistaken.share > 0.7
        assert lines["ann"] is None

    def test_whoever_accepts_every_suggestion_is_told(self) -> None:
        rng = np.random.default_rng(1)
        rows, pairs = [], []
        for item in range(200):
            truth, name = CLASSES[item % 3], f"i{item:03}"
            suggested = truth if rng.random() < 0.7 else CLASSES[(item + 1) % 3]
            for person in ("ann", "bob", "dan"):
                blind = item % 5 == 0
                said = suggested if person == "dan" and not blind else truth
                rows.append(given(person, name, said, at=item))
                pairs.append(Pair(suggested, said, blind, None, item=name, person=person))
        found = annotator_account.account_of(rows, {}, pairs, SINGLE)
        copying = [
            one.person
            for one in found.proposals
            if Signal.COPYING in {each.signal for each in one.findings}
        ]
        assert copying == ["dan"]

    def test_nobody_at_all(self) -> None:
        found = annotator_account.account_of([], {}, [], SINGLE)
        assert (list(found.people), list(found.proposals)) == ([], [])
        assert list(annotator_account.account_of([], {}, [], BOXES).people) == []

    def test_where_people_differ_most_comes_first(self) -> None:
        rows = [
            *(given(person, "all", ANT) for person in "abc"),
            *(given(person, "two", value) for person, value in zip("abc", CLASSES, strict=True)),
            given("a", "one", ANT), given("b", "one", ANT), given("c", "one", BEE),
            *(given(person, "gold", value) for person, value in (("a", ANT), ("b", BEE))),
            given("a", "alone", CAT),
        ]  # fmt: skip
        found = disagreements(by_item(rows), {"one": '"ant"'}, {"gold"})
        assert [one.item_id for one in found] == ["two", "one"]
        assert [one.label for one in found] == [None, ANT]
        assert found[1].said == {ANT: 2, BEE: 1}
        assert found[1].agreement == pytest.approx(1 / 3)

    def test_drawings_differ_by_what_they_cover(self) -> None:
        rows = [
            given("a", "near", (box(0.1),)), given("b", "near", (box(0.12),)),
            given("a", "far", (box(0.1),)), given("b", "far", ()),
        ]  # fmt: skip
        found = disagreements(by_item(rows), {}, ())
        assert [one.item_id for one in found] == ["far", "near"]
        assert found[0].said == {"1 ant": 1, "nothing": 1}

    def test_gold_that_people_get_wrong_comes_first(self) -> None:
        said = {"a": [ANT, BEE], "b": [ANT, ANT], "c": [], "d": [BEE]}
        line = line_of(said, {"a": ANT, "b": ANT, "c": ANT})
        assert line is not None
        assert (line.items, line.answered, line.right.n, line.right.value) == (3, 2, 4, 0.75)
        assert [(one.item_id, one.label) for one in line.missed] == [("a", ANT)]
        assert line_of({"a": []}, {"a": ANT}) is None
