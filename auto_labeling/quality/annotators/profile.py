"""A model of each annotator: what is known of one person, every figure with how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.quality.annotators.answered import Answered
from auto_labeling.quality.annotators.comparing import beside_others
from auto_labeling.quality.annotators.merit import Merit, merit_of
from auto_labeling.quality.annotators.shares import Floats
from auto_labeling.quality.annotators.speed import Speed, paces, speeds
from auto_labeling.quality.annotators.trend import LEAST, Trend, sessions_of, trends
from auto_labeling.quality.annotators.weighing import weights
from auto_labeling.records import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotator:
    """One person; nan and n = 0 where nothing is known. Confusions are `Aggregate`'s."""

    answers: int
    on_gold: Interval
    """Share of the answers that are right, where the right one is known."""
    with_others: Interval
    """Share that is what most of the others say: they may be wrong."""
    beyond_chance: Interval
    """The share right beyond chance, on gold where there is some, else with the others: 0 says what
    chance would, 1 is always right."""
    speed: Speed
    drift: Trend
    """Of the share right, over all answers: on gold, else beside what others do on the same items;
    so of two opinions an item, it is unknown."""
    fatigue: Trend
    """The same, within sessions; unknown of one session only."""
    slowing: Trend
    """Of the time an answer takes, in logarithms, within sessions."""
    sessions: int
    weight: float
    """What a vote should weigh: log odds of being right; nan of drawings."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Profiles:
    """w people, and what they are compared by."""

    people: list[Annotator]
    gold: Merit
    others: Merit


def profiles(answered: Answered, *, gap_s: float = 1800.0) -> Profiles:
    """Return the model of each of w people; a break longer than `gap_s` ends a session."""
    (n, w), people = answered.shape, answered.people
    gold, others = merit_of(answered.gold, people, w), merit_of(answered.others, people, w)
    found = paces(answered.seconds, answered.items, n)
    # Hard items go wrong for everybody, and take everybody long.
    quality = _enough(
        answered.gold.score, beside_others(answered.others, answered.items, n), people, w
    )
    times = _enough(found, answered.seconds, people, w)
    sessions = sessions_of(answered.at, people, gap_s)
    speed = speeds(answered.seconds, found, people, w)
    on_gold, with_others = gold.shares(), others.shares()
    beyond_chance = _beyond_chance(gold, others)
    drift = trends(quality, people, w, people)
    counts = _how_many(sessions, people, w)
    # Of one session only, fatigue is what drift says: one thing is not told, nor tested, twice.
    several = np.where(counts[people] > 1, quality, np.nan)
    fatigue = trends(several, people, w, sessions)
    slowing = trends(np.log(np.where(times > 0, times, np.nan)), people, w, sessions)
    answers = np.bincount(people, minlength=w)
    weight = _weights(answered, gold, others)
    known = [
        Annotator(
            answers=int(answers[at]),
            on_gold=on_gold[at],
            with_others=with_others[at],
            beyond_chance=beyond_chance[at],
            speed=speed[at],
            drift=drift[at],
            fatigue=fatigue[at],
            slowing=slowing[at],
            sessions=int(counts[at]),
            weight=float(weight[at]),
        )
        for at in range(w)
    ]
    return Profiles(people=known, gold=gold, others=others)


def _beyond_chance(gold: Merit, others: Merit) -> list[Interval]:
    pairs = zip(gold.kappas(), others.kappas(), strict=True)
    return [known if known.n else said for known, said in pairs]


def _enough(better: Floats, other: Floats, people: NDArray[np.integer[Any]], w: int) -> Floats:
    """Return (v,) the better figures of whoever has enough of them for a trend, else the other."""
    has = np.bincount(people, np.isfinite(better), minlength=w) >= LEAST
    return np.where(has[people], better, other)


def _how_many(
    sessions: NDArray[np.intp], people: NDArray[np.integer[Any]], w: int
) -> NDArray[np.intp]:
    first = np.unique(sessions, return_index=True)[1]
    return np.bincount(people[first], minlength=w)


def _weights(answered: Answered, gold: Merit, others: Merit) -> Floats:
    if answered.ratings is None:
        return np.full(answered.shape[1], np.nan)
    k = answered.ratings.shape[2]
    return np.where(gold.n > 0, weights(gold, k), weights(others, k))
