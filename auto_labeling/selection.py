"""What stands under `strategy` in a campaign file: how a batch is chosen, and its quotas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from auto_labeling import strategies
from auto_labeling.building import build, build_kind, refuse_below, refuse_unknown
from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import QueryStrategy, Scorer
from auto_labeling.records import LabelSchema
from auto_labeling.strategies.auto import COLD_START, Auto
from auto_labeling.strategies.quotas import AtLeast, AtMost

KINDS: Mapping[Any, Mapping[str, type]] = {
    QueryStrategy: strategies.TABLE,
    Scorer: strategies.SCORERS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """How a batch is chosen; written as the keys of `strategy`."""

    strategy: QueryStrategy = field(default_factory=Auto)
    cold_start: QueryStrategy = COLD_START
    """Chooses while there is no model to ask."""
    batch: int = 20
    max_per_group: int | None = None
    """The most items of one group in a batch, as far as the pool can fill it so."""
    at_least: Mapping[str, int] = field(default_factory=dict)
    """Class -> how many of a batch have to be predicted to be of it, as far as there are any."""

    def __post_init__(self) -> None:
        refuse_below(1, self.batch, "strategy.batch")
        if self.max_per_group is not None:
            refuse_below(1, self.max_per_group, "strategy.max_per_group")
        for name, count in self.at_least.items():
            refuse_below(1, count, f"strategy.at_least.{name}")

    def bounded(self, labels: LabelSchema) -> Selection:
        """Return the selection for labels of a kind, whose strategies keep the quotas."""
        strategy, cold_start, classes = self.strategy, self.cold_start, labels.classes
        if isinstance(strategy, Auto) and labels.task == "multi":
            strategy = Auto(task="multi")
        strange = [name for name in self.at_least if name not in classes]
        if strange:
            raise ConfigurationError(
                f"strategy.at_least: expected classes of labels.classes, got {strange}"
            )
        if self.at_least:
            counts = tuple((classes.index(name), one) for name, one in self.at_least.items())
            strategy = AtLeast(strategy, counts=counts)
        if self.max_per_group is not None:
            strategy = AtMost(strategy, self.max_per_group)
            cold_start = AtMost(cold_start, self.max_per_group)
        return replace(self, strategy=strategy, cold_start=cold_start)


def selection_of(given: object) -> Selection:
    """Return the selection that the value under `strategy` describes."""
    mapping = {"kind": given} if isinstance(given, str) else dict(_expect_mapping(given))
    shared = [one.name for one in fields(Selection) if one.name != "strategy"]
    own = {key: mapping.pop(key) for key in shared if key in mapping}
    selection: Selection = build(Selection, own, "strategy", KINDS)
    if not mapping:
        return selection
    cls = strategies.TABLE.get(str(mapping.get("kind")))
    if cls is not None:
        own_keys = [one.name for one in fields(cls)]
        refuse_unknown(mapping, ["kind", *shared, *own_keys], "strategy")
    strategy = build_kind(strategies.TABLE, mapping, "strategy", KINDS)
    return replace(selection, strategy=strategy)


def _expect_mapping(given: object) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise ConfigurationError(f"strategy: expected keys and values, got {given!r}")
    return given
