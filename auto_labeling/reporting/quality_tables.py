"""The tables about the quality of answers, cell by cell."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from auto_labeling.campaign.agreement_account import AgreementAccount
from auto_labeling.campaign.annotator_account import AnnotatorAccount, AnnotatorLine
from auto_labeling.campaign.quality_account import RulingLine
from auto_labeling.quality.vote_agreement import VoteAgreement
from auto_labeling.records import Interval
from auto_labeling.reporting.tables import Table
from auto_labeling.reporting.wording import NOTHING, count, estimate, in_table

_MOST_PAIRS = 8
_MOST_RULINGS = 12


def agreement_table(found: AgreementAccount | None) -> Table | None:
    """Return how far people agree: of the blind slice first, then of what was selected."""
    parts = _parts(found)
    if not parts:
        return None
    rows = [
        [
            name,
            count(part.items),
            in_table(alpha_in_words(part.alpha)),
            in_table(estimate("accuracy", part.percent)),
        ]
        for name, part in parts
    ]
    return Table(
        key="table-agreement",
        caption="How far people agree",
        columns=["On", "Items", "Alpha", "Equal answers"],
        rows=rows,
    )


def classes_table(found: AgreementAccount | None) -> Table | None:
    """Return alpha of each class, in the same order; None where there are but two."""
    parts = _parts(found)
    names = list(dict.fromkeys(name for _, part in parts for name in part.by_class))
    if len(names) < 3:
        return None
    return Table(
        key="table-agreement-classes",
        caption="Alpha of each class: it, or any other",
        columns=["Class", *(name for name, _ in parts)],
        rows=[
            [
                name,
                *(
                    in_table(alpha_in_words(part.by_class.get(name, Interval.unknown())))
                    for _, part in parts
                ),
            ]
            for name in names
        ],
    )


def _parts(found: AgreementAccount | None) -> list[tuple[str, VoteAgreement]]:
    """Return what there are figures of, by name."""
    if found is None:
        return []
    parts = (("blind slice", found.blind), ("selected items, not of the pool", found.selected))
    return [(name, part) for name, part in parts if part is not None and part.items]


def pairs_table(found: AgreementAccount | None) -> Table | None:
    """Return which classes people take for each other most, where they were not selected for it."""
    if found is None:
        return None
    blind = found.blind is not None and found.blind.items > 0
    part = found.blind if blind and found.blind is not None else found.selected
    rows = [
        [
            pair.one,
            pair.other or "nothing there",
            count(len(pair.items)),
            ", ".join(pair.items[:3]),
        ]
        for pair in part.confused[:_MOST_PAIRS]
    ]
    on = "the blind slice" if blind else "selected items"
    return Table(
        key="table-confused",
        caption=f"What people take for each other, on {on}",
        columns=["Class", "and", "Items", "such as"],
        rows=rows,
        words=frozenset({"and", "such as"}),
    ) if rows else None  # fmt: skip


def annotators_table(found: AnnotatorAccount) -> Table:
    """Return what is known of each person, under a pseudonym."""
    proposed = {one.person: one.act for one in found.proposals}
    # Of many people, those whom somebody has to think about come first.
    people = sorted(found.people, key=lambda one: one.person not in proposed)
    return Table(
        key="table-annotators",
        caption="What is known of each person",
        columns=[
            "Person", "Answers", "Right on gold", "As others say", "Beyond chance", "Seconds",
            "Pace", "Takes", "Proposed",
        ],
        rows=[_annotator(one, proposed) for one in people],
        words=frozenset({"Takes", "Proposed"}),
    )  # fmt: skip


def _annotator(line: AnnotatorLine, proposed: Mapping[str, str]) -> list[str]:
    known, mistaken = line.known, line.confusion
    return [
        line.person,
        count(known.answers),
        _judged(known.on_gold),
        _judged(known.with_others),
        in_table(alpha_in_words(known.beyond_chance)),
        NOTHING if math.isnan(known.speed.median) else f"{known.speed.median:.1f} s",
        _times(known.speed.pace),
        NOTHING
        if mistaken is None
        else f"{mistaken.instead} for {mistaken.said}, {100 * mistaken.share:.0f}%",
        proposed.get(line.person, NOTHING),
    ]


def _judged(found: Interval) -> str:
    """Return a share with its limits in whole percents, and of how many answers it is.

    >>> _judged(Interval(value=0.9, low=0.555, high=0.997, n=10)), _judged(Interval.unknown())
    ('90% (56 to 100) of 10', '—')
    """
    if not found.n:
        return NOTHING
    value, low, high = (f"{100 * one:.0f}" for one in (found.value, found.low, found.high))
    return f"{value}% ({low} to {high}) of {count(found.n)}"


def _times(found: Interval) -> str:
    """Return a pace with its limits.

    >>> _times(Interval(value=1.5, low=1.2, high=1.9, n=30)), _times(Interval.unknown())
    ('1.5 x (1.2 to 1.9)', '—')
    """
    if math.isnan(found.value):
        return NOTHING
    around = "" if math.isnan(found.low) else f" ({found.low:.1f} to {found.high:.1f})"
    return f"{found.value:.1f} x{around}"


def rulings_table(rulings: Sequence[RulingLine]) -> Table | None:
    """Return what adjudicators decided over which votes, the newest first."""
    rows = [
        [one.item_id, said_in_words(one.said), one.value, one.person]
        for one in rulings[:_MOST_RULINGS]
    ]
    return Table(
        key="table-rulings",
        caption=f"What adjudicators decided: {count(len(rulings), 'ruling')}",
        columns=["Item", "Votes", "Ruling", "by"],
        rows=rows,
        words=frozenset({"Votes", "Ruling", "by"}),
    ) if rows else None  # fmt: skip


def said_in_words(said: Mapping[str, int]) -> str:
    """Return who many said what.

    >>> said_in_words({"cat": 2, "dog": 1}), said_in_words({})
    ('2 x cat, 1 x dog', 'no votes')
    """
    return ", ".join(f"{many} x {name}" for name, many in said.items()) or "no votes"


def alpha_in_words(found: Interval) -> str:
    """Return a coefficient of agreement with its limits, as it is written: no percent.

    >>> alpha_in_words(Interval(value=0.712, low=0.6, high=0.8, n=90))
    '.71 (.60 to .80)'
    """
    if math.isnan(found.value):
        return "unknown"
    value, low, high = (_plain(one) for one in (found.value, found.low, found.high))
    return value if math.isnan(found.low) else f"{value} ({low} to {high})"


def _plain(value: float) -> str:
    return f"{value:.2f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.2f}"
