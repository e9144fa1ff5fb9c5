"""What people are shown as a start: the newest model's answers on what a round asks about."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from zlib import crc32

from sqlalchemy import select

from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.schema import CAMPAIGN, THESE, chunks, items, of
from auto_labeling.campaign.transition import newest_model
from auto_labeling.records import ItemId, Side, Suggestion

_SIDES = select(items.c.item, items.c.position, items.c.side).where(
    items.c.campaign == CAMPAIGN, items.c.item.in_(THESE)
)
_PARTS = 10_000


def suggestions(campaign: Campaign, wanted: Sequence[ItemId]) -> Mapping[ItemId, Suggestion]:
    """Return item -> suggestion for those of `wanted` that people may see one of.

    Items that judge the model never have one: an answer that began with the model's own would
    agree with it. Neither has the blind share, which tells how much people follow suggestions.
    """
    rule = campaign.config.preannotate
    if rule is None or not wanted:
        return {}
    with campaign.ledger.read() as connection:
        model = newest_model(connection, campaign.campaign_id)
        rows = [
            row
            for chunk in chunks(wanted)
            for row in connection.execute(_SIDES, of(campaign.campaign_id, these=chunk))
        ]
    if model is None:
        return {}
    shown = {row.item: row.position for row in rows if row.side == Side.TRAIN}
    unseen = blind(campaign, shown, rule.blind_share)
    return _predicted(
        campaign, model, {item: at for item, at in shown.items() if item not in unseen}
    )


def version_of(name: str, sha256: str) -> str:
    """Return how a campaign of this name calls a model, wherever people meet its answers.

    >>> version_of("digits", "0badcafe0badcafe")
    'digits-0badcafe0bad'
    """
    return f"{name}-{sha256[:12]}"


def _predicted(
    campaign: Campaign, model: str, positions: Mapping[ItemId, int]
) -> dict[ItemId, Suggestion]:
    rule, lesson = campaign.config.preannotate, campaign.lesson
    if rule is None or not positions:
        return {}
    features = campaign.pool.features[list(positions.values())]
    said = lesson.predict(campaign.model(model), features)
    found = zip(positions, map(lesson.likeliest, said), strict=True)
    version = version_of(campaign.config.name, model)
    return {
        item: Suggestion(item_id=item, value=value, score=sure, model_version=version)
        for item, (value, sure) in found
        if sure >= rule.at_least
    }


def blind(campaign: Campaign, wanted: Collection[ItemId], share: float) -> set[ItemId]:
    """Return the items that are always sent without a suggestion, however often they are sent."""
    salt = f"{campaign.config.seed}/blind/"
    return {item for item in wanted if crc32(f"{salt}{item}".encode()) % _PARTS < share * _PARTS}
