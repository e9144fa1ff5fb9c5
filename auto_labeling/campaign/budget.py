"""The budget: one row a campaign, changed only by conditional UPDATEs inside a fenced write.

The caps govern what is asked for: an ask is reserved before it is sent, committed when it is
answered, released when its withdrawal is confirmed. Select-then-insert would let two writers spend
160 of 100.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import BindParameter, Connection, bindparam, func, insert, select, update

from auto_labeling.campaign.schema import CAMPAIGN, budgets, of, spend
from auto_labeling.errors import BudgetExceeded
from auto_labeling.records import CampaignId, Micros


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where the budget stands; `cap_micros` leaves the contingency out."""

    currency: str
    cap_answers: int
    reserved_answers: int
    committed_answers: int
    cap_micros: Micros
    reserved_micros: Micros
    committed_micros: Micros
    contingency_micros: Micros
    contingency_used_micros: Micros
    owed_micros: Micros
    """What no fund covers: due to people, beyond the cap."""

    @property
    def free_answers(self) -> int:
        """How many more answers may be asked for."""
        return self.cap_answers - self.committed_answers - self.reserved_answers

    @property
    def free_micros(self) -> Micros:
        """How much more money may be promised."""
        return self.cap_micros - self.committed_micros - self.reserved_micros - self.owed_micros

    @property
    def cost_micros(self) -> Micros:
        """What the answers cost in all."""
        return self.committed_micros + self.contingency_used_micros + self.owed_micros


class Kept(NamedTuple):
    """What of the caps is kept for other asks than these."""

    answers: int = 0
    micros: Micros = 0


NOTHING = Kept()


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One ask whose reservation ends: `paid_micros` is known now."""

    ask: str
    reserved_micros: Micros
    paid_micros: Micros
    answers: int = 1


def open_account(
    connection: Connection,
    campaign: CampaignId,
    *,
    currency: str,
    cap_answers: int,
    cap_micros: Micros,
    contingency_micros: Micros = 0,
) -> None:
    """Write the campaign's budget row, with nothing spent."""
    connection.execute(
        insert(budgets).values(
            campaign=campaign,
            currency=currency,
            cap_answers=cap_answers,
            reserved_answers=0,
            committed_answers=0,
            cap_micros=cap_micros,
            reserved_micros=0,
            committed_micros=0,
            contingency_micros=contingency_micros,
            contingency_used_micros=0,
        )
    )


_ACCOUNT = select(budgets).where(budgets.c.campaign == CAMPAIGN)
_OWED = select(func.coalesce(func.sum(spend.c.micros), 0)).where(
    spend.c.campaign == CAMPAIGN, spend.c.kind == "owed"
)


def account(connection: Connection, campaign: CampaignId) -> Account:
    """Return where the budget stands."""
    row = connection.execute(_ACCOUNT, of(campaign)).mappings().one()
    kept = {key: value for key, value in row.items() if key != "campaign"}
    return Account(**kept, owed_micros=_owed(connection, campaign))


def _owed(connection: Connection, campaign: CampaignId) -> Micros:
    return int(connection.execute(_OWED, of(campaign)).scalar_one())


def fitting(
    connection: Connection,
    campaign: CampaignId,
    costs: Sequence[Sequence[Micros]],
    kept: Kept = NOTHING,
) -> int:
    """Return how many of the first items fit the budget whole; `costs` holds each one's asks."""
    now = account(connection, campaign)
    answers, micros = now.free_answers - kept.answers, now.free_micros - kept.micros
    for count, cost in enumerate(costs):
        answers, micros = answers - len(cost), micros - sum(cost)
        if answers < 0 or micros < 0:
            return count
    return len(costs)


_ANSWERS: BindParameter[int] = bindparam("answers")
_MICROS: BindParameter[int] = bindparam("micros")
_KEPT_ANSWERS: BindParameter[int] = bindparam("kept_answers")
_KEPT_MICROS: BindParameter[int] = bindparam("kept_micros")
_PAID_ANSWERS: BindParameter[int] = bindparam("paid_answers")
_PAID_MICROS: BindParameter[int] = bindparam("paid_micros")
_RESERVE = (
    update(budgets)
    .where(
        budgets.c.campaign == CAMPAIGN,
        budgets.c.committed_answers + budgets.c.reserved_answers + _ANSWERS + _KEPT_ANSWERS
        <= budgets.c.cap_answers,
        budgets.c.committed_micros + budgets.c.reserved_micros + _MICROS + _KEPT_MICROS
        <= budgets.c.cap_micros,
    )
    .values(
        reserved_answers=budgets.c.reserved_answers + _ANSWERS,
        reserved_micros=budgets.c.reserved_micros + _MICROS,
    )
)
_RELEASE = (
    update(budgets)
    .where(budgets.c.campaign == CAMPAIGN)
    .values(
        reserved_answers=budgets.c.reserved_answers - _ANSWERS,
        reserved_micros=budgets.c.reserved_micros - _MICROS,
    )
)
_COMMIT = _RELEASE.values(
    committed_answers=budgets.c.committed_answers + _PAID_ANSWERS,
    committed_micros=budgets.c.committed_micros + _PAID_MICROS,
)
_ADD_ENTRIES = insert(spend)


def reserve(
    connection: Connection,
    campaign: CampaignId,
    asks: Sequence[tuple[str, Micros]],
    at: Micros,
    kept: Kept = NOTHING,
) -> None:
    """Reserve every (ask, price), or raise `BudgetExceeded` and reserve none."""
    if not asks:
        return
    answers, micros = len(asks), sum(price for _, price in asks)
    owed = _owed(connection, campaign)
    spared = {"kept_answers": kept.answers, "kept_micros": kept.micros + owed}
    done = connection.execute(_RESERVE, of(campaign, answers=answers, micros=micros, **spared))
    if done.rowcount != 1:
        raise BudgetExceeded(
            f"campaign {campaign}: {answers} answers for {micros} micros do not fit the budget"
        )
    _note(connection, campaign, at, [("reserve", ask, 1, price) for ask, price in asks])


def commit(
    connection: Connection, campaign: CampaignId, charges: Sequence[Charge], at: Micros
) -> Micros:
    """Turn reservations into spending and return the micros that no fund could cover.

    What was reserved and not needed is free again; what is owed beyond the reservation comes out
    of the contingency, and never out of another ask.
    """
    within = [min(charge.paid_micros, charge.reserved_micros) for charge in charges]
    reserved = sum(charge.reserved_micros for charge in charges)
    answers = sum(charge.answers for charge in charges)
    connection.execute(
        _COMMIT,
        of(
            campaign,
            answers=len(charges),
            micros=reserved,
            paid_answers=answers,
            paid_micros=sum(within),
        ),
    )
    _note(
        connection,
        campaign,
        at,
        [
            ("commit", charge.ask, charge.answers, paid)
            for charge, paid in zip(charges, within, strict=True)
        ],
    )
    return sum(_from_contingency(connection, campaign, charge, at) for charge in charges)


def release(
    connection: Connection, campaign: CampaignId, asks: Sequence[tuple[str, Micros]], at: Micros
) -> None:
    """Give back the reservation of every (ask, price); call it once the withdrawal is sure."""
    micros = sum(price for _, price in asks)
    connection.execute(_RELEASE, of(campaign, answers=len(asks), micros=micros))
    _note(connection, campaign, at, [("release", ask, 1, price) for ask, price in asks])


def amend(
    connection: Connection,
    campaign: CampaignId,
    *,
    cap_answers: int,
    cap_micros: Micros,
    contingency_micros: Micros,
    at: Micros,
) -> None:
    """Set new caps; raise `BudgetExceeded` where committed + reserved is above them already."""
    done = connection.execute(
        update(budgets)
        .where(
            budgets.c.campaign == campaign,
            budgets.c.committed_answers + budgets.c.reserved_answers <= cap_answers,
            budgets.c.committed_micros + budgets.c.reserved_micros <= cap_micros,
            budgets.c.contingency_used_micros <= contingency_micros,
        )
        .values(
            cap_answers=cap_answers,
            cap_micros=cap_micros,
            contingency_micros=contingency_micros,
        )
    )
    if done.rowcount != 1:
        now = account(connection, campaign)
        raise BudgetExceeded(
            f"campaign {campaign}: {now.committed_answers} answers are given and "
            f"{now.reserved_answers} asked for, above the new cap of {cap_answers} answers or its "
            "money; choose a higher cap"
        )
    _note(connection, campaign, at, [("amend", None, cap_answers, cap_micros)])


def _from_contingency(
    connection: Connection, campaign: CampaignId, charge: Charge, at: Micros
) -> Micros:
    excess = charge.paid_micros - charge.reserved_micros
    if excess <= 0:
        return 0
    now = account(connection, campaign)
    covered = min(excess, now.contingency_micros - now.contingency_used_micros)
    connection.execute(
        update(budgets)
        .where(budgets.c.campaign == campaign)
        .values(contingency_used_micros=budgets.c.contingency_used_micros + covered)
    )
    entries: list[tuple[str, str | None, int, Micros]] = [("contingency", charge.ask, 0, covered)]
    if owed := excess - covered:
        entries.append(("owed", charge.ask, 0, owed))
    _note(connection, campaign, at, entries)
    return owed


def _note(
    connection: Connection,
    campaign: CampaignId,
    at: Micros,
    entries: Sequence[tuple[str, str | None, int, Micros]],
) -> None:
    if entries:
        connection.execute(
            _ADD_ENTRIES,
            [
                {
                    "campaign": campaign,
                    "kind": kind,
                    "ask": ask,
                    "answers": answers,
                    "micros": micros,
                    "at": at,
                }
                for kind, ask, answers, micros in entries
            ],
        )
