"""What people answered by what the label became, as a table whose cells are shaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auto_labeling.campaign.quality_account import ConfusionTable
from auto_labeling.reporting.wording import NOTHING, count


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """How often a label was answered so."""

    figure: str
    percent: float
    """Of the answers to items of the row's label."""
    right: bool
    """The answer is the label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """A row a label, a column an answer."""

    classes: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Cell]]]


def heat_of(found: ConfusionTable | None) -> Heat | None:
    """Return the shaded table; None where there is none to show."""
    if found is None:
        return None
    rows = []
    for at, (label, counts) in enumerate(zip(found.classes, found.counts, strict=True)):
        total = sum(counts) or 1
        cells = [
            Cell(
                figure=count(many) if many else NOTHING,
                percent=round(100 * many / total, 1),
                right=to == at,
            )
            for to, many in enumerate(counts)
        ]
        rows.append((label, cells))
    return Heat(classes=found.classes, rows=rows)
