"""What was labeled before the campaign: it teaches, it never judges, and it costs nothing."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, insert

from auto_labeling.campaign.intake import encode
from auto_labeling.campaign.schema import labels
from auto_labeling.campaign.transition import put_aside
from auto_labeling.config import CampaignConfig
from auto_labeling.formats.value import read_label
from auto_labeling.pool.pool import Pool
from auto_labeling.pool.splits import Split, known_sides
from auto_labeling.records import CampaignId, ItemId, Micros, Purpose, Side, Value

_LEAKS = "its content or group is also among the held-out rows, so nothing is learned from it"


def pool_ids(config: CampaignConfig, pool: Pool) -> list[ItemId]:
    """Return the ids of what is to be labeled, in order: imported items are not among them."""
    labeled = range(len(config.pool) + 1, len(config.pool) + len(config.labeled) + 1)
    return [
        item
        for snapshot, part in zip(pool.snapshots, pool.parts, strict=True)
        if snapshot.number not in labeled
        for item in part.ids
    ]


def labels_of(config: CampaignConfig, pool: Pool) -> dict[ItemId, Value]:
    """Return the labels of the labeled sources, with those on items of the pool itself."""
    numbers = range(len(config.pool) + 1, len(config.pool) + len(config.labeled) + 1)
    found: dict[ItemId, str] = {}
    for snapshot, part in zip(pool.snapshots, pool.parts, strict=True):
        if snapshot.number in numbers:
            found |= snapshot.known_labels
            pairs = zip(part.ids, part.labels, strict=True)
            found |= {item: label for item, label in pairs if label is not None}
    return {item: read_label(label, config.labels) for item, label in found.items()}


def sides_of(config: CampaignConfig, pool: Pool) -> dict[str, Side]:
    """Return what `split` has to respect: labeled items teach, with all they share a group with.

    Nobody knows how they were chosen, so a figure measured on them would mean nothing.
    """
    labeled = labels_of(config, pool)
    at = [place for place, item in enumerate(pool.ids) if item in labeled]
    groups = [pool.groups[place] for place in at]
    hashes = [pool.contents.pool[place] for place in at]
    return known_sides(groups, hashes, [Side.TRAIN] * len(at))


def apart(
    labeled: dict[ItemId, Value], pool: Pool, sides: Split
) -> tuple[dict[ItemId, Value], list[ItemId]]:
    """Return the labels to learn from, and the items that are too close to the held-out rows."""
    teaches = {item for item, side in zip(pool.ids, sides.sides, strict=True) if side is Side.TRAIN}
    usable = {item: label for item, label in labeled.items() if item in teaches}
    return usable, [item for item in labeled if item not in teaches]


def write(
    connection: Connection,
    campaign: CampaignId,
    usable: dict[ItemId, Value],
    leaking: Sequence[ItemId],
    now: Micros,
) -> None:
    """Write the labels of the items that stand in the ledger, and put the leaking ones aside."""
    if usable:
        fixed = {"campaign": campaign, "confidence": 1.0, "votes": 0, "round": 0}
        fixed |= {"purpose": Purpose.TRAIN, "source": "imported"}
        connection.execute(
            insert(labels),
            [{**fixed, "item": item, "value": encode(label)} for item, label in usable.items()],
        )
    for item in leaking:
        put_aside(connection, campaign, now, f"label of item {item}", item, _LEAKS)
