"""What could not be used: counted by reason, with the first rows; sealed, only how many."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from auto_labeling.campaign.statement import Statement
from auto_labeling.reporting.tables import Table
from auto_labeling.reporting.terms import Terms
from auto_labeling.reporting.wording import NOTHING, count

_REASONS_SHOWN = 20
_ROWS_SHOWN = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """The quarantine, as far as it may be seen."""

    total: int
    note: str
    reasons: Table | None
    rows: Table | None


def left_out(statement: Statement, terms: Terms) -> LeftOut:
    """Return what was quarantined. A place or a reason may quote a payload, so both are sealed."""
    total = len(statement.quarantine)
    if not total:
        return LeftOut(total=0, note="Nothing had to be left out.", reasons=None, rows=None)
    what = f"{count(total, 'row')} could not be used"
    if terms.sealed:
        note = f"{what}. Payloads are sealed: which and why stands in the ledger only."
        return LeftOut(total=total, note=note, reasons=None, rows=None)
    groups = Counter(reason for _, _, reason in statement.quarantine)
    ranked = sorted(groups.items(), key=lambda group: (-group[1], group[0]))
    return LeftOut(
        total=total,
        note=f"{what}, for {count(len(groups), 'reason')}.",
        reasons=Table(
            key="table-reasons",
            caption=_caption("Reasons", len(ranked), _REASONS_SHOWN),
            columns=["Reason", "Rows"],
            rows=[[reason, count(number)] for reason, number in ranked[:_REASONS_SHOWN]],
        ),
        rows=Table(
            key="table-quarantine",
            caption=_caption("Rows put aside", total, _ROWS_SHOWN),
            columns=["Where", "Item", "Reason"],
            rows=[
                [where, NOTHING if item is None else item, reason]
                for where, item, reason in statement.quarantine[:_ROWS_SHOWN]
            ],
            words=frozenset({"Reason"}),
            codes=frozenset({"Item"}),
        ),
    )


def _caption(what: str, total: int, shown: int) -> str:
    return what if total <= shown else f"{what}: the first {shown} of {count(total)}"
