"""A model of how people err behind Consensus: the class that is the only most probable one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import Verdict, Vote
from auto_labeling.quality.aggregate import Aggregate
from auto_labeling.quality.counting import abstains, names_of
from auto_labeling.ratings import Ratings
from auto_labeling.records import ItemId, LabelSchema

_EQUAL = 1e-9
"""Posteriors closer than this are a tie."""


class Deciding(ABC):
    """What an aggregator needs to be a rule of campaigns: `resolve` by its `aggregate`.

    `single`: the class of the greatest posterior, where it is the only one. `multi`: each class is
    a question of its own that everybody who answered the item answered, yes or no; the confidence
    of a set is that of its least certain class. A tie, in `multi` a tie on any class, leaves the
    item without a value and with confidence 0, as do abstentions alone.
    """

    __slots__ = ()

    @abstractmethod
    def aggregate(self, ratings: Ratings) -> Aggregate:
        """Return what the items probably are, and how people err."""

    def resolve(self, votes: Sequence[Vote], schema: LabelSchema) -> Sequence[Verdict]:
        if schema.is_drawn:
            raise ConfigurationError(
                "quality.consensus: rules for classes decide labels.task single or multi, "
                f"got {schema.task!r}"
            )
        rows = [
            (vote.item_id, vote.person, tuple(names_of(vote, schema)))
            for vote in votes
            if not abstains(vote.value, schema)
        ]
        # Sums depend on their order in the last bits; verdicts must not.
        rows.sort()
        decide = self._single if schema.task == "single" else self._multi
        found = {verdict.item_id: verdict for verdict in decide(rows, schema.classes)}
        return [
            found.get(item) or Verdict(item_id=item, value=None, confidence=0.0, votes=0)
            for item in dict.fromkeys(vote.item_id for vote in votes)
        ]

    def _single(self, rows: Sequence[_Row], classes: Sequence[str]) -> list[Verdict]:
        if not rows:
            return []
        said = [(item, person, names[0]) for item, person, names in rows]
        ratings, items, people, _ = Ratings.of(said, classes)
        posterior = self._posterior(ratings, people)
        verdicts = []
        for item, chances, count in zip(items, posterior, _votes(ratings), strict=True):
            best = int(chances.argmax())
            alone = int((chances >= chances[best] - _EQUAL).sum()) == 1
            verdicts.append(
                Verdict(
                    item_id=item,
                    value=classes[best] if alone else None,
                    confidence=float(chances[best]) if alone else 0.0,
                    votes=count,
                    posterior=tuple(chances.tolist()),
                )
            )
        return verdicts

    def _multi(self, rows: Sequence[_Row], classes: Sequence[str]) -> list[Verdict]:
        if not rows:
            return []
        columns = []
        for name in classes:
            said = [(item, person, name in names) for item, person, names in rows]
            ratings, items, people, _ = Ratings.of(said, (False, True))
            columns.append(self._posterior(ratings, people)[:, 1])
        chances = np.column_stack(columns)
        sure = np.maximum(chances, 1 - chances)
        decided: NDArray[np.bool_] = np.all(sure > 0.5 + _EQUAL / 2, axis=1)
        return [
            Verdict(
                item_id=item,
                value=tuple(name for name, p in zip(classes, row, strict=True) if p > 0.5)
                if known
                else None,
                confidence=float(certainty) if known else 0.0,
                votes=count,
                posterior=tuple(row.tolist()),
            )
            for item, row, certainty, known, count in zip(
                items, chances, sure.min(axis=1), decided, _votes(ratings), strict=True
            )
        ]

    def _posterior(self, ratings: Ratings, people: Sequence[str]) -> NDArray[np.float64]:
        """Return (n, k) probabilities; `people` are the names of the positions."""
        del people  # what one model is told, the others learn
        return self.aggregate(ratings).posterior


def refuse_strength(strength: float) -> None:
    """Raise `ConfigurationError` for a prior that would let a person be sure by nothing."""
    if not 0 < strength < np.inf:
        raise ConfigurationError(f"strength: expected more than 0 answers, got {strength}")


_Row = tuple[ItemId, str, tuple[str, ...]]


def _votes(ratings: Ratings) -> list[int]:
    counted: list[int] = np.bincount(ratings.items, minlength=ratings.shape[0]).tolist()
    return counted
