"""The majority decides, and only a majority: a tie is no label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import Verdict, Vote
from auto_labeling.quality.aggregate import Aggregate
from auto_labeling.quality.counting import abstains, names_of
from auto_labeling.quality.weighted_vote import weighted
from auto_labeling.ratings import Ratings
from auto_labeling.records import ItemId, LabelSchema, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Majority:
    """The class with the most votes (`single`), or every class that most people chose (`multi`).

    A tie, in `multi` a tie on any class, leaves the item without a value and with confidence 0, as
    do abstentions alone; how many more opinions it then gets is `quality.max_overlap`'s to say. The
    confidence of a set of classes is that of its least certain class.
    """

    def aggregate(self, ratings: Ratings) -> Aggregate:
        """Return the shares of the votes as posterior; a tie is an equal share, and stays one."""
        return weighted(ratings, np.ones(ratings.shape[1]))

    def resolve(self, votes: Sequence[Vote], schema: LabelSchema) -> Sequence[Verdict]:
        if schema.is_drawn:
            raise ConfigurationError(
                "quality.consensus: majority decides labels.task single or multi, "
                f"got {schema.task!r}"
            )
        names = dict.fromkeys(vote.item_id for vote in votes)
        items = {item: at for at, item in enumerate(names)}
        counting = [vote for vote in votes if not abstains(vote.value, schema)]
        who = np.array([items[vote.item_id] for vote in counting], dtype=np.intp)
        voters = np.bincount(who, minlength=len(items))
        rows, columns = _chosen(counting, who, schema)
        tally = _Tally.of(rows, columns, len(schema.classes))
        decide = _single if schema.task == "single" else _multi
        return decide(list(items), voters, tally, schema.classes)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Tally:
    """How many people chose each class that anybody chose, ordered by item; arrays (c,)."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    votes: NDArray[np.intp]

    @classmethod
    def of(cls, rows: NDArray[np.intp], columns: NDArray[np.intp], classes: int) -> _Tally:
        cells, votes = np.unique(rows * classes + columns, return_counts=True)
        return cls(rows=cells // classes, columns=cells % classes, votes=votes)


def _single(
    items: Sequence[ItemId], voters: NDArray[np.intp], tally: _Tally, classes: Sequence[str]
) -> list[Verdict]:
    most = np.zeros(len(items), dtype=np.intp)
    np.maximum.at(most, tally.rows, tally.votes)
    leads = tally.votes == most[tally.rows]
    leaders = np.bincount(tally.rows[leads], minlength=len(items))
    winner = np.full(len(items), -1)
    winner[tally.rows[leads]] = tally.columns[leads]
    winner[leaders != 1] = -1
    values = [classes[at] if at >= 0 else None for at in winner.tolist()]
    return _verdicts(items, values, most / np.maximum(voters, 1), voters)


def _multi(
    items: Sequence[ItemId], voters: NDArray[np.intp], tally: _Tally, classes: Sequence[str]
) -> list[Verdict]:
    share = tally.votes / voters[tally.rows]
    certainty = np.ones(len(items))  # a class that nobody chose is left out unanimously
    np.minimum.at(certainty, tally.rows, np.maximum(share, 1 - share))
    tied = np.bincount(tally.rows[2 * tally.votes == voters[tally.rows]], minlength=len(items)) > 0
    sets: list[list[str]] = [[] for _ in items]
    for row, column in zip(
        tally.rows[share > 0.5].tolist(), tally.columns[share > 0.5].tolist(), strict=True
    ):
        sets[row].append(classes[column])
    decided = (~tied & (voters > 0)).tolist()
    values = [tuple(chosen) if known else None for chosen, known in zip(sets, decided, strict=True)]
    return _verdicts(items, values, certainty, voters)


def _verdicts(
    items: Sequence[ItemId],
    values: Sequence[Value | None],
    confidence: NDArray[np.float64],
    voters: NDArray[np.intp],
) -> list[Verdict]:
    return [
        Verdict(item_id=item, value=value, confidence=0.0 if value is None else sure, votes=count)
        for item, value, sure, count in zip(
            items, values, confidence.tolist(), voters.tolist(), strict=True
        )
    ]


def _chosen(
    votes: Sequence[Vote], who: NDArray[np.intp], schema: LabelSchema
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return (c,) items and (c,) classes: one pair for every class that somebody chose."""
    places = {name: at for at, name in enumerate(schema.classes)}
    pairs = [
        (row, places[name])
        for row, vote in zip(who.tolist(), votes, strict=True)
        for name in names_of(vote, schema)
    ]
    rows, columns = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
    return rows, columns
