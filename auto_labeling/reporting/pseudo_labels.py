"""What became of labels that nobody gave: in a sentence, a line for a screen, and a table."""

from __future__ import annotations

import math
from dataclasses import dataclass

from auto_labeling.campaign.pseudo_account import PseudoAccount
from auto_labeling.campaign.pseudo_labels import PseudoRound
from auto_labeling.reporting.tables import Table
from auto_labeling.reporting.wording import NOTHING, count, estimate, in_table, share


@dataclass(frozen=True, slots=True, kw_only=True)
class PseudoSection:
    """What the report shows about pseudo-labels."""

    sentence: str
    table: Table | None


def section_of(account: PseudoAccount | None) -> PseudoSection | None:
    """Return what the report shows; None where none were ever wanted."""
    if account is None:
        return None
    rows = [_row(one) for one in account.rounds]
    table = Table(
        key="table-pseudo-labels",
        caption="What each round learned from the unlabeled",
        columns=[
            "Round", "Pseudo-labels", "Proposed", "Claimed", "Weight", "Cross-validated with",
            "without", "why",
        ],
        rows=rows,
        words=frozenset({"Pseudo-labels", "why"}),
    )  # fmt: skip
    return PseudoSection(sentence=sentence(account), table=table if rows else None)


def sentence(account: PseudoAccount) -> str:
    """Return what the figures come to."""
    return " ".join((_standing(account), _audit(account)))


def summary(account: PseudoAccount) -> str:
    """Return one line for a screen."""
    if account.off_since is not None:
        state = f"off since round {account.off_since}"
    elif account.in_use:
        state = f"on, {count(account.rounds[-1].taken)} taken"
    else:
        state = "not in use"
    parts = [state]
    if account.audited:
        found = estimate("accuracy", account.precision)
        parts.append(f"precision {found} on {count(account.audited, 'audited item')}")
    else:
        parts.append("none audited")
    if account.reason:
        parts.append(account.reason)
    return "; ".join(parts)


def _standing(account: PseudoAccount) -> str:
    if account.off_since is not None:
        return (
            f"Pseudo-labels are off for good since round {account.off_since}: {account.reason}. "
            "Models learn from people's labels alone; a changed `semi_supervised` and `auto-label "
            "amend` begin anew."
        )
    if not account.in_use:
        why = f": {account.reason}" if account.reason else ""
        return f"The newest model learned from people's labels alone{why}."
    newest = account.rounds[-1]
    weight = "" if newest.weight is None else f", each weighing {newest.weight:.2f} of one"
    less = f" They weigh less than was set: {account.reason}." if account.reason else ""
    return (
        f"The newest model learned from {count(newest.taken, 'pseudo-label')} beside people's "
        f"labels{weight}.{less}"
    )


def _audit(account: PseudoAccount) -> str:
    if not account.audited:
        return "None has been audited by people yet."
    asked = "" if math.isnan(account.asked) else f", of which {share(account.asked)} is asked for"
    return (
        f"People labeled {count(account.audited)} of them, drawn by lot, without seeing them, and "
        f"agree with {estimate('accuracy', account.precision)}. {share(account.claimed)} was "
        f"claimed{asked}."
    )


def _row(line: PseudoRound) -> list[str]:
    state = "off" if line.stopped else "in use" if line.used else "not used"
    return [
        count(line.round),
        state,
        count(line.proposed),
        _share(line.confidence),
        NOTHING if line.weight is None else f"{line.weight:.2f}",
        _share(line.with_them),
        _share(line.without_them),
        line.reason or NOTHING,
    ]


def _share(value: float | None) -> str:
    return NOTHING if value is None else in_table(share(value))
