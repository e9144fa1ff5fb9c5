"""A campaign with people whose every act a test decides."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import select

from auto_labeling.campaign import budget, driver, labels, statement_reading
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.rounds import CampaignState, RoundState
from auto_labeling.campaign.schema import asks, uploads
from auto_labeling.ports import Traits
from auto_labeling.records import Event, EventKind, Value
from tests.support.accounts import campaign_problems
from tests.support.campaigns import drive_until, driving, tiny
from tests.support.examination import figure_problems
from tests.support.shelf import Shelf


@dataclass(frozen=True, slots=True)
class Office:
    """A campaign, and people whose every act a test decides."""

    campaign: Campaign
    shelf: Shelf

    @property
    def items(self) -> list[str]:
        """The items that were asked about, oldest first."""
        with self.campaign.ledger.read() as connection:
            found = connection.scalars(
                select(asks.c.item).where(asks.c.ordinal == 0).order_by(asks.c.round, asks.c.item)
            )
            return list(found)

    def act(
        self,
        item: str,
        person: str,
        value: Value | None = None,
        *,
        kind: EventKind = EventKind.SUBMITTED,
        answer: str | None = None,
        newest: bool = True,
        **more: Any,
    ) -> None:
        """Let a person do something with the newest, or the oldest, upload of an item."""
        with self.campaign.ledger.read() as connection:
            keys = list(
                connection.scalars(
                    select(asks.c.upload)
                    .join(uploads, uploads.c.upload == asks.c.upload)
                    .where(asks.c.item == item)
                    .order_by(asks.c.ordinal)
                )
            )
        at = self.campaign.clock.now() + len(self.shelf.told)
        answer = answer or f"{item} by {person}"
        event = Event(
            kind=kind,
            fingerprint=f"{answer} at {at}",
            key=keys[-1] if newest else keys[0],
            item_id=item,
            person=person,
            at=at,
            answer_id=answer,
            value=value,
            **more,
        )
        self.shelf.told.append(event)
        if kind in (EventKind.SUBMITTED, EventKind.SKIPPED):
            for copy in self.shelf.copies:
                if copy.key == event.key:
                    self.shelf.answered.add(copy)

    def everybody_says(self, value: Value, *people: str, but: tuple[str, ...] = ()) -> None:
        """Let people give one answer to every item, but some."""
        for item in self.items:
            for person in people:
                if item not in but:
                    self.act(item, person, value)

    def goes_on(self) -> CampaignState:
        """Make all steps that are ready."""
        return driver.drive(self.campaign, wait=False)

    def wait(self, seconds: float) -> None:
        """Let people's time pass."""
        self.campaign.clock.sleep(seconds)

    def account(self) -> budget.Account:
        """Return where the budget stands, after a look at everything that may never be wrong."""
        name = self.campaign.campaign_id
        with self.campaign.ledger.read() as connection:
            assert campaign_problems(connection, name) == []
        account = statement_reading.read(self.campaign.ledger, name)
        assert list(figure_problems(account)) == []
        return account.budget

    def rows(self, table: Any, **where: Any) -> list[Any]:
        """Return the rows of a table whose columns have these values."""
        with self.campaign.ledger.read() as connection:
            query = select(table).where(*(table.c[name] == value for name, value in where.items()))
            return list(connection.execute(query))

    def label(self, item: str) -> Value | None:
        """Return what an item was reconciled to."""
        with self.campaign.ledger.read() as connection:
            found = labels.read(connection, self.campaign.campaign_id)
        return {label.item_id: label.value for label in found}.get(item)

    def state(self, item: str) -> list[str]:
        """Return the states of an item's asks, oldest first."""
        return [row.state for row in self.rows(asks, item=item)]


@contextmanager
def office(path: Path, **overrides: Any) -> Iterator[Office]:
    """Give a campaign of three items a round whose first batch is sent."""
    chosen = {"strategy": {"batch": 3}, "stop": {"max_rounds": 2}, **overrides}
    campaign = tiny(path, **chosen)
    drive_until(path, campaign, RoundState.RESERVED)
    with driving(path, campaign) as opened:
        shelf = Shelf(traits=Traits(shapes=frozenset({opened.config.labels.task})))
        made = Office(replace(opened, backend=shelf), shelf)
        made.goes_on()
        yield made
