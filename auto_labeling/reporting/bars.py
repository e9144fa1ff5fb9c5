"""The budget as bars: what of each cap is committed, reserved and free."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from auto_labeling.campaign.statement import Statement
from auto_labeling.money import format_micros
from auto_labeling.reporting.wording import count


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A stretch of a bar."""

    role: str
    """committed, reserved or free."""
    word: str
    """How the role is called here."""
    figure: str
    percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A cap, and what became of it."""

    key: str
    label: str
    cap: str
    parts: Sequence[Part]


def bars_of(statement: Statement) -> list[Bar]:
    """Return a bar for each cap above zero: answers, money, and the contingency beside it."""
    account = statement.budget
    money = partial(format_micros, currency=account.currency)
    words = ("committed", "reserved", "free")
    bars = [
        _bar(
            "Answers",
            count,
            words,
            (account.committed_answers, account.reserved_answers, account.free_answers),
        ),
        _bar(
            "Money",
            money,
            words,
            (account.committed_micros, account.reserved_micros, account.free_micros),
        ),
        _bar(
            "Contingency",
            money,
            ("used", "", "left"),
            (
                account.contingency_used_micros,
                0,
                account.contingency_micros - account.contingency_used_micros,
            ),
        ),
    ]
    return [bar for bar in bars if bar.parts]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How often something was found, beside what was found most."""

    label: str
    figure: str
    percent: float


def counts_of(found: Mapping[str, int]) -> list[Count]:
    """Return a bar for each class, the longest as long as may be."""
    most = max(found.values(), default=0) or 1
    return [
        Count(label=name, figure=count(many), percent=round(100 * many / most, 3))
        for name, many in found.items()
    ]


def _bar(
    label: str, say: Callable[[int], str], words: Sequence[str], amounts: Sequence[int]
) -> Bar:
    cap = sum(amounts)
    roles = zip(("committed", "reserved", "free"), words, amounts, strict=True)
    return Bar(
        key=label.lower(),
        label=label,
        cap=say(cap),
        parts=[
            Part(role=role, word=word, figure=say(amount), percent=round(100 * amount / cap, 3))
            for role, word, amount in roles
            if word and cap
        ],
    )
