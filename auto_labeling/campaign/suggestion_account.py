"""What became of suggestions: how many people kept, what that saved, how much people were led."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from sqlalchemy import Connection

from auto_labeling.annotation_times import AnnotationTimes
from auto_labeling.campaign import reviewing
from auto_labeling.campaign.intervals import exact
from auto_labeling.campaign.reviewing import Pair
from auto_labeling.preannotation import anchoring
from auto_labeling.preannotation.measured_times import measured
from auto_labeling.preannotation.reviewing import Outcome, Review, reviewed
from auto_labeling.preannotation.savings import saved
from auto_labeling.records import CampaignId, Interval, draws, shapes_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectsLine:
    """What people made of the objects that they were shown, and what they drew beside them."""

    accepted: int
    """Left as they were."""
    adjusted: int
    relabeled: int
    deleted: int
    drawn: int
    saved: Interval
    """Seconds a picture against no suggestions, by the times of `reviewing.Experience`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionLine:
    """What people did with suggestions, beside what the blind share did without."""

    shown: int
    """Answers of people who saw a suggestion."""
    blind: int
    """Answers of people who saw none, though there was one."""
    suggested: int
    """Suggestions that were seen: objects where people draw, else one an answer."""
    agreed: float
    """Share of these that people agree with; where they draw, at an IoU of .75 or more."""
    blind_agreed: float
    """Share of the unseen that people agree with: what they would say by themselves."""
    anchoring: Interval
    """The first less the second."""
    seconds: float
    """Mean time of an answer that began with a suggestion; nan where the tool measures none."""
    blind_seconds: float
    objects: ObjectsLine | None = None
    """None where people choose classes."""


def nothing() -> SuggestionLine | None:
    """Return the line of a campaign that suggests nothing."""
    return None


def account_of(
    connection: Connection, campaign: CampaignId, told: Mapping[str, Any]
) -> Callable[[], SuggestionLine | None]:
    """Read what was suggested and answered, and return what reckons the line of it, once."""
    stored = reviewing.rows(connection, campaign)
    if not stored:
        return nothing
    return cache(partial(_reckoned, stored, told))


def line_of(
    pairs: Sequence[Pair], rng: np.random.Generator, *, draws: bool, abstain: Sequence[str] = ()
) -> SuggestionLine | None:
    """Return what became of suggestions; None where there was none to see.

    Who could not tell neither agrees nor disagrees, so such answers are left out, and so are items
    of which nothing was sure enough.
    """
    given = [one for one in pairs if one.suggested is not None and not _cannot_tell(one, abstain)]
    seen = [one for one in given if not one.blind]
    unseen = [one for one in given if one.blind]
    if not seen:
        return None
    return (_of_drawings if draws else _of_classes)(seen, unseen, rng)


def share_difference(
    one: tuple[float, float], other: tuple[float, float], alpha: float = 0.05
) -> Interval:
    """Return the first share less the second, each given as hits and n.

    The exact limits of both are combined [1]_; nan where either has no items.

    References:
        [1] Newcombe, R. G. (1998). Interval estimation for the difference between independent
        proportions: comparison of eleven methods. Statistics in Medicine 17.

    >>> found = share_difference((56, 70), (48, 80))
    >>> round(found.value, 3), round(found.low, 2), round(found.high, 2)
    (0.2, 0.04, 0.34)
    """
    if not one[1] or not other[1]:
        return Interval.unknown()
    (p, q), ((low, high), (lower, upper)) = (
        (one[0] / one[1], other[0] / other[1]),
        (exact(*one, alpha), exact(*other, alpha)),
    )
    return Interval(
        value=p - q,
        low=p - q - math.hypot(p - low, upper - q),
        high=p - q + math.hypot(high - p, q - lower),
        n=round(other[1]),
    )


def _reckoned(stored: Sequence[Any], told: Mapping[str, Any]) -> SuggestionLine | None:
    labels = told.get("labels") or {}
    return line_of(
        reviewing.paired(stored),
        np.random.default_rng(told.get("seed") or 0),
        draws=draws(labels.get("task", "single")),
        abstain=labels.get("abstain") or (),
    )


def _of_drawings(
    seen: Sequence[Pair], unseen: Sequence[Pair], rng: np.random.Generator
) -> SuggestionLine:
    reviews, others = list(map(_review, seen)), list(map(_review, unseen))
    mine, theirs = anchoring.agreed(reviews), anchoring.agreed(others)
    answered = [reviewing.timed(one, review) for one, review in zip(seen, reviews, strict=True)]
    answered += [reviewing.timed(one, None) for one in unseen]
    boxes = all(one.is_box for review in reviews for one in review.suggestions)
    times = measured(answered, AnnotationTimes(), is_box=boxes)
    became = Counter(one.outcome for review in reviews for one in review.suggestions)
    return SuggestionLine(
        shown=len(seen),
        blind=len(unseen),
        suggested=int(mine[:, 1].sum()),
        agreed=_share(*mine.sum(axis=0)),
        blind_agreed=_share(*theirs.sum(axis=0)),
        anchoring=anchoring.difference(mine, theirs, rng),
        seconds=_seconds(seen),
        blind_seconds=_seconds(unseen),
        objects=ObjectsLine(
            accepted=became[Outcome.ACCEPT],
            adjusted=became[Outcome.ADJUST],
            relabeled=became[Outcome.RELABEL],
            deleted=became[Outcome.DELETE],
            drawn=sum(len(review.drawn) for review in reviews),
            saved=saved(reviews, times, rng),
        ),
    )


def _of_classes(
    seen: Sequence[Pair], unseen: Sequence[Pair], _rng: np.random.Generator
) -> SuggestionLine:
    mine, theirs = _agreeing(seen), _agreeing(unseen)
    return SuggestionLine(
        shown=len(seen),
        blind=len(unseen),
        suggested=len(seen),
        agreed=_share(*mine),
        blind_agreed=_share(*theirs),
        anchoring=share_difference(mine, theirs),
        seconds=_seconds(seen),
        blind_seconds=_seconds(unseen),
    )


def _agreeing(pairs: Sequence[Pair]) -> tuple[float, float]:
    """Return how many items were agreed with, and how many there are.

    Opinions on one item go alike more often than others, so an item is counted once: with the
    share of its people who agree.
    """
    opinions: dict[str, list[bool]] = {}
    for one in pairs:
        opinions.setdefault(one.item, []).append(_same(one))
    return sum(sum(each) / len(each) for each in opinions.values()), len(opinions)


def _same(pair: Pair) -> bool:
    said, answered = pair.suggested, pair.answered
    if isinstance(said, str) or isinstance(answered, str):
        return said == answered
    return set(said or ()) == set(answered)


def _review(pair: Pair) -> Review:
    return reviewed(shapes_of(pair.suggested), shapes_of(pair.answered))


def _cannot_tell(pair: Pair, abstain: Sequence[str]) -> bool:
    words = (pair.answered,) if isinstance(pair.answered, str) else pair.answered
    return any(word in abstain for word in words if isinstance(word, str))


def _seconds(pairs: Sequence[Pair]) -> float:
    known = [one.seconds for one in pairs if not math.isnan(one.seconds)]
    return sum(known) / len(known) if known else math.nan


def _share(hits: float, of: float) -> float:
    return float(hits / of) if of else math.nan
