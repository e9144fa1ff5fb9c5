"""How far people agree, whatever they answer: one class, a set of classes, or a drawing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import ratio
from auto_labeling.ports import Vote
from auto_labeling.quality.agreement import NominalAlpha, coefficient_interval, drawings
from auto_labeling.quality.agreement.resampling import resampled
from auto_labeling.quality.confused_pairs import ConfusedPair, confused_pairs
from auto_labeling.quality.counting import abstains, names_of
from auto_labeling.quality.set_alpha import SetAlpha
from auto_labeling.records import Interval, ItemId, LabelSchema

_Shared: TypeAlias = Mapping[ItemId, Sequence[Vote]]
"""The votes on each item that has two or more."""
_Figures: TypeAlias = tuple[Interval, Interval, Mapping[str, Interval]]


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteAgreement:
    """How far people agree on the items that two or more of them have answered."""

    items: int
    answers: int
    """To these items, without those of people who could not tell."""
    abstained: int
    """Answers of people who could not tell, to any item: they agree and disagree with nobody."""
    alpha: Interval
    """Krippendorff's alpha, 1 at most; nan where it is undefined, as where all answers are equal.

    Of sets of classes by `SetAlpha`, of drawings by `Drawings`."""
    percent: Interval
    """The share of equal pairs of answers to an item, averaged over items, in [0, 1]; of drawings
    F1, the share of shapes that both have drawn."""
    by_class: Mapping[str, Interval]
    """Alpha of each class that somebody named: it, or any other; or the shapes of that class."""
    confused: tuple[ConfusedPair, ...]
    """The most frequent first."""


def vote_agreement(
    votes: Sequence[Vote],
    schema: LabelSchema,
    rng: np.random.Generator,
    groups: Mapping[ItemId, str] | None = None,
) -> VoteAgreement:
    """Return how far the votes agree; 95 % limits resample items, or whole groups of them.

    `groups` are those of the items that are in one; of drawings, limits resample pictures.
    """
    telling = [vote for vote in votes if not abstains(vote.value, schema)]
    by_item: dict[ItemId, list[Vote]] = defaultdict(list)
    for vote in telling:
        by_item[vote.item_id].append(vote)
    shared = {item: some for item, some in by_item.items() if len(some) >= 2}
    given = [vote for some in shared.values() for vote in some]
    if schema.is_drawn:
        alpha, percent, by_class = _of_drawings(given, schema, rng)
    else:
        whole = _numbered([(groups or {}).get(item, ("", item)) for item in shared])
        alpha, percent, by_class = _of_sets(shared, schema, rng, whole)
    return VoteAgreement(
        items=len(shared),
        answers=len(given),
        abstained=len(votes) - len(telling),
        alpha=alpha,
        percent=percent,
        by_class=by_class,
        confused=tuple(confused_pairs(given, schema)),
    )


def _of_drawings(given: Sequence[Vote], schema: LabelSchema, rng: np.random.Generator) -> _Figures:
    found = drawings.Drawings.of(given, rng).agreement(rng)
    by_class = drawings.every_class(given, schema.classes, rng)
    return found.alpha, found.f1, {name: one.alpha for name, one in by_class}


def _of_sets(
    shared: _Shared, schema: LabelSchema, rng: np.random.Generator, groups: NDArray[np.intp]
) -> _Figures:
    """Return the figures of answers that are sets of classes, a single one being a set as well."""
    counts, answers = _counted(shared, schema)
    rule, n = SetAlpha(), len(answers)
    alpha = resampled(rule.terms(counts, answers), rule.value, rng, n=n, groups=groups)
    by_class = {
        schema.classes[at]: coefficient_interval(
            NominalAlpha(),
            np.stack([counts[:, at], answers - counts[:, at]], axis=1),
            rng,
            groups,
        )
        for at in np.flatnonzero(counts.sum(axis=0)).tolist()
    }
    return alpha, _percent(shared, rng, groups), by_class


def _counted(shared: _Shared, schema: LabelSchema) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return (n, k) how many answers to an item have each class in them, and (n,) all answers."""
    place = {name: at for at, name in enumerate(schema.classes)}
    cells = [
        (row, place[name])
        for row, some in enumerate(shared.values())
        for vote in some
        for name in names_of(vote, schema)
    ]
    counts = np.zeros((len(shared), len(place)), dtype=np.intp)
    np.add.at(counts, tuple(np.array(cells, dtype=np.intp).reshape(-1, 2).T), 1)
    return counts, np.array([len(some) for some in shared.values()], dtype=np.intp)


def _percent(shared: _Shared, rng: np.random.Generator, groups: NDArray[np.intp]) -> Interval:
    shares = [_equal_share(some) for some in shared.values()]
    terms = np.column_stack([shares, np.ones(len(shares))])

    def mean(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        return ratio(sums[:, 0], sums[:, 1])

    return resampled(terms, mean, rng, n=len(shares), groups=groups)


def _equal_share(some: Sequence[Vote]) -> float:
    """Return the share of equal pairs of answers to one item."""
    said = Counter(
        vote.value if isinstance(vote.value, str) else frozenset(vote.value) for vote in some
    )
    return sum(n * (n - 1) for n in said.values()) / (len(some) * (len(some) - 1))


def _numbered(names: Sequence[object]) -> NDArray[np.intp]:
    """Return (n,) numbers, equal where the names are."""
    places = {name: at for at, name in enumerate(dict.fromkeys(names))}
    return np.array([places[name] for name in names], dtype=np.intp)
