"""The account of a campaign as a record: what every answer bought, and what choosing saved."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from auto_labeling.campaign import budget, quality_account
from auto_labeling.campaign.metric_names import in_words
from auto_labeling.campaign.pseudo_account import PseudoAccount
from auto_labeling.campaign.quality_account import QualityAccount
from auto_labeling.campaign.rounds import CampaignState, Step
from auto_labeling.campaign.suggestion_account import SuggestionLine, nothing
from auto_labeling.records import CampaignId, Interval, Micros


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """One figure of one arm after one round, with what had been spent by then."""

    round: int
    arm: str
    metric: str
    interval: Interval
    bound: float
    """Lower bound at the error that one test of the target spends."""
    items: int
    answers: int
    cost_micros: Micros


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundLine:
    """What one round bought."""

    number: int
    state: str
    asked: int
    answered: int
    skipped: int
    paid_micros: Micros
    """With what no fund covers."""
    items_labeled: int | None
    manifest: str | None
    model: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLine:
    """What one person did; under a pseudonym."""

    person: str
    answers: int
    skips: int
    unsolicited: int
    edits: int
    seconds: float
    agreement: float
    """Share of this person's answers that agree with the label they helped to make."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Everything that status, report and the pipeline's result are made of."""

    campaign_id: CampaignId
    name: str
    state: CampaignState
    next_step: Step | None
    created_at: Micros
    stopped_at: Micros | None
    budget: budget.Account
    items: Mapping[str, int]
    """Counts: pool, train, control, heldout, labeled, undecided, unlabelable."""
    asks: Mapping[str, int]
    """Asks by state."""
    answers: Mapping[str, int]
    """Counts: given, skipped, edited, deleted, unsolicited, conflicts, imported."""
    rounds: Sequence[RoundLine]
    curve: Sequence[CurvePoint]
    people: Sequence[PersonLine]
    quarantine: Sequence[tuple[str, str | None, str]]
    """(where, item, reason) of what could not be used."""
    manifests: Sequence[tuple[int, int, str, int]]
    """(number, round, digest, items)."""
    snapshots: Sequence[tuple[int, str, int]]
    """(number, digest, items)."""
    configuration: Mapping[str, Any]
    amendments: Sequence[tuple[int, str | None, str | None, Micros]]
    """(version, who, why, when) of every change since the start."""
    judged_against: str | None
    """What the metrics compare with: held-out labels, or consensus on the control slice."""
    objects: Mapping[str, int] = field(default_factory=dict)
    """Class -> objects among the labels, where people draw; in the order of the classes."""
    reviewed: Callable[[], SuggestionLine | None] = nothing
    """Reckons `suggestions`, once: of many pictures that takes longer than to read all the rest."""
    pseudo_labels: PseudoAccount | None = None
    """What the unlabeled taught; None where it was never tried."""
    checked: Callable[[], QualityAccount | None] = quality_account.nothing
    """Reckons `quality`, once, likewise."""

    @property
    def suggestions(self) -> SuggestionLine | None:
        """What became of suggestions; None where people were never shown one."""
        return self.reviewed()

    @property
    def quality(self) -> QualityAccount | None:
        """How good the answers are; None where nothing says so: one opinion an item, no gold."""
        return self.checked()

    @property
    def dataset(self) -> str | None:
        """The digest of the newest data set."""
        return self.manifests[-1][2] if self.manifests else None

    def latest(self, metric: str, arm: str = "campaign") -> Interval:
        """Return the newest estimate of a metric; all nan where there is none."""
        found = [one.interval for one in self.curve if (one.metric, one.arm) == (metric, arm)]
        return found[-1] if found else Interval.unknown()


@dataclass(frozen=True, slots=True, kw_only=True)
class Savings:
    """What choosing the items saved against drawing them blindly."""

    items: float
    share: float
    cost_micros: float
    how: str


def savings(statement: Statement, metric: str) -> Savings:
    """Return what was saved: items until the figure that the random arm has at its end.

    nan where there is no random arm, or where the campaign never reached that figure.
    """
    ours = [p for p in statement.curve if (p.arm, p.metric) == ("campaign", metric)]
    blind = [p for p in statement.curve if (p.arm, p.metric) == ("random", metric)]
    none = Savings(
        items=math.nan, share=math.nan, cost_micros=math.nan, how="no random arm to compare with"
    )
    if not blind:
        return none
    goal = blind[-1].interval.value
    reached = next((p for p in ours if p.interval.value >= goal), None)
    if reached is None:
        return Savings(
            items=math.nan,
            share=math.nan,
            cost_micros=math.nan,
            how="the campaign never reached what the random arm reached",
        )
    spared = blind[-1].items - reached.items
    return Savings(
        items=float(spared),
        share=spared / blind[-1].items,
        cost_micros=float(blind[-1].cost_micros - reached.cost_micros),
        how=(
            f"items until {in_words(metric)} {goal:.3f}, which one replayed random arm has at its "
            "end; one run each, so without an interval"
        ),
    )
