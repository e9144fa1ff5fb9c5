"""Who takes part in a comparison: a strategy, how it begins, and what learns for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auto_labeling.compare.comparison import BASELINE
from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import QueryStrategy
from auto_labeling.sampling.names import strategy_of
from auto_labeling.strategies.auto import COLD_START


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entrant:
    """One strategy of a comparison."""

    name: str
    strategy: QueryStrategy
    cold_start: QueryStrategy | None
    """What chooses the first labels; None where they are drawn, the same for all."""
    full: bool
    """Whether the unlabeled teach its model as well, and the model may be chosen."""


def entrants_of(strategies: Sequence[object], track: str) -> list[Entrant]:
    """Return the entrants of names and objects; `random` is added where it is missing."""
    if isinstance(strategies, str) or not hasattr(strategies, "__len__") or not len(strategies):
        raise ConfigurationError(
            f"strategies: expected a list of names or strategy objects, got {strategies!r}"
        )
    given = [*strategies] if BASELINE in strategies else [*strategies, BASELINE]
    names = [one if isinstance(one, str) else repr(one) for one in given]
    if len(set(names)) < len(names):
        raise ConfigurationError(f"strategies: expected each once, got {names}")
    made = [strategy_of(one, f"strategies[{at}]") for at, one in enumerate(given)]
    full = [isinstance(one, str) and one != BASELINE and track == "full" for one in given]
    return [
        Entrant(name=name, strategy=strategy, cold_start=_cold_start(strategy, all_), full=all_)
        for name, strategy, all_ in zip(names, made, full, strict=True)
    ]


def _cold_start(strategy: QueryStrategy, by_default: bool) -> QueryStrategy | None:
    own: QueryStrategy | None = getattr(strategy, "cold_start", None)
    return own or (COLD_START if by_default else None)
