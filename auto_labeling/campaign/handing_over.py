"""Work that its person has not begun in time is given to somebody who is free."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, update

from auto_labeling.campaign import waiting
from auto_labeling.campaign.asks import ask_of
from auto_labeling.campaign.assigning import Crew
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.schema import CAMPAIGN, ROUND, asks, of, uploads
from auto_labeling.campaign.transition import tell
from auto_labeling.ports import HandsOver
from auto_labeling.records import Ask, AskState, Micros, PersonId, RemoteRef

_WAITED_FOR = (
    select(asks, uploads.c.remote_id)
    .join(uploads, uploads.c.upload == asks.c.upload)
    .where(
        asks.c.campaign == CAMPAIGN,
        asks.c.round == ROUND,
        asks.c.state == AskState.SENT,
        asks.c.assigned_at.is_not(None),
        uploads.c.remote_id.is_not(None),
    )
    .order_by(asks.c.upload, asks.c.item, asks.c.ordinal)
)
_GIVE = (
    update(asks)
    .where(asks.c.ask == bindparam("id"), asks.c.state == AskState.SENT)
    .values(assignee=bindparam("who"), assigned_at=bindparam("at"))
)


@dataclass(frozen=True, slots=True)
class _Work:
    """What one person is to do in one remote unit."""

    ref: RemoteRef
    person: PersonId
    asks: tuple[Ask, ...]
    since: Micros


def hand_over(campaign: Campaign, round_number: int, now: Micros) -> int:
    """Give late work of a round to others, and return how many asks changed hands.

    The tool hears of it first, and each gift is written down before the next is made. Should we die
    in between, the ledger names the giver: whoever answers is paid all the same.
    """
    limit, tool = campaign.config.wait.reassign, campaign.backend
    if limit is None or not isinstance(tool, HandsOver):
        return 0
    span = waiting.span(limit, "wait.reassign")
    with campaign.ledger.read() as connection:
        rows = connection.execute(_WAITED_FOR, of(campaign.campaign_id, round_number)).all()
        late = [work for work in _works(rows) if span.after(work.since) <= now]
        items = {ask.item_id for work in late for ask in work.asks}
        crew = Crew.read(connection, campaign, items)
    slow = {work.person for work in late}
    moved = 0
    for work in late:
        taker = crew.least_busy(work.asks, but=slow)
        giver_login = campaign.pseudonyms.login_of(work.person)
        login = None if taker is None else campaign.pseudonyms.login_of(taker)
        if taker is None or giver_login is None or login is None:
            continue  # nobody is free, or whose name was erased
        if tool.hand_over(work.ref, giver_login, login):
            crew.give(work.asks, taker)
            _record(campaign, work, taker, now)
            moved += len(work.asks)
    return moved


def _works(rows: Sequence[Any]) -> list[_Work]:
    by_person: Mapping[tuple[str, PersonId], list[Any]] = defaultdict(list)
    for row in rows:
        by_person[row.upload, row.assignee].append(row)
    return [
        _Work(
            ref=RemoteRef(key=key, remote_id=theirs[0].remote_id),
            person=person,
            asks=tuple(ask_of(row) for row in theirs),
            since=max(row.assigned_at for row in theirs),
        )
        for (key, person), theirs in by_person.items()
    ]


def _record(campaign: Campaign, work: _Work, taker: PersonId, now: Micros) -> None:
    given = [{"id": ask.ask_id, "who": taker, "at": now} for ask in work.asks]
    with campaign.ledger.write(campaign.fence) as connection:
        connection.execute(_GIVE, given)
        tell(connection, campaign.campaign_id, "handed_over", now, asks=len(given))
