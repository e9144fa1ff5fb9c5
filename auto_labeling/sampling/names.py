"""The strategies by the names people type; the only place where a name becomes an object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeAlias

from auto_labeling import strategies
from auto_labeling.building import build_kind
from auto_labeling.errors import ConfigurationError
from auto_labeling.meant import meant
from auto_labeling.ports import QueryStrategy, Scorer
from auto_labeling.selection import KINDS

Written: TypeAlias = Mapping[str, Any]
"""A strategy as it stands under `strategy` in a campaign file."""


def _top(scorer: str, **fields: Any) -> Written:
    return {"kind": "top_k", "scorer": {"kind": scorer, **fields}}


UNCERTAINTY: Mapping[str, str] = {
    name: name for name in ("least_confident", "margin", "entropy", "ratio")
}
"""`uncertainty_method`, and `method` of `UncertaintySampling` -> scorer."""
DISAGREEMENT: Mapping[str, str] = {
    name: name for name in ("vote_entropy", "consensus_entropy", "max_disagreement")
}
"""`disagreement_measure` -> scorer."""
DIVERSITY: Mapping[str, str] = {
    "kmeans": "k_medoids",
    "coreset": "coreset",
    "determinantal": "determinantal",
    "typiclust": "typiclust",
    "probcover": "prob_cover",
    "herding": "herding",
}
"""`method` of `DiversitySampling` -> strategy."""
SEVERAL_LABELS: Mapping[str, str] = {
    name: name
    for name in ("multi_label_entropy", "multi_label_least_confident", "multi_label_margin")
}
"""Strategies of items that may have several labels -> scorer."""
GRADIENT: Mapping[str, Written] = {
    "empirical": _top("expected_gradient_length", inputs="features"),
}
"""`gradient_method` of `ExpectedModelChange` -> strategy."""
NAMES: Mapping[str, Written] = {
    "uncertainty": _top("least_confident"),
    "query_by_committee": _top("vote_entropy"),
    "committee": _top("vote_entropy"),
    "expected_model_change": GRADIENT["empirical"],
    "diversity": {"kind": DIVERSITY["kmeans"]},
    "combined": {"kind": "weighted"},
    "hybrid": {"kind": "cluster_top", "scorer": {"kind": "margin"}},
    **{
        name: _top(scorer)
        for name, scorer in {**UNCERTAINTY, **DISAGREEMENT, **SEVERAL_LABELS}.items()
    },
    **{name: {"kind": kind} for name, kind in DIVERSITY.items()},
}
"""What is typed -> what a campaign file would say. Every other kind of the TABLE that can be made
without further keys is a name as well."""


def strategy_of(given: object, where: str = "strategy") -> QueryStrategy:
    """Return the strategy of a name, of a mapping as in a campaign file, or the object itself.

    >>> strategy_of("margin")
    TopK(scorer=Margin())
    """
    if hasattr(given, "select") and hasattr(given, "needs"):
        strategy: QueryStrategy = given
        return strategy
    if isinstance(given, Mapping):
        return built(given, where)
    if not isinstance(given, str):
        raise ConfigurationError(
            f"{where}: expected a name, or an object with needs and select, got {given!r}"
        )
    return built(written(given, where), where)


def written(name: str, where: str = "strategy") -> Written:
    """Return what a campaign file would say for a name.

    >>> written("hybrid")
    {'kind': 'cluster_top', 'scorer': {'kind': 'margin'}}
    """
    if name not in known() and name not in strategies.TABLE:
        raise ConfigurationError(
            f"{where}: expected {_listed(known())}, got {name!r}{meant(name, known())}"
        )
    return NAMES.get(name, {"kind": name})


def built(written: Written, where: str = "strategy") -> QueryStrategy:
    """Return the strategy that a campaign file would build from this."""
    made: QueryStrategy = build_kind(strategies.TABLE, written, where, KINDS)
    return made


def scorer_of(method: str, among: Mapping[str, str], where: str) -> Scorer:
    """Return the scorer that a method of one of the tables above stands for."""
    scorer: Scorer = strategies.SCORERS[chosen(method, among, where)]()
    return scorer


def chosen(method: object, among: Mapping[str, Any], where: str) -> Any:
    """Return what a method stands for; `ConfigurationError` lists what there is."""
    if method not in among:
        raise ConfigurationError(f"{where}: expected {_listed(list(among))}, got {method!r}")
    return among[str(method)]


def known() -> list[str]:
    """Return every name that stands for a strategy of this installation, sorted."""
    alone = {kind for kind, cls in strategies.TABLE.items() if _needs_no_key(cls)}
    return sorted(
        alone.union(name for name, one in NAMES.items() if one["kind"] in strategies.TABLE)
    )


def _needs_no_key(cls: type) -> bool:
    return all(f.default is not MISSING or f.default_factory is not MISSING for f in fields(cls))


def _listed(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]
