"""How a campaign begins, and how its pool grows later."""

from __future__ import annotations

import math
import re
import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, insert, select

from auto_labeling import config as config_room
from auto_labeling.campaign import budget, gold_choice, imported
from auto_labeling.campaign.checking import (
    check,
    check_embedder,
    check_files,
    check_kinds,
    check_views,
)
from auto_labeling.campaign.embedded import Embedded
from auto_labeling.campaign.ledger import Fence, Ledger
from auto_labeling.campaign.pseudonyms import concealed
from auto_labeling.campaign.rounds import RoundState
from auto_labeling.campaign.schema import (
    campaigns,
    configurations,
    items,
    people,
    rounds,
    schemas,
    snapshots,
)
from auto_labeling.campaign.transition import put_aside, tell
from auto_labeling.config import CampaignConfig
from auto_labeling.errors import AutoLabelingError
from auto_labeling.money import micros
from auto_labeling.pool.pool import Pool
from auto_labeling.pool.snapshot import ingest, ingest_labeled
from auto_labeling.pool.splits import Split, known_sides, split
from auto_labeling.ports import Clock, Traits
from auto_labeling.records import CampaignId, Micros, Side
from auto_labeling.workspace import Workspace

_SHOWS_ALL = Traits()


def new_id(name: str) -> CampaignId:
    """Return a fresh campaign id: a slug of the name and 8 hex digits."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "campaign"
    return f"{slug}-{secrets.token_hex(4)}"


def create(
    ledger: Ledger,
    *,
    campaign: CampaignId,
    raw: Mapping[str, Any],
    config_path: Path | None,
    base: Path,
    workspace: Workspace,
    clock: Clock,
    pseudonym: Callable[[str], str],
    traits: Traits,
) -> None:
    """Take the pool in and write everything a campaign begins with, in one transaction.

    Raises `DataError` or `ConfigurationError` before anything stands in the ledger.
    """
    config = config_room.parse(raw)
    check(config)
    check_files(config, base)
    inputs = workspace.campaign(campaign) / "inputs"
    pool = take_in(config, base, inputs)
    check_kinds(pool, traits)
    check_embedder(config, pool)
    sides = split_of(config, pool)
    now = clock.now()
    labeled, leaking = imported.apart(imported.labels_of(config, pool), pool, sides)
    gold = gold_choice.choose(config, base, pool, sides, labeled)
    for one in gold:
        labeled.pop(one.item_id, None)  # nothing is learned from what people are measured on
    if embedded := Embedded.of(config, pool, inputs=inputs, cache=workspace.cache, base=base):
        embedded.begin()  # what cannot be embedded is said before anything is bought
    check_views(config, embedded.features if embedded else pool.features)
    with ledger.write() as connection:
        connection.execute(
            insert(campaigns).values(
                campaign=campaign,
                name=config.name,
                config_path=None if config_path is None else str(config_path),
                base=str(base),
                created_at=now,
                round=0 if labeled else 1,
            )
        )
        write_configuration(connection, campaign, 1, concealed(raw, pseudonym), now)
        write_people(connection, campaign, config, pseudonym)
        _open_account(connection, campaign, config)
        _write_schema(connection, campaign, raw, now)
        _write_snapshots(connection, campaign, pool, sides, start=0, now=now)
        imported.write(connection, campaign, labeled, leaking, now)
        gold_choice.write(connection, campaign, gold, now)
        connection.execute(
            insert(rounds).values(
                campaign=campaign,
                number=0 if labeled else 1,
                state=RoundState.RECONCILED if labeled else RoundState.PLANNED,
                snapshot=len(pool.snapshots),
                more_wanted=False,
            )
        )
        tell(connection, campaign, "created", now, items=len(pool))


def take_in(config: CampaignConfig, base: Path, inputs: Path) -> Pool:
    """Read the configured sources into snapshots and return the pool they make."""
    number = 0
    for source in config.pool:
        number += 1
        ingest(source, base, inputs, number=number, schema=config.labels)
    for source in config.labeled:
        number += 1
        ingest_labeled(source, base, inputs, number=number, schema=config.labels)
    return Pool.open(inputs)


def add(
    ledger: Ledger,
    *,
    fence: Fence,
    config: CampaignConfig,
    raw_source: Mapping[str, Any],
    base: Path,
    folder: Path,
    clock: Clock,
    traits: Traits = _SHOWS_ALL,
    embedded: Embedded | None = None,
) -> tuple[int, int]:
    """Take more rows into the pool, as a new snapshot; return (added, quarantined)."""
    source = config_room.source(raw_source)
    campaign = fence.campaign
    with ledger.read() as connection:
        number = _newest_snapshot(connection, campaign) + 1
        known = _known_sides(connection, campaign)
    ingest(source, base, folder / "inputs", number=number, schema=config.labels)
    pool = Pool.open(folder / "inputs", upto=number)
    added = pool.snapshots[-1]
    try:
        check_kinds(pool, traits)
        check_embedder(config, pool)
        if embedded is not None:
            replace(embedded, pool=pool).complete()
    except AutoLabelingError:
        shutil.rmtree(added.folder)  # or the pool would hold rows that the ledger does not know
        raise
    start = len(pool) - added.size
    sides = split_of(config, pool, known, start)
    with ledger.write(fence) as connection:
        now = clock.now()
        _write_snapshots(connection, campaign, pool, sides, start=start, now=now)
        tell(connection, campaign, "added", now, items=added.size, snapshot=number)
    return added.size, len(added.quarantined)


def split_of(
    config: CampaignConfig, pool: Pool, known: Mapping[str, Side] | None = None, start: int = 0
) -> Split:
    """Return the sides of the items from position `start` on."""
    judges, contents = pool.heldout, pool.contents
    if known is None:
        known = imported.sides_of(config, pool)
    found = split(
        pool.ids[start:],
        pool.groups[start:],
        contents.pool[start:],
        seed=config.seed,
        # Without a model there is nothing to judge, and what is kept for that is never asked about.
        control_share=config.evaluation.control if config.learns and judges is None else 0.0,
        heldout_hashes=contents.heldout,
        heldout_groups=() if judges is None else [one for one in judges.groups if one is not None],
        known=known,
    )
    if not contents.folded or start:
        return found
    note = f"{contents.folded} of them differ from a held-out text in case or spaces only"
    return replace(found, notes=(*found.notes, note))


def write_configuration(
    connection: Connection,
    campaign: CampaignId,
    version: int,
    raw: Mapping[str, Any],
    now: Micros,
    who: str | None = None,
    why: str | None = None,
) -> None:
    """Write one version of the configuration; logins are pseudonyms in `raw` already."""
    connection.execute(
        insert(configurations).values(
            campaign=campaign,
            version=version,
            body=dict(raw),
            digest=config_room.digest(raw),
            at=now,
            who=who,
            why=why,
        )
    )


def write_people(
    connection: Connection, campaign: CampaignId, config: CampaignConfig, pseudonym: Any
) -> None:
    """Write the people whom the configuration names; who was retired is there again."""
    common = micros(config.budget.price)
    for person in config.people:
        name = pseudonym(person.user)
        connection.execute(
            people.delete().where(people.c.campaign == campaign, people.c.person == name)
        )
        connection.execute(
            insert(people).values(
                campaign=campaign,
                person=name,
                role=person.role,
                pay_unit=person.pay.unit if person.pay else "answer",
                rate_micros=person.pay.rate_micros if person.pay else common,
                capacity=person.answers_a_week,
                hours=person.hours,
                zone=person.tz,
            )
        )


def caps_of(config: CampaignConfig, spent: budget.Account | None = None) -> dict[str, int]:
    """Return the caps; without a cap in money, what the answers cost at most is the cap.

    The contingency is part of a cap in money, and comes on top where there is none.
    """
    answers, share = config.budget.answers, config.budget.contingency_share
    if config.budget.money is None:
        cap = _cost_at_most(config, spent)
        contingency = math.floor(cap * share)
    else:
        money = micros(config.budget.money)
        contingency = math.floor(money * share)
        cap = money - contingency
    return {"cap_answers": answers, "cap_micros": cap, "contingency_micros": contingency}


def _cost_at_most(config: CampaignConfig, spent: budget.Account | None) -> Micros:
    """Return what all answers can cost: the bought ones what they did, the others the dearest."""
    dearest = config_room.dearest_answer(config)
    if spent is None:
        return config.budget.answers * dearest
    bought = spent.committed_answers + spent.reserved_answers
    promised = spent.committed_micros + spent.reserved_micros
    return promised + max(0, config.budget.answers - bought) * dearest


def _open_account(connection: Connection, campaign: CampaignId, config: CampaignConfig) -> None:
    budget.open_account(connection, campaign, currency=config.budget.currency, **caps_of(config))


def _write_schema(
    connection: Connection, campaign: CampaignId, raw: Mapping[str, Any], now: Micros
) -> None:
    connection.execute(
        insert(schemas).values(campaign=campaign, version=1, body=raw["labels"], at=now)
    )


def _write_snapshots(
    connection: Connection,
    campaign: CampaignId,
    pool: Pool,
    sides: Split,
    *,
    start: int,
    now: Micros,
) -> None:
    """Write the snapshots from position `start` on, their items, and what was put aside."""
    position = 0
    rows: list[dict[str, Any]] = []
    for snapshot, part in zip(pool.snapshots, pool.parts, strict=True):
        first, position = position, position + len(part.ids)
        if first < start:
            continue
        connection.execute(
            insert(snapshots).values(
                campaign=campaign,
                number=snapshot.number,
                digest=snapshot.digest,
                item_count=len(part.ids),
                at=now,
            )
        )
        for bad in (*snapshot.quarantined, *snapshot.heldout_quarantined):
            put_aside(connection, campaign, now, bad.where, bad.item_id, bad.reason)
        rows += [
            {
                "campaign": campaign,
                "position": first + at,
                "item": part.ids[at],
                "snapshot": snapshot.number,
                "group_id": part.groups[at],
                "content_hash": part.content_hashes[at],
                "side": side,
                "unlabelable": False,
            }
            for at in range(len(part.ids))
            if (side := sides.sides[first + at - start]) is not None
        ]
    for at in range(0, len(rows), 50_000):
        connection.execute(insert(items), rows[at : at + 50_000])
    for bad in sides.quarantined:
        put_aside(connection, campaign, now, bad.where, bad.item_id, bad.reason)
    for note in sides.notes:
        tell(connection, campaign, "note", now, said=note)


def _newest_snapshot(connection: Connection, campaign: CampaignId) -> int:
    return (
        connection.scalar(
            select(func.max(snapshots.c.number)).where(snapshots.c.campaign == campaign)
        )
        or 0
    )


def _known_sides(connection: Connection, campaign: CampaignId) -> dict[str, Side]:
    rows = connection.execute(
        select(items.c.group_id, items.c.content_hash, items.c.side).where(
            items.c.campaign == campaign
        )
    ).all()
    return known_sides(
        [row.group_id for row in rows],
        [row.content_hash for row in rows],
        [Side(row.side) for row in rows],
    )
