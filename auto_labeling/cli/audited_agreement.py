"""How far people agree, as an audit shows it: two lines, and who and what to talk about."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auto_labeling.auditing import Audit
    from auto_labeling.cli.auditable import Auditable
    from auto_labeling.quality.confused_pairs import ConfusedPair
    from auto_labeling.records import Interval


def figures(read: Auditable, found: Audit) -> list[tuple[str, str]]:
    """Return what stands among the figures: how far people agree, and beyond chance."""
    from auto_labeling.reporting.wording import count, estimate

    votes, drawn = found.agreement.votes, found.agreement.drawn
    if not votes.items:
        return [("agreement", f"unknown: no {read.noun} has answers of several people")]
    # Nobody here knows whether they were drawn by lot, and only then do they speak for the rest.
    where = f"{count(votes.items, read.noun)}, however these were chosen"
    share = "unknown" if math.isnan(votes.percent.value) else estimate("share", votes.percent)
    said = f"{share} of pairs on {where}" if drawn is None else f"F1 {share} on {where}"
    rows = [("agreement", said)]
    if math.isnan(votes.alpha.value):
        return [*rows, ("beyond chance", "unknown: all answers are the same")]
    rows.append(("beyond chance", f"Krippendorff's alpha {_number(votes.alpha)}"))
    if drawn is not None:
        both = f"mean IoU {_number(drawn.iou)}, Dice {_number(drawn.dice)}"
        return [*rows, ("outlines", f"{both}, of shapes that both drew")]
    kappas = found.agreement.kappas
    if kappas is not None:
        several = len(found.agreement.people) > 2
        kappa = ("Fleiss'", kappas.fleiss) if several else ("Cohen's", kappas.cohen)
        rows.append(("", f"{kappa[0]} kappa {_number(kappa[1])}, Gwet's AC1 {_number(kappas.ac1)}"))
    return rows


def show(read: Auditable, found: Audit, top: int) -> None:
    """Print the classes, the pairs of people, and the confused classes that say most."""
    _show_classes(found, top)
    _show_pairs(read, found, top)
    _show_confused(read, found, top)


def _show_classes(found: Audit, top: int) -> None:
    from auto_labeling.cli import screen

    by_class = [(name, one) for name, one in found.agreement.votes.by_class.items() if one.n]
    least = 2 if found.agreement.drawn is not None else 3  # of two labels each tells of the other
    if len(by_class) < least:
        return
    rows = [(name, _number(one)) for name, one in sorted(by_class, key=_low(lambda one: one[1]))]
    screen.line()
    screen.table((f"class{_first(rows, top)}", "alpha"), rows[:top], right=1)


def _show_pairs(read: Auditable, found: Audit, top: int) -> None:
    from auto_labeling.cli import screen
    from auto_labeling.reporting.wording import count, in_table, share

    pairs = found.agreement.pairs
    if len(pairs) < 2:  # one pair is all that there is, and stands above
        return
    rows = [
        (
            f"{read.login(one)}, {read.login(other)}",
            count(with_both.agreeing.n),
            in_table(share(with_both.agreeing.value)),
            _number(with_both.beyond_chance),
        )
        for one, other, with_both in sorted(pairs, key=_low(lambda one: one[2].beyond_chance))
    ]
    kappa = "kappa" if found.agreement.drawn is None else "alpha"
    screen.line()
    heads = (f"together{_first(rows, top)}", f"{read.noun}s", "agree", kappa)
    screen.table(heads, rows[:top], right=1)


def _show_confused(read: Auditable, found: Audit, top: int) -> None:
    from auto_labeling.cli import screen
    from auto_labeling.reporting.wording import count

    confused = found.agreement.votes.confused[:top]
    if not confused:
        return
    rows = [
        (_names(found, pair), count(len(pair.items)), ", ".join(map(read.where, pair.items[:3])))
        for pair in confused
    ]
    screen.line()
    screen.table(("taken for each other", f"{read.noun}s", "such as"), rows)


def as_json(read: Auditable, found: Audit) -> dict[str, Any]:
    """Return everything about agreement."""
    votes, drawn = found.agreement.votes, found.agreement.drawn
    kappas = found.agreement.kappas
    return {
        "tasks": votes.items,
        "share": votes.percent.value,
        "share_interval": asdict(votes.percent),
        "alpha": asdict(votes.alpha),
        "kappas": None if kappas is None else asdict(kappas),
        "drawn": None if drawn is None else asdict(drawn),
        "classes": {name: asdict(one) for name, one in votes.by_class.items()},
        "pairs": [
            {"people": [read.login(one), read.login(other)], **asdict(with_both)}
            for one, other, with_both in found.agreement.pairs
        ],
        "confused": [asdict(pair) for pair in votes.confused],
    }


def _names(found: Audit, pair: ConfusedPair) -> str:
    if pair.other is not None:
        return f"{pair.one}, {pair.other}"
    return f"{pair.one}, {'not drawn' if found.agreement.drawn is not None else 'not said'}"


def _number(interval: Interval) -> str:
    """Return a coefficient with its limits.

    >>> from auto_labeling.records import Interval
    >>> _number(Interval(value=0.5, low=0.25, high=0.75, n=9)), _number(Interval.unknown())
    ('0.50 (0.25 to 0.75)', 'unknown')
    """
    if math.isnan(interval.value):
        return "unknown"
    if math.isnan(interval.low):
        return f"{interval.value:.2f}"
    return f"{interval.value:.2f} ({interval.low:.2f} to {interval.high:.2f})"


def _low(of: Callable[[Any], Interval]) -> Callable[[Any], float]:
    """Return the key by which the lowest come first, and what says nothing last."""

    def key(one: Any) -> float:
        value = of(one).value
        return math.inf if math.isnan(value) else value

    return key


def _first(rows: list[Any], top: int) -> str:
    return f" (lowest {top} of {len(rows)})" if len(rows) > top else ""
