"""When people disagreed so much that the campaign was held, and when that was mended.

A hold is an event; the first amendment after it mends it, whatever it changes: it says who did
something about the disagreement, when and why.
"""

from __future__ import annotations

from sqlalchemy import Connection, select

from auto_labeling.campaign.schema import CAMPAIGN, configurations, events, of
from auto_labeling.records import CampaignId, Micros

HELD = "held"
"""The kind of the event."""

_HOLDS = select(events.c.at).where(events.c.campaign == CAMPAIGN, events.c.kind == HELD)
_AMENDMENTS = (
    select(configurations.c.at)
    .where(configurations.c.campaign == CAMPAIGN, configurations.c.version > 1)
    .order_by(configurations.c.version)
)


def mended_at(connection: Connection, campaign: CampaignId) -> Micros | None:
    """Return when the last hold that was mended was mended; None where none was."""
    mends = _mends(connection, campaign)
    return max((at for at in mends if at is not None), default=None)


def is_held(connection: Connection, campaign: CampaignId) -> bool:
    """Whether there is a hold that nobody has mended."""
    return None in _mends(connection, campaign)


def _mends(connection: Connection, campaign: CampaignId) -> list[Micros | None]:
    """Return when each hold was mended, or None."""
    amended = connection.scalars(_AMENDMENTS, of(campaign)).all()
    return [
        next((at for at in amended if at >= held), None)
        for held in connection.scalars(_HOLDS, of(campaign))
    ]
