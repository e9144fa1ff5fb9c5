"""Points of curves that are to be mirrored: the ledger notes each before it is sent anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert

from auto_labeling.campaign.schema import log_points

CAMPAIGN_RUN = -1
"""The round number under which points of the campaign's own run are kept."""

_ADD_POINTS = insert(log_points).prefix_with("OR IGNORE", dialect="sqlite")


def intend(connection: Connection, campaign: str, points: Sequence[dict[str, Any]]) -> None:
    """Write the points that are to be mirrored; a step that has one keeps it."""
    connection.execute(
        _ADD_POINTS,
        [{"campaign": campaign, "tried": False, "logged": False, **point} for point in points],
    )
