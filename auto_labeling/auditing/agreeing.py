"""How far the people of a project agree: all of them, every two, and each with the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from auto_labeling.auditing.labels import word_of
from auto_labeling.formats.opinions import LabeledTask
from auto_labeling.ports import Vote
from auto_labeling.quality.agreement import FleissKappa, GwetAC1, coefficient_interval
from auto_labeling.quality.agreement.cohen import one_against_others
from auto_labeling.quality.agreement.drawings import Drawings, DrawnAgreement
from auto_labeling.quality.agreement.pairs import every_pair, mean_cohen_kappa
from auto_labeling.quality.counting import abstains
from auto_labeling.quality.vote_agreement import VoteAgreement, vote_agreement
from auto_labeling.ratings import Ratings
from auto_labeling.records import Interval, LabelSchema, PersonId

MOST_PAIRS = 200
"""So many pairs of people are looked at, those who share most tasks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far two people agree, or one with the others."""

    agreeing: Interval
    """The share of equal answers; of drawings F1, the share of shapes that both have drawn."""
    beyond_chance: Interval
    """Cohen's kappa; of drawings Krippendorff's alpha."""

    @classmethod
    def unknown(cls) -> Agreement:
        """Return what is known of somebody who shares no task."""
        return cls(agreeing=Interval.unknown(), beyond_chance=Interval.unknown())


@dataclass(frozen=True, slots=True, kw_only=True)
class Kappas:
    """Further coefficients of labels, where a set of labels is compared as a whole."""

    cohen: Interval
    """The mean over every two people."""
    fleiss: Interval
    ac1: Interval
    """Gwet's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementOfAll:
    """How far people agree on the tasks that several have answered. Unknown figures are nan.

    They speak for the other tasks only if the tool sent tasks to several people by lot, which
    cannot be seen here.
    """

    votes: VoteAgreement
    kappas: Kappas | None
    """None of drawings."""
    drawn: DrawnAgreement | None
    """None of labels."""
    pairs: tuple[tuple[PersonId, PersonId, Agreement], ...]
    """Those who share most tasks first, 200 at most."""
    people: Mapping[PersonId, Agreement]
    """Each with the others who answered the same tasks."""


def agreement_of(tasks: Sequence[LabeledTask], schema: LabelSchema) -> AgreementOfAll:
    """Return how far people agree, by the last word of each on every task."""
    votes = [
        Vote(item_id=task.task_id, person=person, value=value)
        for task in tasks
        for person, value in task.votes().items()
        if not abstains(value, schema)
    ]
    said = vote_agreement(votes, schema, np.random.default_rng(0))
    return _of_drawings(votes, said) if schema.is_drawn else _of_labels(votes, said, schema)


def _of_drawings(votes: Sequence[Vote], said: VoteAgreement) -> AgreementOfAll:
    rng = np.random.default_rng(0)
    drawings = Drawings.of(votes, rng)
    return AgreementOfAll(
        votes=said,
        kappas=None,
        drawn=drawings.agreement(rng),
        pairs=tuple(
            (one, other, _drawn(found))
            for one, other, found in islice(drawings.every_pair(rng), MOST_PAIRS)
        ),
        people={who: _drawn(found) for who, found in drawings.one_against_others(rng)},
    )


def _of_labels(votes: Sequence[Vote], said: VoteAgreement, schema: LabelSchema) -> AgreementOfAll:
    rng = np.random.default_rng(0)
    words = ((vote.item_id, vote.person, word_of(vote.value)) for vote in votes)
    known = schema.classes if schema.task == "single" else None
    ratings, _, people, _ = Ratings.of(words, known)
    counts = ratings.counts()
    return AgreementOfAll(
        votes=said,
        kappas=Kappas(
            cohen=mean_cohen_kappa(ratings, rng),
            fleiss=coefficient_interval(FleissKappa(), counts, rng),
            ac1=coefficient_interval(GwetAC1(), counts, rng),
        ),
        drawn=None,
        pairs=tuple(
            (
                people[found.one],
                people[found.other],
                Agreement(agreeing=found.percent, beyond_chance=found.kappa),
            )
            for found in islice(every_pair(ratings, rng), MOST_PAIRS)
        ),
        people={
            people[found.person]: Agreement(agreeing=found.percent, beyond_chance=found.kappa)
            for found in one_against_others(ratings, rng)
        },
    )


def _drawn(found: DrawnAgreement) -> Agreement:
    return Agreement(agreeing=found.f1, beyond_chance=found.alpha)
