"""What a campaign was told that its report has to repeat: metrics, targets, consensus, privacy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from auto_labeling import quality
from auto_labeling.building import build
from auto_labeling.campaign.statement import Statement
from auto_labeling.config import KINDS, Evaluation, Privacy
from auto_labeling.quality.majority import Majority
from auto_labeling.quality.most_agreed import MostAgreed
from auto_labeling.quality_plan import Quality
from auto_labeling.records import draws
from auto_labeling.strategies import stopping
from auto_labeling.strategies.stopping.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The part of the configuration that figures are read against, defaults filled in."""

    metrics: tuple[str, ...]
    """Every metric that was asked for or found; the one that decides comes first."""
    targets: Mapping[str, float]
    """The least that the lower bound of a metric has to reach; empty without a target."""
    alpha: float
    """The error that the two limits of an interval spend together."""
    overlap: int
    consensus: str
    sealed: bool
    """Whether nothing that came out of the pool may be shown."""

    @property
    def primary(self) -> str:
        """The metric that the campaign is about."""
        return self.metrics[0]


def terms_of(statement: Statement) -> Terms:
    """Return the terms of a campaign. Raises `ConfigurationError` for what nobody could run."""
    told = statement.configuration
    targets = _targets(told)
    evaluation: Evaluation = _section(Evaluation, told, "evaluation")
    rules: Quality = _section(Quality, told, "quality")
    privacy: Privacy = _section(Privacy, told, "privacy")
    found = [point.metric for point in statement.curve]
    return Terms(
        metrics=tuple(dict.fromkeys([*targets, *_asked(told, evaluation), *found])),
        targets=targets,
        alpha=evaluation.alpha,
        overlap=rules.opinions,
        consensus=_rule(rules.consensus) if _told(told, "quality", "consensus") else _usual(told),
        sealed=privacy.payloads == "sealed",
    )


def _asked(told: Mapping[str, Any], evaluation: Evaluation) -> Sequence[str]:
    """Return the metrics that were asked for, or else those that the task is judged by."""
    if _is_drawn(told) and not _told(told, "evaluation", "metrics"):
        return ("map50",)
    return evaluation.metrics


def _usual(told: Mapping[str, Any]) -> str:
    return _rule(MostAgreed() if _is_drawn(told) else Majority())


def _is_drawn(told: Mapping[str, Any]) -> bool:
    return draws((told.get("labels") or {}).get("task", "single"))


def _told(told: Mapping[str, Any], section: str, key: str) -> bool:
    return key in (told.get(section) or {})


def _section(cls: type, told: Mapping[str, Any], key: str) -> Any:
    return build(cls, told.get(key) or {}, key, KINDS)


def _targets(told: Mapping[str, Any]) -> Mapping[str, float]:
    rules = stopping.rules_from(told.get("stop") or {})
    return next((rule.wanted for rule in rules if isinstance(rule, Target)), {})


def _rule(consensus: Any) -> str:
    kind = next(name for name, cls in quality.TABLE.items() if isinstance(consensus, cls))
    keys = ", ".join(f"{key.name}: {getattr(consensus, key.name)}" for key in fields(consensus))
    return f"{kind} ({keys})" if keys else kind
