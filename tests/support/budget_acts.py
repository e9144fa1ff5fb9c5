"""What can happen to a budget, as values: what each does to a ledger, and what it should do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

from sqlalchemy import Connection

from auto_labeling.campaign import budget
from auto_labeling.campaign.budget import Account, Charge
from auto_labeling.campaign.ledger import Ledger
from auto_labeling.errors import BudgetExceeded

CAMPAIGN = "c"


@dataclass(frozen=True, slots=True)
class Reserve:
    """Ask for answers."""

    asks: tuple[tuple[str, int], ...]

    def apply(self, connection: Connection) -> None:
        budget.reserve(connection, CAMPAIGN, self.asks, 0)

    def expected(self, now: Account) -> Account | None:
        """Return the account after it, None where it has to be refused."""
        money = sum(price for _, price in self.asks)
        if self.asks and (len(self.asks) > now.free_answers or money > now.free_micros):
            return None
        return replace(
            now,
            reserved_answers=now.reserved_answers + len(self.asks),
            reserved_micros=now.reserved_micros + money,
        )


@dataclass(frozen=True, slots=True)
class Commit:
    """Take answers in, in time or late."""

    charges: tuple[Charge, ...]

    def apply(self, connection: Connection) -> None:
        budget.commit(connection, CAMPAIGN, self.charges, 0)

    def expected(self, now: Account) -> Account:
        """Return the account after it."""
        within = sum(min(one.paid_micros, one.reserved_micros) for one in self.charges)
        excess = sum(max(0, one.paid_micros - one.reserved_micros) for one in self.charges)
        used = min(now.contingency_micros, now.contingency_used_micros + excess)
        return replace(
            now,
            reserved_answers=now.reserved_answers - len(self.charges),
            committed_answers=now.committed_answers + len(self.charges),
            reserved_micros=now.reserved_micros - sum(one.reserved_micros for one in self.charges),
            committed_micros=now.committed_micros + within,
            contingency_used_micros=used,
            owed_micros=now.owed_micros + excess - (used - now.contingency_used_micros),
        )


@dataclass(frozen=True, slots=True)
class Release:
    """Give asks up, their withdrawal confirmed."""

    asks: tuple[tuple[str, int], ...]

    def apply(self, connection: Connection) -> None:
        budget.release(connection, CAMPAIGN, self.asks, 0)

    def expected(self, now: Account) -> Account:
        """Return the account after it."""
        return replace(
            now,
            reserved_answers=now.reserved_answers - len(self.asks),
            reserved_micros=now.reserved_micros - sum(price for _, price in self.asks),
        )


@dataclass(frozen=True, slots=True)
class Amend:
    """Set the caps."""

    answers: int
    micros: int
    contingency: int

    def apply(self, connection: Connection) -> None:
        budget.amend(
            connection,
            CAMPAIGN,
            cap_answers=self.answers,
            cap_micros=self.micros,
            contingency_micros=self.contingency,
            at=0,
        )

    def expected(self, now: Account) -> Account | None:
        """Return the account after it, None where it has to be refused."""
        if (
            now.committed_answers + now.reserved_answers > self.answers
            or now.committed_micros + now.reserved_micros > self.micros
            or now.contingency_used_micros > self.contingency
        ):
            return None
        return replace(
            now,
            cap_answers=self.answers,
            cap_micros=self.micros,
            contingency_micros=self.contingency,
        )


Act: TypeAlias = Reserve | Commit | Release | Amend


def open_account(ledger: Ledger, caps: Amend) -> Account:
    """Open the account with these caps and return it."""
    with ledger.write() as connection:
        budget.open_account(
            connection,
            CAMPAIGN,
            currency="EUR",
            cap_answers=caps.answers,
            cap_micros=caps.micros,
            contingency_micros=caps.contingency,
        )
        return budget.account(connection, CAMPAIGN)


def account(ledger: Ledger) -> Account:
    """Return where the account stands."""
    with ledger.read() as connection:
        return budget.account(connection, CAMPAIGN)


def allowed(ledger: Ledger, act: Act) -> bool:
    """Do it, and return whether the budget allowed it."""
    try:
        with ledger.write() as connection:
            act.apply(connection)
    except BudgetExceeded:
        return False
    return True
