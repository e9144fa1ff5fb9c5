"""What people are shown as a start: the newest model's answers on what a round asks about.

What was shown is kept, and so is what the blind share was not shown: `reviewing` tells from it what
suggestions are worth.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, cast
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, insert, select

from auto_labeling.campaign import blind_slice, pseudo_audit
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.drawings import drawn
from auto_labeling.campaign.intake import decode, encode
from auto_labeling.campaign.objects import Sight
from auto_labeling.campaign.reviewing import Experience
from auto_labeling.campaign.schema import CAMPAIGN, THESE, chunks, items, of, suggested
from auto_labeling.campaign.transition import newest_model
from auto_labeling.detections import Detections
from auto_labeling.formats.drawn import DrawnTask
from auto_labeling.preannotation.rules import Rules
from auto_labeling.preannotation.settings import Preannotate
from auto_labeling.records import ItemId, Side, Suggestion, Value
from auto_labeling.strategies import detection_seconds

_SIDES = select(items.c.item, items.c.position, items.c.side).where(
    items.c.campaign == CAMPAIGN, items.c.item.in_(THESE)
)
_KEPT = select(suggested).where(suggested.c.campaign == CAMPAIGN, suggested.c.item.in_(THESE))
_KEEP = insert(suggested).prefix_with("OR IGNORE", dialect="sqlite")
_PARTS = 10_000


class Suggested(NamedTuple):
    """What a model says of an item of which people are shown it, or would be."""

    value: Value | None
    """None: nothing is sure enough."""
    score: float
    blind: bool = False
    unsure: Value | None = None
    """Of a blind picture all that the model sees, however unsure: people's answers there tell what
    less sure suggestions would be worth."""


def suggestions(campaign: Campaign, wanted: Sequence[ItemId]) -> Mapping[ItemId, Suggestion]:
    """Return item -> suggestion for those of `wanted` that people may see one of.

    Items that judge the model never have one: an answer that began with the model's own would
    agree with it. Neither have the blind slice, on which people would agree with the model rather
    than with each other, what audits pseudo-labels, which would be confirmed by it, and the blind
    share, which tells how much people follow suggestions. An item that is sent again has the
    suggestion that it had.
    """
    if campaign.config.preannotate is None or not wanted:
        return {}
    with campaign.ledger.read() as connection:
        known = _known(connection, campaign, wanted)
        model = newest_model(connection, campaign.campaign_id)
    missing = [item for item in wanted if item not in known]
    if missing and model is not None:
        made = _made(campaign, model, missing)
        _keep(campaign, model, made)
        known |= {item: (model, one) for item, one in made.items()}
    name = campaign.config.name
    return {
        item: Suggestion(
            item_id=item, value=one.value, score=one.score, model_version=version_of(name, sha256)
        )
        for item, (sha256, one) in known.items()
        if one.value is not None and not one.blind
    }


def version_of(name: str, sha256: str) -> str:
    """Return how a campaign of this name calls a model, wherever people meet its answers.

    >>> version_of("digits", "0badcafe0badcafe")
    'digits-0badcafe0bad'
    """
    return f"{name}-{sha256[:12]}"


def blind(campaign: Campaign, wanted: Collection[ItemId], share: float) -> set[ItemId]:
    """Return the items that are always sent without a suggestion, however often they are sent."""
    salt = f"{campaign.config.seed}/blind/"
    return {item for item in wanted if crc32(f"{salt}{item}".encode()) % _PARTS < share * _PARTS}


def rules_of(campaign: Campaign) -> Rules:
    """Return which objects are suggested now: by the seconds that showing them saves, if asked."""
    rule = campaign.config.preannotate or Preannotate()
    return rule.rules(Experience.of(campaign).thresholds() if rule.by_cost else {})


def expected_seconds(campaign: Campaign, seen: Detections) -> NDArray[np.float64]:
    """Return (n,) how long each picture is expected to take a person, by what is seen on it."""
    rule, experience = campaign.config.preannotate, Experience.of(campaign)
    shown_from = None
    if rule is not None:
        rules = rule.rules(experience.thresholds() if rule.by_cost else {})
        shown_from = rules.floors(campaign.config.labels.classes)
    return detection_seconds.expected_seconds(
        seen,
        experience.times,
        drawn=cast(DrawnTask, campaign.config.labels.task),
        shown_from=shown_from,
    )


def _made(campaign: Campaign, model: str, wanted: Sequence[ItemId]) -> dict[ItemId, Suggested]:
    rule = campaign.config.preannotate or Preannotate()
    with campaign.ledger.read() as connection:
        rows = [
            row
            for chunk in chunks(wanted)
            for row in connection.execute(_SIDES, of(campaign.campaign_id, these=chunk))
        ]
        # These are drawn by lot, so among selected ones they would tell nothing of the blind share.
        by_lot = blind_slice.among(connection, campaign.campaign_id, wanted)
        by_lot |= pseudo_audit.among(connection, campaign.campaign_id, wanted)
    positions = {
        row.item: row.position for row in rows if row.side == Side.TRAIN and row.item not in by_lot
    }
    if not positions:
        return {}
    unseen = blind(campaign, positions, rule.blind_share)
    look = _drawn if campaign.config.labels.is_drawn else _chosen
    made = look(campaign, model, list(positions.values()), [item in unseen for item in positions])
    return dict(zip(positions, made, strict=True))


def _chosen(
    campaign: Campaign, model: str, positions: Sequence[int], unseen: Sequence[bool]
) -> list[Suggested]:
    rule, lesson = campaign.config.preannotate or Preannotate(), campaign.lesson
    said = lesson.predict(campaign.model(model), campaign.inputs(positions))
    likeliest = map(lesson.likeliest, said)
    return [
        Suggested(value if sure >= (rule.at_least or 0.0) else None, sure, hidden)
        for (value, sure), hidden in zip(likeliest, unseen, strict=True)
    ]


def _drawn(
    campaign: Campaign, model: str, positions: Sequence[int], unseen: Sequence[bool]
) -> list[Suggested]:
    schema, rules = campaign.config.labels, rules_of(campaign)
    sight = Sight.of(campaign.model(model), campaign.inputs(positions), rules)
    shown = map(campaign.lesson.likeliest, sight.shown(schema.classes, rules))
    wide = replace(rules, at_least=0.0, thresholds={})
    every = sight.shown(schema.classes, wide)
    return [
        # Outlines around masks take long, and only blind pictures need those of every object.
        Suggested(value or None, sure, hidden, drawn(every[row], schema) if hidden else None)
        for row, ((value, sure), hidden) in enumerate(zip(shown, unseen, strict=True))
    ]


def _known(
    connection: Connection, campaign: Campaign, wanted: Sequence[ItemId]
) -> dict[ItemId, tuple[str, Suggested]]:
    return {
        row.item: (row.model, Suggested(decode(row.value), row.score, row.blind))
        for chunk in chunks(wanted)
        for row in connection.execute(_KEPT, of(campaign.campaign_id, these=chunk))
    }


def _keep(campaign: Campaign, model: str, made: Mapping[ItemId, Suggested]) -> None:
    if not made:
        return
    rows: list[dict[str, Any]] = [
        {
            "campaign": campaign.campaign_id,
            "item": item,
            "model": model,
            "value": encode(one.value),
            "score": one.score,
            "blind": one.blind,
            "unsure": encode(one.unsure),
        }
        for item, one in made.items()
    ]
    with campaign.ledger.write(campaign.fence) as connection:
        connection.execute(_KEEP, rows)
