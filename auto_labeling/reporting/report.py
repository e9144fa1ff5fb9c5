"""The report that a person opens at the end of a campaign: one HTML file, needing nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from auto_labeling.campaign.statement import Statement
from auto_labeling.files import write_atomically
from auto_labeling.records import ItemId
from auto_labeling.reporting import pseudo_labels, quality
from auto_labeling.reporting.bars import bars_of, counts_of
from auto_labeling.reporting.charts import note_of, sections_of
from auto_labeling.reporting.headline import tiles_of
from auto_labeling.reporting.leftouts import left_out
from auto_labeling.reporting.looks import Look
from auto_labeling.reporting.suggestions import section_of
from auto_labeling.reporting.tables import (
    ledger_tables,
    lineage_tables,
    people_table,
    rounds_table,
)
from auto_labeling.reporting.terms import terms_of
from auto_labeling.reporting.verdict import verdict_of
from auto_labeling.reporting.wording import code_spans, count, moment


def render(statement: Statement, looks: Mapping[ItemId, Look] | None = None) -> str:
    """Return the report as HTML that refers to nothing outside; equal statements, equal text.

    `looks` are those of items that the report may show.
    """
    terms = terms_of(statement)
    return (
        _templates()
        .get_template("report.html")
        .render(
            statement=statement,
            terms=terms,
            verdict=verdict_of(statement),
            tiles=tiles_of(statement, terms),
            sections=sections_of(statement, terms),
            note=note_of(statement, terms),
            bars=bars_of(statement),
            rounds=rounds_table(statement, terms),
            suggestions=section_of(statement.suggestions),
            pseudo_labels=pseudo_labels.section_of(statement.pseudo_labels),
            quality=quality.section_of(statement.quality, looks, statement.budget.currency),
            objects=counts_of(statement.objects),
            people=people_table(statement),
            ledgers=ledger_tables(statement),
            left=left_out(statement, terms),
            lineage=lineage_tables(statement),
            version=statement.amendments[-1][0] if statement.amendments else 1,
        )
    )


def write(statement: Statement, path: Path, looks: Mapping[ItemId, Look] | None = None) -> Path:
    """Write the report whole, or leave what was there. Raises `BlockedError` for a full disk."""
    # File names that are not UTF-8 come with lone surrogates, which no page can hold.
    write_atomically(path, render(statement, looks).encode("utf-8", "replace"))
    return path


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("auto_labeling.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"count": count, "moment": moment, "marked": _marked}
    return environment


def _marked(text: str) -> Markup:
    """Return a sentence with what stands between backticks as code."""
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if code else escape(part)
        for code, part in code_spans(text)
    )
