"""Which campaigns a call of a tool is about, read from the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, literal_column, select

from auto_labeling.campaign import lease
from auto_labeling.campaign.ledger import Ledger
from auto_labeling.campaign.schema import campaigns, configurations, rounds, uploads
from auto_labeling.formats.codec import KEY
from auto_labeling.records import CampaignId

_TOOL = configurations.c.body["backend"]
_KIND = func.coalesce(_TOOL["kind"].as_string(), _TOOL.as_string())
"""A bare string stands for a kind without further keys."""
_IN_PROJECTS = (
    select(campaigns.c.campaign, campaigns.c.project, campaigns.c.stopped_at)
    .join(configurations, campaigns.c.campaign == configurations.c.campaign)
    # A campaign cannot change its tool.
    .where(campaigns.c.project.is_not(None), configurations.c.version == 1)
    .order_by(literal_column("campaigns.rowid").desc())
)
_CVAT = "cvat"
_UNDER_WAY = select(campaigns.c.campaign).where(campaigns.c.stopped_at.is_(None))


@dataclass(frozen=True, slots=True)
class Register:
    """Finds campaigns by what a tool says about them."""

    ledger: Ledger

    def in_label_studio(self, project: object, host: str = "") -> list[CampaignId]:
        """Return the newest campaign in the project of this number, of each server that has one.

        `project` is its number, or `number.time of its making`. `host` is where the server says
        that it is: where a campaign has it there, the other servers' are left out.
        """
        number = str(project or "").partition(".")[0]
        with self.ledger.read() as connection:
            rows = connection.execute(_IN_PROJECTS.where(_KIND != _CVAT)).all()
        newest: dict[str, CampaignId] = {}
        for row in rows:
            told = row.project or {}
            if told.get("id") == number:
                newest.setdefault(str(told.get("url")), row.campaign)
        there = newest.get(f"{host.rstrip('/')}/projects/{number}")
        return list(newest.values()) if there is None else [there]

    def in_cvat(self, project: object) -> list[CampaignId]:
        """Return the campaigns under way in the project of CVAT with this number."""
        with self.ledger.read() as connection:
            rows = connection.execute(_IN_PROJECTS.where(_KIND == _CVAT)).all()
        return [
            row.campaign
            for row in rows
            if row.stopped_at is None and (row.project or {}).get("id") == str(project)
        ]

    def of_tasks(self, tasks: Sequence[Mapping[str, Any]]) -> CampaignId | None:
        """Return the campaign that made the first task with a key of ours."""
        keys = [task["data"].get(KEY) for task in tasks]
        key = next((key for key in keys if isinstance(key, str)), None)
        if key is None:
            return None
        with self.ledger.read() as connection:
            return connection.scalar(select(uploads.c.campaign).where(uploads.c.upload == key))

    def knows(self, campaign: CampaignId) -> bool:
        """Whether there is such a campaign."""
        query = select(campaigns.c.campaign).where(campaigns.c.campaign == campaign)
        with self.ledger.read() as connection:
            return connection.scalar(query) is not None

    def under_way(self) -> list[CampaignId]:
        """Return the campaigns that have not stopped."""
        with self.ledger.read() as connection:
            return list(connection.scalars(_UNDER_WAY))

    def project_of(self, campaign: CampaignId) -> int | None:
        """Return the number of a campaign's project; None before it has one."""
        query = select(campaigns.c.project).where(campaigns.c.campaign == campaign)
        with self.ledger.read() as connection:
            project = connection.scalar(query)
        number = str((project or {}).get("id"))
        return int(number) if number.isdigit() else None

    def sent(self, campaign: CampaignId) -> int:
        """Return when tasks were last sent, in the micros of the campaign's people; 0: never."""
        query = select(func.max(rounds.c.sent_at)).where(rounds.c.campaign == campaign)
        with self.ledger.read() as connection:
            return connection.scalar(query) or 0

    def is_driven(self, campaign: CampaignId) -> bool:
        """Whether a driver holds the campaign now: it looks by itself once it is woken."""
        with self.ledger.read() as connection:
            return lease.holder(connection, campaign) is not None
