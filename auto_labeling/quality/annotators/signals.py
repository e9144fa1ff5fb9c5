"""What speaks against a person's answers, so that little of what is found is found by chance."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from auto_labeling.quality.annotators import hypotheses
from auto_labeling.quality.annotators.answered import Answered
from auto_labeling.quality.annotators.copying import Following
from auto_labeling.quality.annotators.discovery import discoveries
from auto_labeling.quality.annotators.hypotheses import Tested
from auto_labeling.quality.annotators.profile import Profiles
from auto_labeling.quality.annotators.repetition import Repetition, repetition
from auto_labeling.quality.annotators.speed import paces, too_fast
from auto_labeling.records import Interval


class Signal(StrEnum):
    """What may speak against a person's answers."""

    WRONG = "wrong"
    """On items whose answer is known."""
    UNLIKE = "unlike others"
    """No more like the others' answers than half of what is usual: at random, or otherwise."""
    REPEATING = "repeating"
    HASTY = "too fast"
    COPYING = "copying"
    DRIFTING = "getting worse"
    TIRING = "tiring"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standards:
    """From where on something speaks against a person. Whole intervals have to be beyond these."""

    fewest: int = 10
    """Nobody is judged on fewer answers."""
    worth: float = 0.5
    """Of the kappa of the median person, what everybody should be worth."""
    fastest_s: float = 0.3
    """Seconds that nobody can look, choose and click in."""
    pace: float = 0.2
    """Of what others take on the same items."""
    repeats: float = 0.75
    """Share of answers that equal the one before, or the one before that, and so on."""
    led: float = 0.1
    """By how much more often than the blind share a person may agree with suggestions."""
    rate: float = 0.05
    """Of all that is found in a campaign, how much may be found by chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that speaks against a person's answers."""

    person: int
    signal: Signal
    figure: Interval
    """What was seen, with 95 % limits."""
    against: float
    """What it is compared with."""
    p: float
    """How likely that is by chance."""
    lag: int = 0
    """Of what repeats: after how many answers."""


def findings(
    answered: Answered,
    known: Profiles,
    following: Following | None = None,
    standards: Standards | None = None,
) -> list[Finding]:
    """Return what speaks against whom, by person; all tests together keep to `Standards.rate`.

    Who is shown to be worth what is asked is not too fast, whatever it looks like. And who is right
    repeats what the items repeat, more than others who err: only who is shown to be worth less than
    the median person is said to repeat.
    """
    bounds = standards or Standards()
    repeated = _repetition(answered, bounds)
    tests = _tests(answered, known, following, repeated, bounds)
    found = discoveries(np.concatenate([test.p for test in tests.values()]), bounds.rate)
    enough, less = _worth(known, bounds)
    excused = {Signal.HASTY: enough, Signal.REPEATING: ~less}
    rows = []
    for (signal, test), finds in zip(tests.items(), found.reshape(len(tests), -1), strict=True):
        stands = finds & test.beyond
        if signal in excused:
            stands &= ~excused[signal]
        rows += [
            Finding(
                person=person,
                signal=signal,
                figure=test.figure(person),
                against=float(test.against[person]),
                p=float(test.p[person]),
                lag=int(repeated.lag[person]) if signal is Signal.REPEATING else 0,
            )
            for person in np.flatnonzero(stands).tolist()
        ]
    return sorted(rows, key=lambda one: one.person)


def _tests(
    answered: Answered,
    known: Profiles,
    following: Following | None,
    repeated: Repetition,
    bounds: Standards,
) -> dict[Signal, Tested]:
    """Return the tests that this campaign allows, in the order in which they are told."""
    w, fewest = answered.shape[1], bounds.fewest
    fast = too_fast(
        answered.seconds, paces(answered.seconds, answered.items, answered.shape[0]),
        answered.people, w, floor_s=bounds.fastest_s, pace=bounds.pace,
    )  # fmt: skip
    found = {
        Signal.WRONG: hypotheses.too_few_right(known.gold, worth=bounds.worth, fewest=fewest),
        Signal.UNLIKE: hypotheses.too_few_right(known.others, worth=bounds.worth, fewest=fewest),
        Signal.REPEATING: hypotheses.repeats(repeated),
        Signal.HASTY: hypotheses.hasty(*fast, fewest=fewest),
        Signal.DRIFTING: hypotheses.falls([one.drift for one in known.people]),
        Signal.TIRING: hypotheses.falls([one.fatigue for one in known.people]),
    }
    if following is not None:
        found[Signal.COPYING] = hypotheses.led(following, margin=bounds.led, fewest=fewest)
    return found


def _repetition(answered: Answered, bounds: Standards) -> Repetition:
    if answered.ratings is None:
        return Repetition.unknown(answered.shape[1])
    return repetition(answered.ratings, bounds.repeats, bounds.fewest)


def _worth(known: Profiles, bounds: Standards) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return (w,) who is shown to be worth what is asked, and who less than the median person."""
    enough, less = np.zeros((2, len(known.people)), dtype=np.bool_)
    for merit in (known.others, known.gold):  # what is known outdoes what others say
        low, high = merit.kappa_limits()
        usual = merit.typical(bounds.fewest)
        judged = merit.n >= bounds.fewest
        enough = np.where(judged, low > bounds.worth * usual, enough)
        less = np.where(judged, high < usual, less)
    return enough, less
