"""People's answers in the ledger: taking a poll in, and reading what counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Select, bindparam, insert, select, update

from auto_labeling.campaign import asks as asks_room
from auto_labeling.campaign import budget, intake
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.intake import Intake, Known
from auto_labeling.campaign.pricing import due
from auto_labeling.campaign.rulings import GOLD, IS_RULING, adjudicators
from auto_labeling.campaign.schema import (
    CAMPAIGN,
    THESE,
    answers,
    asks,
    chunks,
    of,
    quarantine,
)
from auto_labeling.campaign.transition import OPEN, change_campaign, put_aside, tell
from auto_labeling.ports import Vote
from auto_labeling.records import Ask, AskState, CampaignId, Cursor, Event


def ingest(
    connection: Connection, campaign: Campaign, events: Sequence[Event], cursor: Cursor
) -> int:
    """Write what `events` say and the new cursor, and return how many acts were new."""
    taken = Intake()
    if events:
        taken = intake.take(_known(connection, campaign, events), events)
        _write(connection, campaign, taken)
    change_campaign(connection, campaign.campaign_id, cursor=cursor)
    return taken.acts


_VOTES = (
    select(answers.c.item, answers.c.person, answers.c.value)
    .where(
        answers.c.campaign == CAMPAIGN,
        answers.c.current,
        answers.c.kind == "answer",
        ~answers.c.unsolicited,
        answers.c.item.not_in(GOLD),
        ~IS_RULING,
    )
    .order_by(answers.c.seq)
)


def votes(connection: Connection, campaign: CampaignId) -> list[Vote]:
    """Return the opinions that count, oldest first: asked for, current, and not skips.

    Rulings are none, and neither is what people said about gold.
    """
    who = adjudicators(connection, campaign)
    rows = connection.execute(_VOTES, of(campaign, these=who))
    return [
        Vote(item_id=item, person=person, value=value)
        for item, person, stored in rows.all()
        if (value := intake.decode(stored)) is not None
    ]


_OURS = select(answers).where(answers.c.campaign == CAMPAIGN)
_BY_FINGERPRINT = _OURS.where(answers.c.fingerprint.in_(THESE))
_BY_ANSWER = _OURS.where(answers.c.answer_id.in_(THESE))
_BY_ITEM = _OURS.where(answers.c.item.in_(THESE))
_PUT_ASIDE = select(quarantine.c.where_found).where(
    quarantine.c.campaign == CAMPAIGN, quarantine.c.where_found.in_(THESE)
)
_ADD = insert(answers)
_ASSIGN = update(asks).where(asks.c.ask == bindparam("id")).values(assignee=bindparam("who"))
_SUPERSEDE = update(answers).where(answers.c.seq == bindparam("old")).values(current=False)


def _known(connection: Connection, campaign: Campaign, events: Sequence[Event]) -> Known:
    name = campaign.campaign_id
    ours: dict[str, list[Ask]] = {}
    for chunk in _chunks(event.key for event in events):
        ours |= asks_room.of_uploads(connection, name, chunk)
    units = asks_room.units(connection, name, ours)
    for chunk in _chunks(set(units) - set(ours)):
        ours |= asks_room.of_uploads(connection, name, chunk)
    shared: dict[tuple[str, str], list[Ask]] = defaultdict(list)
    waiting: dict[tuple[str, str], list[Ask]] = {}
    for key, group in ours.items():
        for ask in group:
            waiting[key, ask.item_id] = shared[units.get(key, key), ask.item_id]
            if ask.state in OPEN:
                shared[units.get(key, key), ask.item_id].append(ask)
    fingerprints = [event.fingerprint for event in events]
    found = _rows(connection, name, _BY_FINGERPRINT, fingerprints)
    versions = _rows(connection, name, _BY_ANSWER, (event.answer_id for event in events))
    on_items = _rows(connection, name, _BY_ITEM, (event.item_id for event in events))
    held = {row["ask"] for row in on_items if row["current"] and row["kind"] != "tombstone"}
    return Known(
        schema=campaign.config.labels,
        pseudonym=campaign.pseudonyms,
        pay=due(connection, campaign, chain.from_iterable(ours.values())),
        fingerprints={row["fingerprint"] for row in found} | _aside(connection, name, fingerprints),
        keys=set(ours),
        open_asks=waiting,
        open_to_all=campaign.backend.traits.has_queues,
        versions={row["answer_id"]: row for row in (*on_items, *versions) if row["current"]},
        answered_by={(row["item"], row["person"]) for row in on_items if row["ask"]},
        taken_back={
            (row["item"], row["person"]): row["ask"]
            for row in on_items
            if row["kind"] == "tombstone" and row["current"] and row["ask"] not in {None, *held}
        },
        skipped={
            ask.ask_id for group in ours.values() for ask in group if ask.state is AskState.SKIPPED
        },
    )


def _aside(connection: Connection, campaign: CampaignId, fingerprints: Iterable[str]) -> set[str]:
    """Return which of these acts were put aside before."""
    found = {
        place
        for chunk in _chunks(_place(one) for one in fingerprints)
        for place in connection.scalars(_PUT_ASIDE, of(campaign, these=chunk))
    }
    return {one for one in fingerprints if _place(one) in found}


def _place(fingerprint: str) -> str:
    return f"answer {fingerprint}"


def _rows(
    connection: Connection, campaign: CampaignId, query: Select[Any], wanted: Iterable[str]
) -> list[dict[str, Any]]:
    return [
        dict(row)
        for chunk in _chunks(wanted)
        for row in connection.execute(query, of(campaign, these=chunk)).mappings().all()
    ]


def _chunks(values: Iterable[str]) -> Iterable[Sequence[str]]:
    return chunks(sorted(set(values)))


def _write(connection: Connection, campaign: Campaign, taken: Intake) -> None:
    name, now = campaign.campaign_id, campaign.clock.now()
    for state, ids in taken.states.items():
        asks_room.mark(connection, ids, state)
    if taken.assignees:
        connection.execute(_ASSIGN, [{"id": ask, "who": person} for ask, person in taken.assignees])
    if taken.superseded:
        connection.execute(_SUPERSEDE, [{"old": seq} for seq in taken.superseded])
    if taken.rows:
        connection.execute(_ADD, [{"campaign": name, **row} for row in taken.rows])
    if taken.charges:
        owed = budget.commit(connection, name, taken.charges, now)
        if owed:
            tell(connection, name, "owed", now, micros=owed)
    if taken.released:
        budget.release(connection, name, taken.released, now)
    for event, reason in taken.aside:
        body = {
            "fingerprint": event.fingerprint,
            "answer": event.answer_id,
            "value": intake.encode(event.value),
        }
        put_aside(connection, name, now, _place(event.fingerprint), event.item_id, reason, body)
