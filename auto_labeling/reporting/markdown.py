"""The short forms of a statement for the orchestrator's page: a text and two tables."""

from __future__ import annotations

import math
import re
from typing import Any

from auto_labeling.campaign.statement import Statement
from auto_labeling.money import format_micros
from auto_labeling.reporting import pseudo_labels, quality
from auto_labeling.reporting.bars import bars_of
from auto_labeling.reporting.headline import tiles_of
from auto_labeling.reporting.series import points_of
from auto_labeling.reporting.suggestions import sentence
from auto_labeling.reporting.terms import terms_of
from auto_labeling.reporting.verdict import verdict_of
from auto_labeling.reporting.wording import NOTHING, code_spans, count

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~&])")


def campaign_markdown(statement: Statement) -> str:
    """Return where a campaign stands: a heading, a sentence, its figures, what to do next."""
    verdict = verdict_of(statement)
    figures = [
        f"| {_plain(tile.label)} | {_plain(tile.figure)} | {_plain('; '.join(tile.notes))} |"
        for tile in tiles_of(statement, terms_of(statement))
    ]
    line = statement.suggestions
    if line is not None:
        shown = count(line.shown)
        figures.append(f"| Suggestions | {shown} | {_marked(sentence(line))} |")
    taught = statement.pseudo_labels
    if taught is not None:
        taken = count(taught.rounds[-1].taken) if taught.in_use else count(0)
        said = _marked(pseudo_labels.sentence(taught))
        figures.append(f"| Pseudo-labels | {taken} | {said} |")
    if statement.quality is not None:
        proposed = count(len(statement.quality.annotators.proposals), "proposal")
        figures.append(f"| Quality | {proposed} | {_marked(quality.sentence(statement.quality))} |")
    if statement.objects:
        each = ", ".join(f"{name} {count(many)}" for name, many in statement.objects.items())
        figures.append(f"| Objects | {count(sum(statement.objects.values()))} | {_plain(each)} |")
    return "\n".join(
        [
            f"# {_plain(statement.name)}: {verdict.label}",
            "",
            _marked(verdict.sentence),
            "",
            "| | | |",
            "| --- | ---: | --- |",
            *figures,
            f"| Rounds | {count(len(statement.rounds))} | |",
            f"| Left out | {count(len(statement.quarantine))} | |",
            f"| Data set | {statement.dataset or NOTHING} | |",
            "",
            "## Next",
            "",
            *(f"- {_marked(step)}" for step in verdict.steps),
            "",
        ]
    )


def rounds_table(statement: Statement) -> list[dict[str, Any]]:
    """Return a row for each round, of plain values; a figure that is unknown is None."""
    terms = terms_of(statement)
    judged = {
        metric: {point.round: point for point in points_of(statement, metric)}
        for metric in terms.metrics
    }
    rows: list[dict[str, Any]] = []
    for line in statement.rounds:
        row: dict[str, Any] = {
            "round": line.number,
            "state": line.state,
            "asked": line.asked,
            "answered": line.answered,
            "skipped": line.skipped,
            "paid": format_micros(line.paid_micros, statement.budget.currency),
            "items labeled": line.items_labeled,
        }
        for metric in terms.metrics:
            point = judged[metric].get(line.number)
            row[metric] = None if point is None else _finite(point.interval.value)
            row[f"{metric} low"] = None if point is None else _finite(point.interval.low)
            row[f"{metric} high"] = None if point is None else _finite(point.interval.high)
        rows.append(row | {"data set": line.manifest, "model": line.model})
    return rows


def budget_table(statement: Statement) -> list[dict[str, Any]]:
    """Return a row for each cap: what of it is committed, reserved and free, as people write it."""
    return [
        {
            "budget": bar.key,
            "cap": bar.cap,
            "committed": NOTHING,
            "reserved": NOTHING,
            "free": NOTHING,
        }
        | {part.role: part.figure for part in bar.parts}
        for bar in bars_of(statement)
    ]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _plain(text: str) -> str:
    """Return text that no reader of markdown takes for markup or for HTML."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _marked(text: str) -> str:
    return "".join(
        f"`{' '.join(part.split())}`" if code else _escaped(part) for code, part in code_spans(text)
    )


def _escaped(part: str) -> str:
    # Unlike `_plain`, the blanks at both ends stay: they part the words from the code beside them.
    return _SPECIAL.sub(r"\\\1", re.sub(r"\s+", " ", part))
