"""Uploading once: find, create what is absent, record; and the repair of what was made twice.

Tools have no idempotency keys. The intent stands in the ledger before the tool hears of it, so
that whatever dies in between, the next look finds the copy that was made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from sqlalchemy import BindParameter, bindparam, select, update

from auto_labeling.campaign import asks as asks_room
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.payloads import items_as_they_were
from auto_labeling.campaign.schema import (
    CAMPAIGN,
    ROUND,
    THESE,
    T,
    asks,
    campaigns,
    chunks,
    items,
    of,
    uploads,
)
from auto_labeling.campaign.suggesting import suggestions
from auto_labeling.campaign.transition import change_campaign
from auto_labeling.errors import LeaseLost, TransientError
from auto_labeling.records import Ask, AskState, CancelResult, RemoteRef, Upload

_GONE = CancelResult.CANCELLED
_PROJECT = select(campaigns.c.project).where(campaigns.c.campaign == CAMPAIGN)
_KEY: BindParameter[str] = bindparam("key")
_RECORD = update(uploads).where(uploads.c.upload == _KEY).values(remote_id=bindparam("ref"))
_SENT = (
    update(asks)
    .where(asks.c.upload == _KEY, asks.c.state == AskState.RESERVED)
    .values(state=AskState.SENT)
)
_INTENDED = (
    select(uploads.c.upload)
    .where(
        uploads.c.campaign == CAMPAIGN,
        uploads.c.round == ROUND,
        uploads.c.remote_id.is_(None),
        uploads.c.cancelled_at.is_(None),
    )
    .order_by(uploads.c.upload)
)
_POSITIONS = select(items.c.position).where(items.c.campaign == CAMPAIGN, items.c.item.in_(THESE))
_KNOWN = select(uploads.c.upload, uploads.c.remote_id, uploads.c.cancelled_at).where(
    uploads.c.campaign == CAMPAIGN
)
_KNOWN_OF_ROUND = _KNOWN.where(uploads.c.round == ROUND)


def send(campaign: Campaign, round_number: int) -> int:
    """Bring every intended upload of a round into the tool and return how many there were."""
    intended = _intended(campaign, round_number)
    if intended:  # or all was given up before the tool was ever reached
        _prepare(campaign)
    for some in _batches(campaign, intended):
        batch = _with_items(campaign, some)
        campaign.watch("upload:before")
        refs = _find_or_create(campaign, batch)
        campaign.watch("upload:between")
        try:
            _record(campaign, refs)
        except LeaseLost:
            _take_back(campaign, round_number, refs)
            raise
        campaign.watch("upload:after")
    return len(intended)


def repair(campaign: Campaign, round_number: int | None = None) -> int:
    """Leave one live copy of every key and return how many surplus copies were withdrawn.

    A copy that holds an answer is never withdrawn: its answers carry the same key and are merged
    by `answers.ingest`. A key whose asks were all given up keeps no unanswered copy at all. What
    somebody deleted in the tool is made again, for as many opinions as are still open.
    """
    known = _known(campaign, round_number)
    surplus: list[RemoteRef] = []
    kept: dict[str, RemoteRef] = {}
    for keys in _batches(campaign, sorted(known)):
        for key, copies in campaign.backend.find(keys).items():
            recorded, wanted = known[key]
            keep = next((ref for ref in copies if ref.remote_id == recorded), copies[0])
            surplus += [ref for ref in copies if ref != keep or not wanted]
            if wanted:
                kept[key] = keep
    results = dict(campaign.backend.cancel(surplus)) if surplus else {}
    results |= _prefer_the_answered(campaign, kept, results)
    kept |= _made_again(campaign, [key for key, (_, wanted) in known.items() if wanted], kept)
    moved = {key: ref for key, ref in kept.items() if ref.remote_id != known[key][0]}
    if moved:
        _record(campaign, moved)
    return sum(result is _GONE for result in results.values())


def _made_again(
    campaign: Campaign, wanted: Sequence[str], there: Collection[str]
) -> Mapping[str, RemoteRef]:
    """Make the units that are gone anew where answers are due, and return their copies."""
    lost = [key for key in wanted if key not in there]
    if not lost or not campaign.backend.traits.can_lose:
        return {}
    due: list[tuple[str, list[Ask]]] = []
    with campaign.ledger.read() as connection:
        for chunk in chunks(lost):
            for key, group in asks_room.of_uploads(connection, campaign.campaign_id, chunk).items():
                still = [ask for ask in group if ask.state is AskState.SENT]
                due += [(key, still)] if still else []
    made: dict[str, RemoteRef] = {}
    for some in _batches(campaign, due):
        made |= campaign.backend.create(_with_items(campaign, some))
    return made


def _prefer_the_answered(
    campaign: Campaign, kept: dict[str, RemoteRef], results: Mapping[RemoteRef, CancelResult]
) -> Mapping[RemoteRef, CancelResult]:
    """Where the surplus copy is the answered one, withdraw the other and keep the answered."""
    answered = {ref.key: ref for ref, one in results.items() if one is CancelResult.ANSWERED}
    others = [kept[key] for key in answered if key in kept]
    if not others:
        return {}
    then = campaign.backend.cancel(others)
    kept |= {ref.key: answered[ref.key] for ref, one in then.items() if one is _GONE}
    return then


def _take_back(campaign: Campaign, round_number: int, refs: Mapping[str, RemoteRef]) -> None:
    """Withdraw what was made after another driver had taken over and made it as well.

    Only copies that the other driver has not recorded as its own, and unanswered ones at that.
    """
    known = _known(campaign, round_number)
    surplus = [
        ref
        for key, ref in refs.items()
        for recorded, wanted in [known[key]]
        if not wanted or recorded not in (None, ref.remote_id)
    ]
    with suppress(TransientError):  # whoever drives now repairs it at the next look
        campaign.backend.cancel(surplus)


def withdraw(campaign: Campaign, keys: Sequence[str]) -> list[str]:
    """Withdraw uploads and return the keys that are surely gone: nobody had answered them."""
    gone: list[str] = []
    for chunk in _batches(campaign, keys):
        copies = campaign.backend.find(chunk)
        refs = [ref for found in copies.values() for ref in found]
        results = campaign.backend.cancel(refs)
        answered = {ref.key for ref, result in results.items() if result is CancelResult.ANSWERED}
        gone += [key for key in chunk if key not in answered]
    return gone


def _prepare(campaign: Campaign) -> None:
    made = campaign.backend.prepare(campaign.campaign_id, campaign.config.labels)
    project = {"id": made.project_id, "url": made.url}
    name = campaign.campaign_id
    with campaign.ledger.read() as connection:
        if connection.scalar(_PROJECT, of(name)) == project:
            return
    with campaign.ledger.write(campaign.fence) as connection:
        change_campaign(connection, name, project=project)


def _find_or_create(campaign: Campaign, batch: Sequence[Upload]) -> Mapping[str, RemoteRef]:
    there = campaign.backend.find([upload.key for upload in batch])
    absent = [upload for upload in batch if upload.key not in there]
    made = campaign.backend.create(absent) if absent else {}
    return {key: copies[0] for key, copies in there.items()} | dict(made)


def _record(campaign: Campaign, refs: Mapping[str, RemoteRef]) -> None:
    with campaign.ledger.write(campaign.fence) as connection:
        connection.execute(
            _RECORD, [{"key": key, "ref": ref.remote_id} for key, ref in refs.items()]
        )
        connection.execute(_SENT, [{"key": key} for key in refs])


def _intended(campaign: Campaign, round_number: int) -> list[tuple[str, list[Ask]]]:
    with campaign.ledger.read() as connection:
        keys = connection.scalars(_INTENDED, of(campaign.campaign_id, round_number)).all()
        found: dict[str, list[Ask]] = {}
        for chunk in chunks(keys):
            found |= asks_room.of_uploads(connection, campaign.campaign_id, chunk)
    return sorted(found.items())


def _with_items(campaign: Campaign, intended: Sequence[tuple[str, list[Ask]]]) -> list[Upload]:
    wanted = list(dict.fromkeys(ask.item_id for _, group in intended for ask in group))
    with campaign.ledger.read() as connection:
        positions = [
            position
            for chunk in chunks(wanted)
            for position in connection.scalars(_POSITIONS, of(campaign.campaign_id, these=chunk))
        ]
    found = items_as_they_were(campaign.pool, positions)
    starts = suggestions(campaign, wanted)
    return [
        Upload(
            key=key,
            items=tuple(found[item] for item in dict.fromkeys(ask.item_id for ask in group)),
            asks=tuple(_with_login(campaign, ask) for ask in group),
            suggestions=tuple(
                starts[item]
                for item in dict.fromkeys(ask.item_id for ask in group)
                if item in starts
            ),
        )
        for key, group in intended
    ]


def _with_login(campaign: Campaign, ask: Ask) -> Ask:
    """Return the ask as the tool is told of it: it knows logins."""
    if ask.assignee is None or not campaign.backend.traits.has_queues:
        return ask
    return replace(ask, assignee=campaign.pseudonyms.login_of(ask.assignee))


def _known(campaign: Campaign, round_number: int | None) -> dict[str, tuple[str | None, bool]]:
    """Return key -> (the copy we recorded, whether it is still wanted)."""
    query = _KNOWN if round_number is None else _KNOWN_OF_ROUND
    with campaign.ledger.read() as connection:
        rows = connection.execute(query, of(campaign.campaign_id, round_number))
        return {row.upload: (row.remote_id, row.cancelled_at is None) for row in rows}


def _batches(campaign: Campaign, some: Sequence[T]) -> Iterator[Sequence[T]]:
    size = campaign.backend.traits.batch
    return (some[start : start + size] for start in range(0, len(some), size))
