"""What every consensus keeps to; an adapter is an almost empty subclass."""

from __future__ import annotations

from random import Random
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auto_labeling.errors import DataError
from auto_labeling.ports import Consensus, Vote
from auto_labeling.records import LabelSchema, Value

SINGLE = LabelSchema(task="single", classes=("cat", "dog", "cow"), abstain=("cannot_tell",))
MULTI = LabelSchema(task="multi", classes=("cat", "dog", "cow"), abstain=("cannot_tell",))

answers = st.sampled_from([*SINGLE.classes, *SINGLE.abstain])
opinions = st.lists(st.tuples(st.sampled_from("abcde"), answers), max_size=40)
inherited = settings(
    # Every adapter's subclass runs the same inherited method, which is what a contract is for.
    suppress_health_check=[HealthCheck.differing_executors],
    deadline=None,
    max_examples=50,
)
Pairs = list[tuple[str, str]]


def votes(*pairs: tuple[str, Value]) -> list[Vote]:
    """Votes from (item, answer) pairs, each by another person."""
    return [
        Vote(item_id=item, person=f"p{at}", value=value) for at, (item, value) in enumerate(pairs)
    ]


class ConsensusContract:
    """One verdict for every item that has a vote, and only people who chose a class decide."""

    consensus: Consensus
    multi: ClassVar[bool] = True
    """Whether it takes sets of classes as well."""

    @inherited
    @given(opinions)
    def test_there_is_one_verdict_an_item_in_order_of_first_appearance(self, pairs: Pairs) -> None:
        verdicts = self.consensus.resolve(votes(*pairs), SINGLE)
        assert [one.item_id for one in verdicts] == list(dict.fromkeys(item for item, _ in pairs))

    @inherited
    @given(opinions)
    def test_values_are_classes_and_confidences_are_shares(self, pairs: Pairs) -> None:
        for verdict in self.consensus.resolve(votes(*pairs), SINGLE):
            assert verdict.value is None or verdict.value in SINGLE.classes
            assert 0.0 <= verdict.confidence <= 1.0

    @inherited
    @given(opinions, st.randoms(use_true_random=False))
    def test_the_order_of_the_votes_changes_nothing(self, pairs: Pairs, random: Random) -> None:
        given_votes = votes(*pairs)
        before = {one.item_id: one for one in self.consensus.resolve(given_votes, SINGLE)}
        random.shuffle(given_votes)
        after = {one.item_id: one for one in self.consensus.resolve(given_votes, SINGLE)}
        assert before == after

    @inherited
    @given(opinions)
    def test_an_abstention_never_votes_for_a_class(self, pairs: Pairs) -> None:
        everything = self.consensus.resolve(votes(*pairs), SINGLE)
        chosen = [pair for pair in pairs if pair[1] in SINGLE.classes]
        without = {one.item_id: one for one in self.consensus.resolve(votes(*chosen), SINGLE)}
        for verdict in everything:
            if verdict.item_id in without:
                assert verdict == without[verdict.item_id]
            else:
                assert (verdict.value, verdict.votes) == (None, 0)

    @inherited
    @given(st.sampled_from(SINGLE.classes), st.integers(1, 9))
    def test_unanimous_people_are_believed(self, name: str, people: int) -> None:
        (verdict,) = self.consensus.resolve(votes(*[("a", name)] * people), SINGLE)
        assert (verdict.value, verdict.votes) == (name, people)

    def test_no_votes_make_no_verdicts(self) -> None:
        assert list(self.consensus.resolve([], SINGLE)) == []

    def test_an_answer_that_is_no_class_is_named(self) -> None:
        with pytest.raises(DataError, match=r"item 'a'.*'horse'"):
            self.consensus.resolve(votes(("a", "horse")), SINGLE)

    def test_unanimous_sets_are_believed(self) -> None:
        if not self.multi:
            pytest.skip("takes one class an item only")
        (verdict,) = self.consensus.resolve(votes(*[("a", ("dog", "cat"))] * 3), MULTI)
        assert set(verdict.value or ()) == {"cat", "dog"}
