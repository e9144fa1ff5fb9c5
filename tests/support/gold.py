"""How right people are about gold, as a campaign's account tells it."""

from __future__ import annotations

from pathlib import Path

from auto_labeling import assemble
from auto_labeling.records import CampaignId, Interval, PersonId
from auto_labeling.workspace import Workspace


def accuracy_on_gold(path: Path, campaign: CampaignId) -> dict[PersonId, Interval]:
    """Return the share of right answers about gold of everybody who gave any."""
    account = assemble.account_of(Workspace.of(path), campaign).quality
    if account is None:
        return {}
    people = {line.person: line.known.on_gold for line in account.annotators.people}
    return {person: found for person, found in people.items() if found.n}
