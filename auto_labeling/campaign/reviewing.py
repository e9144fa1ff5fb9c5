"""What people did with suggestions: what showing them saves, and how much people follow them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from auto_labeling.annotation_times import AnnotationTimes
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.intake import decode
from auto_labeling.campaign.schema import CAMPAIGN, answers, of, suggested
from auto_labeling.preannotation import worth
from auto_labeling.preannotation.measured_times import Timed, measured
from auto_labeling.preannotation.reviewing import Review, reviewed
from auto_labeling.records import ItemId, LabelSchema, PersonId, Value, shapes_of

_REVIEWS = (
    select(
        suggested.c.item,
        suggested.c.value,
        suggested.c.blind,
        suggested.c.unsure,
        answers.c.value.label("said"),
        answers.c.seconds,
        answers.c.person,
    )
    .join(
        answers, (answers.c.campaign == suggested.c.campaign) & (answers.c.item == suggested.c.item)
    )
    .where(suggested.c.campaign == CAMPAIGN, answers.c.current, answers.c.kind == "answer")
    .order_by(answers.c.seq)
)


class Pair(NamedTuple):
    """What a model suggests, and what a person answered."""

    suggested: Value | None
    answered: Value
    blind: bool
    """The person did not see it."""
    unsure: Value | None
    """Of a blind picture all that the model saw."""
    item: ItemId = ""
    seconds: float = math.nan
    """What the answer took, where the tool measures it."""
    person: PersonId = ""


def pairs(connection: Connection, campaign: str) -> list[Pair]:
    """Return every answer to an item of which there is a suggestion, oldest first."""
    return paired(rows(connection, campaign))


def rows(connection: Connection, campaign: str) -> Sequence[Any]:
    """Return the same as they are stored: to decode many shapes takes longer than to read them."""
    return connection.execute(_REVIEWS, of(campaign)).all()


def paired(stored: Iterable[Any]) -> list[Pair]:
    """Return what `rows` has read."""
    return [
        Pair(
            decode(row.value),
            said,
            row.blind,
            decode(row.unsure),
            item=row.item,
            seconds=math.nan if row.seconds is None else row.seconds,
            person=row.person,
        )
        for row in stored
        if (said := decode(row.said)) is not None
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Experience:
    """What a campaign's people did with suggestions so far: each answer is matched once."""

    schema: LabelSchema
    pairs: Sequence[Pair]
    answered: Sequence[Timed]
    """Of each pair, what became of what the person saw."""
    times: AnnotationTimes
    """How long people need for each act: by their own answers, once there are enough."""

    @classmethod
    def of(cls, campaign: Campaign) -> Experience:
        """Read what the people of a campaign did."""
        schema = campaign.config.labels
        with campaign.ledger.read() as connection:
            known = pairs(connection, campaign.campaign_id)
        answered = [timed(one, _seen(one)) for one in known]
        times = measured(answered, AnnotationTimes(), is_box=schema.task == "boxes")
        return cls(schema=schema, pairs=known, answered=answered, times=times)

    def thresholds(self) -> Mapping[str, float]:
        """Return class -> the score from which on showing an object saves people time."""
        reviews = [
            _unshown(pair, self.times) if pair.blind else one.review
            for pair, one in zip(self.pairs, self.answered, strict=True)
        ]
        schema = self.schema
        is_box = schema.task == "boxes"
        return worth.thresholds(reviews, schema.classes, self.times, is_box=is_box)


def timed(pair: Pair, review: Review | None) -> Timed:
    """Return how long an answer took; without a review it began with nothing."""
    began = Review(drawn=shapes_of(pair.answered)) if review is None else review
    return Timed(review=began, seen=review is not None, seconds=pair.seconds)


def _seen(pair: Pair) -> Review | None:
    """Return what became of what the person saw; None: it was nothing."""
    if pair.blind or pair.suggested is None:
        return None
    return reviewed(shapes_of(pair.suggested), shapes_of(pair.answered))


def _unshown(pair: Pair, times: AnnotationTimes) -> Review:
    return reviewed(shapes_of(pair.unsure), shapes_of(pair.answered), accepted=times.accept_iou)
