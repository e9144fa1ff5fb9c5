"""What a campaign's answers tell of each of its people, and what may be proposed about whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.campaign.reviewing import Pair
from auto_labeling.preannotation import anchoring
from auto_labeling.preannotation.reviewing import reviewed
from auto_labeling.quality.annotators import (
    Annotator,
    Answered,
    Following,
    Proposal,
    findings,
    profiles,
    proposals,
)
from auto_labeling.quality.dawid_skene import DawidSkene
from auto_labeling.quality.gold import score
from auto_labeling.ratings import Ratings
from auto_labeling.records import ItemId, LabelSchema, PersonId, Value, shapes_of

_MOST_CONFUSIONS = 2_000_000
"""Entries of everybody's confusions together, above which nobody reads them."""
_OFTEN = 0.1
"""A confusion is told of whoever says the other class at least that often."""
_MET = 5.0
"""Of classes that a person has met on fewer items, the prior would speak."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One answer that counts, and does not say that none can be given."""

    item_id: ItemId
    person: PersonId
    value: Value
    at: float
    """When, in seconds."""
    seconds: float
    """What it took; nan where the tool does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """What a person takes for what."""

    said: str
    instead: str
    """What it probably is."""
    share: float
    """How often the one is said where it is the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotatorLine:
    """One person, under a pseudonym."""

    person: PersonId
    known: Annotator
    confusion: Confusion | None
    """None where nothing is confused often, or where people do not choose one class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotatorAccount:
    """What is known of the people, and what is proposed; nobody is paused by it."""

    people: Sequence[AnnotatorLine]
    proposals: Sequence[Proposal]


def account_of(
    given: Sequence[Given],
    truth: Mapping[ItemId, Value],
    pairs: Sequence[Pair],
    schema: LabelSchema,
) -> AnnotatorAccount:
    """Return what the answers tell of each person, by name, with what is known of gold."""
    ranked = sorted(given, key=lambda one: one.at)
    names = sorted({one.person for one in ranked})
    classes = [] if schema.is_drawn else _answers(ranked, truth)
    answered = (
        _drawn(ranked, names, truth) if schema.is_drawn else _classes(ranked, names, truth, classes)
    )
    known = profiles(answered)
    found = findings(answered, known, _following(pairs, names))
    confusions = _confusions(answered.ratings, classes) if schema.task == "single" else {}
    return AnnotatorAccount(
        people=[
            AnnotatorLine(person=person, known=one, confusion=confusions.get(at))
            for at, (person, one) in enumerate(zip(names, known.people, strict=True))
        ],
        proposals=proposals(found, names),
    )


def as_class(value: Value) -> str | tuple[str, ...]:
    """Return an answer as one thing that is equal to others or not: a class, or a set of them.

    >>> as_class(("dog", "cat"))
    ('cat', 'dog')
    """
    return value if isinstance(value, str) else tuple(sorted(map(str, set(value))))


def _answers(given: Sequence[Given], truth: Mapping[ItemId, Value]) -> list[Any]:
    """Return all that was said, or is true, each once."""
    values = [*(one.value for one in given), *truth.values()]
    return list(dict.fromkeys(map(as_class, values)))


def _classes(
    given: Sequence[Given],
    names: Sequence[PersonId],
    truth: Mapping[ItemId, Value],
    classes: Sequence[Any],
) -> Answered:
    places = {name: at for at, name in enumerate(classes)}
    items, people, n = _positions(given, names)
    ratings = Ratings(
        items=items,
        people=people,
        labels=np.array([places[as_class(one.value)] for one in given], dtype=np.int32),
        shape=(n, len(names), len(places)),
    )
    known = np.full(n, -1, dtype=np.int32)
    for at, one in zip(items.tolist(), given, strict=True):
        if one.item_id in truth:
            known[at] = places[as_class(truth[one.item_id])]
    return Answered.classes(ratings, *_times(given), known)


def _drawn(
    given: Sequence[Given], names: Sequence[PersonId], truth: Mapping[ItemId, Value]
) -> Answered:
    items, people, n = _positions(given, names)
    right = [
        score(one.value, truth[one.item_id]) if one.item_id in truth else np.nan for one in given
    ]
    shapes = [shapes_of(one.value) for one in given]
    return Answered.drawings(
        items, people, (n, len(names)), *_times(given), shapes, np.array(right, dtype=np.float64)
    )


def _positions(
    given: Sequence[Given], names: Sequence[PersonId]
) -> tuple[NDArray[np.int32], NDArray[np.int32], int]:
    """Return (v,) items, (v,) people, and how many items there are."""
    places = {name: at for at, name in enumerate(names)}
    items = {item: at for at, item in enumerate(dict.fromkeys(one.item_id for one in given))}
    which = np.array([items[one.item_id] for one in given], dtype=np.int32)
    who = np.array([places[one.person] for one in given], dtype=np.int32)
    return which, who, len(items)


def _times(given: Sequence[Given]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    at = np.array([one.at for one in given], dtype=np.float64)
    return at, np.array([one.seconds for one in given], dtype=np.float64)


def _following(pairs: Sequence[Pair], names: Sequence[PersonId]) -> Following | None:
    """Return how often people answer what was suggested; None where nothing was."""
    places = {name: at for at, name in enumerate(names)}
    agreed, shown = np.zeros(len(names)), np.zeros(len(names))
    blind_agreed = blind = 0.0
    for pair in pairs:
        share = None if pair.suggested is None else _agrees(pair)
        if share is None or pair.person not in places:
            continue
        if pair.blind:
            blind_agreed, blind = blind_agreed + share, blind + 1
        else:
            agreed[places[pair.person]] += share
            shown[places[pair.person]] += 1
    if not shown.any():
        return None
    return Following(agreed=agreed, shown=shown, blind_agreed=blind_agreed, blind=blind)


def _agrees(pair: Pair) -> float | None:
    """Return how far the answer is what was suggested, in [0, 1]; None of an empty drawing."""
    said, answered = pair.suggested, pair.answered
    if isinstance(said, str) or isinstance(answered, str) or said is None:
        return float(said == answered)
    shapes = shapes_of(said)
    if len(shapes) < len(said) or any(isinstance(one, str) for one in answered):
        return float(set(said) == set(answered))
    hits, of = anchoring.agreed([reviewed(shapes, shapes_of(answered))])[0].tolist()
    return hits / of if of else None


def _confusions(ratings: Ratings | None, classes: Sequence[str]) -> dict[int, Confusion]:
    """Return what each person confuses most often, by the MAP estimate of their confusions."""
    if ratings is None:
        return {}
    _, w, k = ratings.shape
    if k < 2 or w * k * k > _MOST_CONFUSIONS:
        return {}
    found = DawidSkene().aggregate(ratings)
    wrong = found.confusion * (1 - np.eye(k))
    met = np.zeros((w, k))  # how many items of a class a person has met, as far as one can tell
    np.add.at(met, ratings.people, found.posterior[ratings.items])
    wrong[met < _MET] = 0.0
    often = wrong.reshape(w, -1).argmax(axis=1)
    return {
        who: Confusion(
            said=classes[at % k], instead=classes[at // k], share=float(wrong[who].flat[at])
        )
        for who, at in enumerate(often.tolist())
        if wrong[who].flat[at] >= _OFTEN
    }
