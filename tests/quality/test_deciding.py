from __future__ import annotations

from random import Random
from typing import ClassVar

import numpy as np
import pytest

from auto_labeling import quality
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.ports import Verdict, Vote
from auto_labeling.quality.auto import Auto
from auto_labeling.quality.dawid_skene import DawidSkene
from auto_labeling.quality.deciding import Deciding
from auto_labeling.quality.majority import Majority
from auto_labeling.quality.most_agreed import MostAgreed
from auto_labeling.quality.one_coin import OneCoin
from auto_labeling.quality.ordinal import Ordinal
from auto_labeling.quality.weighted_vote import WeightedVote
from auto_labeling.records import LabelSchema
from tests.contracts.consensus import MULTI, SINGLE, ConsensusContract, votes


class TestAuto(ConsensusContract):
    consensus = Auto()


class TestOneCoin(ConsensusContract):
    consensus = OneCoin()


class TestDawidSkene(ConsensusContract):
    consensus = DawidSkene()


class TestOrdinal(ConsensusContract):
    consensus = Ordinal()


class TestLearnedWeights(ConsensusContract):
    consensus = WeightedVote()


class TestGivenWeights(ConsensusContract):
    consensus = WeightedVote(weights={"of somebody else": 2.0})


RULES = [Auto(), OneCoin(), DawidSkene(), WeightedVote()]


def test_every_consensus_of_the_table_passes_a_contract() -> None:
    elsewhere = {Majority, MostAgreed}  # see test_majority.py and test_most_agreed.py
    here = {type(one.consensus) for one in ConsensusContract.__subclasses__()}
    of_classes = {rule for rule in quality.TABLE.values() if issubclass(rule, Deciding)}
    assert of_classes <= here
    assert set(quality.TABLE.values()) >= here | elsewhere


def panel(seed: int, items: int = 40) -> list[Vote]:
    """Votes of five people on three classes, of whom two lean to a class of their own."""
    rng = np.random.default_rng(seed)
    names = SINGLE.classes
    found = []
    for item in range(items):
        truth = int(rng.integers(3))
        for person in range(5):
            leans = person >= 3 and rng.random() < 0.5
            cls = person - 3 if leans else truth if rng.random() < 0.8 else int(rng.integers(3))
            found.append(Vote(item_id=f"i{item}", person=f"p{person}", value=names[cls]))
    return found


def by_item(verdicts: object) -> dict[str, Verdict]:
    return {one.item_id: one for one in verdicts}  # type: ignore[attr-defined]


class TestAllRules:
    rules: ClassVar = pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)

    @rules
    def test_the_order_of_many_votes_changes_nothing_to_the_last_bit(self, rule: Deciding) -> None:
        given = panel(0)
        before = by_item(rule.resolve(given, SINGLE))
        Random(0).shuffle(given)
        assert by_item(rule.resolve(given, SINGLE)) == before

    @rules
    def test_a_posterior_is_there_and_sums_to_one(self, rule: Deciding) -> None:
        for verdict in rule.resolve(panel(1), SINGLE):
            assert verdict.posterior is not None
            assert sum(verdict.posterior) == pytest.approx(1.0)
            if verdict.value is not None:
                assert verdict.confidence == max(verdict.posterior)

    @rules
    def test_two_who_disagree_on_everything_decide_nothing(self, rule: Deciding) -> None:
        given = [
            Vote(item_id=f"i{at}", person=person, value=name)
            for at in range(60)
            for person, name in (("ann", "cat"), ("bob", "dog"))
        ]
        assert {one.value for one in rule.resolve(given, SINGLE)} == {None}

    @rules
    def test_ties_everywhere_that_are_symmetric_stay_ties(self, rule: Deciding) -> None:
        names = SINGLE.classes
        given = [
            Vote(item_id=f"i{item}", person=f"p{person}", value=names[(item + person) % 3])
            for item in range(60)
            for person in range(3)
        ]
        for verdict in rule.resolve(given, SINGLE):
            assert (verdict.value, verdict.confidence, verdict.votes) == (None, 0.0, 3)

    @rules
    def test_one_person_alone_is_believed(self, rule: Deciding) -> None:
        given = [
            Vote(item_id=f"i{at}", person="ann", value=SINGLE.classes[at % 3]) for at in range(90)
        ]
        said = {vote.item_id: vote.value for vote in given}
        assert {one.item_id: one.value for one in rule.resolve(given, SINGLE)} == said

    @rules
    def test_a_class_that_nobody_uses_is_never_the_label(self, rule: Deciding) -> None:
        given = [vote for vote in panel(2, items=60) if vote.value != "cow"]
        assert "cow" not in {one.value for one in rule.resolve(given, SINGLE)}

    @rules
    def test_where_all_agree_all_are_believed(self, rule: Deciding) -> None:
        given = [
            Vote(item_id=f"i{at}", person=f"p{person}", value=SINGLE.classes[at % 2])
            for at in range(40)
            for person in range(3)
        ]
        for at, verdict in enumerate(rule.resolve(given, SINGLE)):
            assert verdict.value == SINGLE.classes[at % 2]
            assert 1 / 3 < verdict.confidence <= 1

    @rules
    def test_a_set_is_a_question_a_class(self, rule: Deciding) -> None:
        given = [
            Vote(item_id=f"i{at}", person=f"p{person}", value=("cat",) if at % 2 else ())
            for at in range(20)
            for person in range(3)
        ]
        for at, verdict in enumerate(rule.resolve(given, MULTI)):
            assert verdict.value == (("cat",) if at % 2 else ())
            assert verdict.posterior is not None
            assert len(verdict.posterior) == 3
            assert verdict.confidence == min(max(p, 1 - p) for p in verdict.posterior)

    @rules
    def test_a_set_that_is_tied_on_one_class_has_no_value(self, rule: Deciding) -> None:
        (verdict,) = rule.resolve(votes(("a", ("cat", "dog")), ("a", ("cat",))), MULTI)
        assert (verdict.value, verdict.confidence, verdict.votes) == (None, 0.0, 2)

    @rules
    def test_drawings_are_refused(self, rule: Deciding) -> None:
        with pytest.raises(ConfigurationError, match="'boxes'"):
            rule.resolve([], LabelSchema(task="boxes", classes=("car",)))

    @rules
    def test_the_answer_of_the_other_task_is_refused(self, rule: Deciding) -> None:
        with pytest.raises(DataError, match="expected a set of classes"):
            rule.resolve(votes(("a", "cat")), MULTI)


@pytest.mark.parametrize("rule", [OneCoin, DawidSkene, Ordinal])
@pytest.mark.parametrize("strength", [0.0, -1.0, float("inf"), float("nan")])
def test_a_prior_that_weighs_nothing_is_refused(
    rule: type[OneCoin | DawidSkene | Ordinal], strength: float
) -> None:
    with pytest.raises(ConfigurationError, match="strength: expected more than 0"):
        rule(strength=strength)


def test_a_weight_below_nothing_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"weights\.ann: expected at least 0, got -1"):
        WeightedVote(weights={"ann": -1.0})


def test_given_weights_decide() -> None:
    given = votes(("a", "cat"), ("a", "dog"), ("a", "dog"))  # by p0, p1, p2
    (verdict,) = WeightedVote(weights={"p0": 3.0}).resolve(given, SINGLE)
    assert (verdict.value, verdict.confidence) == ("cat", 0.6)
    (tied,) = WeightedVote(weights={"p0": 2.0}).resolve(given, SINGLE)
    assert tied.value is None
    (nothing,) = WeightedVote(weights={"p0": 0, "p1": 0, "p2": 0}).resolve(given, SINGLE)
    assert nothing.value is None


def test_in_an_order_the_one_in_the_middle_breaks_the_tie() -> None:
    order = LabelSchema(task="single", classes=("1", "2", "3", "4", "5"))
    (middle,) = Ordinal().resolve(votes(("a", "1"), ("a", "3"), ("a", "5")), order)
    assert middle.value == "3"
