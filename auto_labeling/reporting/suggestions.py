"""What became of suggestions, in a sentence and a table."""

from __future__ import annotations

import math
from dataclasses import dataclass

from auto_labeling.campaign.suggestion_account import ObjectsLine, SuggestionLine
from auto_labeling.records import Interval
from auto_labeling.reporting.tables import Table
from auto_labeling.reporting.wording import NOTHING, UNKNOWN, count, share

_VAGUE = 0.2
"""Limits so far apart say nothing about how much people are led."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionSection:
    """What the report shows about suggestions."""

    sentence: str
    table: Table


def section_of(line: SuggestionLine | None) -> SuggestionSection | None:
    """Return what the report shows; None where people were never shown a suggestion."""
    if line is None:
        return None
    rows = [
        ["shown", count(line.shown, "answer"), "began with what the model says"],
        ["blind", count(line.blind, "answer"), "did not, by lot, to tell whether people are led"],
        *_fates(line),
        ["agreed", share(line.agreed), _where("of what people saw", line)],
        ["agreed unseen", share(line.blind_agreed), "of what the blind share did not see"],
        ["anchoring", points(line.anchoring), "the first less the second; 95% interval"],
        ["time", seconds(line.seconds), "mean of an answer with a suggestion, as measured"],
        ["time without", seconds(line.blind_seconds), "mean of the blind share"],
    ]
    return SuggestionSection(
        sentence=sentence(line),
        table=Table(
            key="table-suggestions",
            caption="What became of suggestions",
            columns=["Suggestions", "Figure", "which means"],
            rows=[[name, NOTHING if said == UNKNOWN else said, why] for name, said, why in rows],
            words=frozenset({"which means"}),
        ),
    )


def sentence(line: SuggestionLine) -> str:
    """Return what the figures come to."""
    return f"{_worth(line)} {_led(line)}"


def summary(line: SuggestionLine) -> str:
    """Return one line for a screen."""
    parts = [f"{count(line.shown, 'answer')} began with one, {count(line.blind)} did not"]
    if line.objects is None:
        parts.append(f"{share(line.agreed)} kept")
    else:
        parts.append(f"{share(_part(line.objects.accepted, line))} of objects left as they were")
        if not math.isnan(line.objects.saved.value):
            parts.append(_saved(line.objects.saved))
    if not math.isnan(line.anchoring.value):
        parts.append(f"anchoring {points(line.anchoring)}")
    return "; ".join(parts)


def seconds(value: float) -> str:
    """Return a time of seconds.

    >>> seconds(12.34), seconds(float("nan"))
    ('12.3 s', 'unknown')
    """
    return UNKNOWN if math.isnan(value) else f"{value:.1f} s"


def points(found: Interval) -> str:
    """Return a difference of shares with its limits, in percentage points.

    >>> points(Interval(value=0.13, low=-0.02, high=0.2))
    '+13.0 points (-2.0 to +20.0)'
    """
    if math.isnan(found.value):
        return UNKNOWN
    value, low, high = (f"{100 * one:+.1f}" for one in (found.value, found.low, found.high))
    return f"{value} points ({low} to {high})"


def _fates(line: SuggestionLine) -> list[list[str]]:
    made = line.objects
    if made is None:
        return []
    of = f"of {count(line.suggested, 'object')} that people saw"
    return [
        ["accepted", _counted(made.accepted, line), f"{of}: left as they were"],
        ["adjusted", _counted(made.adjusted, line), "moved, or drawn again in the same place"],
        ["relabeled", _counted(made.relabeled, line), "given another class"],
        ["deleted", _counted(made.deleted, line), "nothing was there"],
        ["drawn beside", count(made.drawn), "nobody had suggested them"],
        [
            "saved",
            _with_limits(made.saved),
            "a picture, against drawing everything; by a time model",
        ],
    ]


def _where(what: str, line: SuggestionLine) -> str:
    return what if line.objects is None else f"{what}, at an IoU of .75 or more"


def _counted(number: int, line: SuggestionLine) -> str:
    return f"{count(number)} ({share(_part(number, line))})" if line.suggested else count(number)


def _part(number: int, line: SuggestionLine) -> float:
    return number / line.suggested if line.suggested else math.nan


def _with_limits(found: Interval) -> str:
    if math.isnan(found.value):
        return UNKNOWN
    return f"{found.value:.1f} s ({found.low:.1f} to {found.high:.1f})"


def _saved(found: Interval) -> str:
    verb = "saved" if found.value >= 0 else "lost"
    return f"{verb} {abs(found.value):.1f} s a picture"


def _worth(line: SuggestionLine) -> str:
    made = line.objects
    if made is None:
        return f"People kept {share(line.agreed)} of the suggestions that they saw."
    return _in_time(made)


def _in_time(made: ObjectsLine) -> str:
    if made.saved.low > 0:
        return f"Suggestions saved people {_with_limits(made.saved)} a picture."
    if made.saved.high < 0:
        lost = Interval(value=-made.saved.value, low=-made.saved.high, high=-made.saved.low)
        return (
            f"Suggestions cost people {_with_limits(lost)} a picture: show fewer of them, by "
            "`preannotate`."
        )
    return "So far it cannot be told whether suggestions save people time."


def _led(line: SuggestionLine) -> str:
    found = line.anchoring
    if math.isnan(found.value):
        return (
            "Whether people are led by them is unknown: nobody answered without, which "
            "`preannotate: {blind: 10%}` provides for."
        )
    if found.low > 0:
        more, low, high = (f"{100 * one:.1f}" for one in (found.value, found.low, found.high))
        return (
            f"People agree {more} points ({low} to {high}) more often with what they see, so they "
            "are led by it: look through a sample of what they accepted."
        )
    if found.high - found.low > _VAGUE:
        blind = count(found.n, "item")
        return f"Too few were answered without, {blind}, to tell whether people are led by them."
    return "Nothing shows that people are led by them."
