"""The tables of the report, cell by cell as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from auto_labeling.campaign.metric_names import in_words
from auto_labeling.campaign.statement import RoundLine, Statement
from auto_labeling.money import format_micros
from auto_labeling.reporting.series import CAMPAIGN, arms_of, points_of, rows_of
from auto_labeling.reporting.terms import Terms
from auto_labeling.reporting.wording import (
    NOTHING,
    count,
    duration,
    figure,
    in_table,
    limits,
    moment,
    share,
    short,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Cells of text under their column names; the first cell of a row names the row."""

    key: str
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: frozenset[str] = frozenset()
    """The columns that hold words; the others hold figures and stand to the right."""
    codes: frozenset[str] = frozenset()
    """The columns that hold digests or ids."""


def metric_table(statement: Statement, metric: str, key: str) -> Table:
    """Return every figure of a metric: of the campaign, and of the arms beside it."""
    currency = statement.budget.currency
    others = [arm for arm in arms_of(statement, metric) if arm != CAMPAIGN]
    rows = []
    for row in rows_of(statement, metric):
        point = row.point
        own = [
            count(point.round),
            count(point.items),
            count(point.answers),
            format_micros(point.cost_micros, currency),
            in_table(figure(metric, point.interval.value)),
            in_table(limits(metric, point.interval)),
            in_table(figure(metric, point.bound)),
            count(point.interval.n),
        ]
        found = [row.others.get(arm) for arm in others]
        rows.append(
            own
            + [
                cell
                for one in found
                for cell in (
                    [NOTHING, NOTHING]
                    if one is None
                    else [in_table(figure(metric, one.value)), in_table(limits(metric, one))]
                )
            ]
        )
    beside = [name for arm in others for name in (arm, f"{arm} interval")]
    return Table(
        key=key,
        caption=f"Every figure of {in_words(metric)}",
        columns=[
            "Round", "Items", "Answers", "Cost", in_words(metric), "interval", "lower bound",
            "judged on", *beside,
        ],
        rows=rows,
    )  # fmt: skip


def rounds_table(statement: Statement, terms: Terms) -> Table:
    """Return what each round bought, and how good the model was after it."""
    metric = terms.primary
    judged = {point.round: point.interval for point in points_of(statement, metric)}
    rows = []
    for line in statement.rounds:
        found = judged.get(line.number)
        rows.append(
            [
                *_bought(line, statement.budget.currency),
                NOTHING if found is None else in_table(figure(metric, found.value)),
                NOTHING if found is None else in_table(limits(metric, found)),
                short(line.manifest),
                short(line.model),
            ]
        )
    return Table(
        key="table-rounds",
        caption="What each round bought",
        columns=[
            "Round", "State", "Asked", "Answered", "Skipped", "Paid", "Items labeled",
            in_words(metric), "interval", "Data set", "Model",
        ],
        rows=rows,
        words=frozenset({"State"}),
        codes=frozenset({"Data set", "Model"}),
    )  # fmt: skip


def _bought(line: RoundLine, currency: str) -> list[str]:
    return [
        count(line.number),
        line.state,
        count(line.asked),
        count(line.answered),
        count(line.skipped),
        format_micros(line.paid_micros, currency),
        count(line.items_labeled),
    ]


def people_table(statement: Statement) -> Table:
    """Return what each person did, under a pseudonym."""
    return Table(
        key="table-people",
        caption="What each person did",
        columns=["Person", "Answers", "Skips", "Edits", "Unsolicited", "Agreement", "Time"],
        rows=[
            [
                line.person,
                count(line.answers),
                count(line.skips),
                count(line.edits),
                count(line.unsolicited),
                in_table(share(line.agreement)),
                in_table(duration(line.seconds)),
            ]
            for line in statement.people
        ],
    )


_OF_ANSWERS = {
    "given": "an answer that counts now",
    "skipped": "a person passed the item on",
    "edited": "the author changed it later",
    "deleted": "taken back in the tool; not refunded",
    "unsolicited": "nobody had asked; kept, never paid",
    "conflicts": "overwritten by somebody else; the author's is kept",
    "imported": "came with the data; cost nothing",
}
_OF_ASKS = {
    "reserved": "money is set aside, not sent yet",
    "sent": "with people now",
    "answered": "answered, and paid",
    "skipped": "skipped by the person asked",
    "released": "withdrawn; the money is free again",
    "expired": "no longer waited for; a late answer is still paid",
}
_OF_ITEMS = {
    "pool": "known to the campaign",
    "train": "may be asked about to learn from",
    "control": "only judge the model",
    "heldout": "came with labels, only to judge",
    "labeled": "have a label",
    "undecided": "have answers, and no label",
    "unlabelable": "people skipped until nobody was left to ask",
}


def ledger_tables(statement: Statement) -> list[Table]:
    """Return what became of the answers, of the asks and of the items."""
    return [
        _counts("answers", "Answers", statement.answers, _OF_ANSWERS),
        _counts("asks", "Asks", statement.asks, _OF_ASKS),
        _counts("items", "Items", statement.items, _OF_ITEMS),
    ]


def _counts(key: str, what: str, counts: Mapping[str, int], words: Mapping[str, str]) -> Table:
    known = [name for name in words if name in counts]
    other = sorted(name for name in counts if name not in words)
    return Table(
        key=f"table-{key}",
        caption=what,
        columns=[what, "Count", "which means"],
        rows=[[name, count(counts[name]), words.get(name, "")] for name in (*known, *other)],
        words=frozenset({"which means"}),
    )


def lineage_tables(statement: Statement) -> list[Table]:
    """Return the tables of where the data set comes from; those without rows are left out."""
    models = [(count(line.number), line.model) for line in statement.rounds if line.model]
    tables = [
        _digests(
            "manifests",
            "Data sets",
            ["Number", "After round", "Items", "Digest"],
            (
                (count(n), count(after), count(items), digest)
                for n, after, digest, items in statement.manifests
            ),
        ),
        _digests(
            "snapshots",
            "Pool",
            ["Snapshot", "Items", "Digest"],
            ((count(n), count(items), digest) for n, digest, items in statement.snapshots),
        ),
        _digests("models", "Models", ["Round", "Model (sha256)"], models),
        Table(
            key="table-amendments",
            caption="Amendments of the configuration",
            columns=["Version", "Who", "Why", "When"],
            rows=[
                [count(version), who or NOTHING, why or NOTHING, moment(at)]
                for version, who, why, at in statement.amendments
            ],
            words=frozenset({"Who", "Why", "When"}),
        ),
    ]
    return [table for table in tables if table.rows]


def _digests(
    key: str, caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]]
) -> Table:
    return Table(
        key=f"table-{key}",
        caption=caption,
        columns=columns,
        rows=list(rows),
        codes=frozenset({columns[-1]}),
    )
