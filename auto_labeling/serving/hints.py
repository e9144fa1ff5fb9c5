"""Hints of both tools that somebody has acted: whose campaigns they are about, and what follows.

A hint says nothing that is believed: whoever is woken looks for himself. So one that comes twice,
late, or again after a year is worth a look at most.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from auto_labeling.ports import Waker
from auto_labeling.records import CampaignId
from auto_labeling.serving.bodies import Body, project_in
from auto_labeling.serving.errands import Errands
from auto_labeling.serving.register import Register

_ACTED = ("ANNOTATION", "TASKS_DELETED")
CVAT_EVENTS = ("delete:task", "update:job", "update:task")
"""Jobs that are finished, opened again or edited, tasks that are gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """Wakes whoever drives a campaign, and has one tick made where nobody does."""

    register: Register
    waker: Waker
    errands: Errands

    def of_label_studio(self, action: str, campaign: CampaignId | None, body: Body) -> None:
        """Take a webhook; `campaign` is what a header of our own says."""
        if not action.startswith(_ACTED):
            return
        project = project_in(body)
        if campaign is not None and self.register.knows(campaign):
            self._wake([campaign])
        elif project is not None:
            self._wake(self.register.in_label_studio(project))
        else:
            self._wake(self.register.under_way())

    def of_cvat(self, event: str, body: Body) -> None:
        """Take a webhook; a ping, or an event that no person's work brings, wakes nobody."""
        told = body.get(event.partition(":")[2])
        if event in CVAT_EVENTS and isinstance(told, dict):
            self._wake(self.register.in_cvat(told.get("project_id")))

    def _wake(self, campaigns: Iterable[CampaignId]) -> None:
        for campaign in campaigns:
            self.waker.wake(campaign)
            self.errands.tick(campaign)
