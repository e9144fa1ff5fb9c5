"""What stands under `strategy` in a campaign file: how a batch is chosen, and its quotas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

from auto_labeling import strategies
from auto_labeling.building import build, build_kind, refuse_below, refuse_unknown
from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import QueryStrategy, Scorer
from auto_labeling.records import LabelSchema
from auto_labeling.strategies.auto import COLD_START, Auto
from auto_labeling.strategies.detection import Objects
from auto_labeling.strategies.priced import Priced
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
    priced: bool = False
    """Whether a score counts by what an answer costs: where people draw, by the second."""
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
        strategy, cold_start = (for_task(one, labels) for one in (self.strategy, self.cold_start))
        if self.priced:
            strategy = priced(strategy)
        classes = labels.classes
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


def for_task(strategy: QueryStrategy, labels: LabelSchema) -> QueryStrategy:
    """Return the strategy with every `auto` in it, however deep, made for answers of this kind.

    Raises `ConfigurationError` for doubt about masks where none are drawn.
    """

    def fitting(part: Any) -> Any:
        if isinstance(part, Objects) and part.of == "mask_entropy" and labels.task == "boxes":
            raise ConfigurationError(
                "strategy.scorer.of: mask_entropy is doubt about masks, and labels.task is "
                "'boxes'; choose entropy"
            )
        return Auto(task=labels.task) if isinstance(part, Auto) else None

    return _replaced(strategy, fitting)  # type: ignore[no-any-return]


def priced(strategy: QueryStrategy) -> QueryStrategy:
    """Return the strategy with each score in it divided by what an answer costs.

    Raises `ConfigurationError` where nothing is scored.

    >>> priced(strategies.TopK(strategies.Margin()))
    TopK(scorer=Priced(scorer=Margin()))
    """
    dear: QueryStrategy = _replaced(strategy, _by_cost)
    if "cost" not in dear.needs:
        raise ConfigurationError(
            "strategy.priced: expected a strategy with a scorer, such as top_k or cluster_top, "
            f"got {type(strategy).__name__}"
        )
    return dear


def _by_cost(part: Any) -> Any:
    """Return what takes the place of a scorer, or of `auto`; None: look inside."""
    if hasattr(part, "score"):
        return part if isinstance(part, Priced) else Priced(part)
    return _replaced(part.choice, _by_cost) if isinstance(part, Auto) else None


def _replaced(part: Any, change: Callable[[Any], Any]) -> Any:
    """Return `part` changed, or where `change` returns None, with all that it wraps changed."""
    changed = change(part)
    if changed is not None:
        return changed
    parts = fields(part) if is_dataclass(part) else ()  # somebody's own may be any object
    inner = {one.name: getattr(part, one.name) for one in parts}
    wrapped = {name: one for name, one in inner.items() if is_dataclass(one)}
    new = {name: _replaced(one, change) for name, one in wrapped.items()}
    return replace(part, **new) if new else part


def selection_of(given: object) -> Selection:
    """Return the selection that the value under `strategy` describes."""
    mapping = {"kind": given} if isinstance(given, str) else dict(_expect_mapping(given))
    shared = [one.name for one in fields(Selection) if one.name != "strategy"]
    own = {key: mapping.pop(key) for key in shared if key in mapping}
    selection: Selection = build(Selection, own, "strategy", KINDS)
    if not mapping:
        return selection
    kind = str(mapping.get("kind"))
    if kind in strategies.SCORERS and kind not in strategies.TABLE:
        raise ConfigurationError(
            f"strategy.kind: {kind} only scores; write "
            f"{{kind: top_k, scorer: {{kind: {kind}}}}}, or cluster_top in place of top_k"
        )
    cls = strategies.TABLE.get(kind)
    if cls is not None:
        own_keys = [one.name for one in fields(cls)]
        refuse_unknown(mapping, ["kind", *shared, *own_keys], "strategy")
    strategy = build_kind(strategies.TABLE, mapping, "strategy", KINDS)
    return replace(selection, strategy=strategy)


def _expect_mapping(given: object) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise ConfigurationError(f"strategy: expected keys and values, got {given!r}")
    return given
