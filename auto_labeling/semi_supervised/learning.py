"""A model of people's labels, the same with what the unlabeled say, and which of them is used."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.models.fitting import Fitted
from auto_labeling.models.folds import dealt, how_many
from auto_labeling.models.stacking import hedged, log_loss, power, raised, weights
from auto_labeling.semi_supervised.graphs import Graphs, graphs_of
from auto_labeling.semi_supervised.proposers import (
    Fit,
    Labels,
    Neighbours,
    Proposer,
    Student,
    said_by,
    views_of,
)
from auto_labeling.semi_supervised.pseudo_labels import PseudoLabels
from auto_labeling.semi_supervised.settings import SemiSupervised
from auto_labeling.semi_supervised.thresholds import most_for

MODEL = "model"
"""The proposer that is the model itself."""
_LENT = 10.0
"""Labels that speak for the others before any has: with few labels, near means alike."""
_LENT_TO_MODEL = 1.0
_EVIDENCE = 10.0
"""How many times likelier the proposals have to make hidden labels: strong evidence (Jeffreys
1961). With a handful of labels less than that is luck, and 3,000 rows are learned wrong."""
_MOST = 3_000
"""Pseudo-labels that are learned from: more of them say the same again, and take long."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learned:
    """What was learned, with and without the unlabeled."""

    fitted: Fitted
    """The model to use."""
    plain: Fitted
    """The model of people's labels alone."""
    proposed: PseudoLabels
    """What was taken, or would have been."""
    used: bool
    reason: str
    """Why they are not used; '' where they are."""
    with_them: float
    """How often proposals for labeled rows are right whose label was hidden; nan if unknown."""
    without: float
    """The same of the model of people's labels alone."""
    say: Mapping[str, float]
    """How much each proposer counts; the shares sum to one."""


def learn(
    settings: SemiSupervised,
    fit: Fit,
    X: Any,
    points: NDArray[np.floating[Any]],
    labeled: NDArray[np.intp],
    targets: NDArray[np.intp],
    k: int,
    *,
    seed: int,
    graphs: Graphs | None = None,
) -> Learned:
    """Return what people's labels teach, and what they and the unlabeled rows teach together.

    Proposers are the model and, by `settings.kind`, label spreading over graphs of nearest
    neighbours, models of single views (co-training, Blum & Mitchell 1998), or a student of the
    model (self-training, Scudder 1965). Cross-validation over people's labels says how far to
    believe each; the mean of what they say of an unlabeled row is its proposal. A sample of all is
    learned from, each weighing its own chance of being right times `settings.weight`. Unless the
    mean makes hidden labels ten times as likely as the model alone does, none is used.

    Args:
        settings: who proposes, and how much a pseudo-label counts.
        fit: fits an unfitted model.
        X: (n, p) rows that may teach; nothing that judges is among them.
        points: (n, c) the same rows where near means alike.
        labeled: (l,) positions of labeled rows.
        targets: (l,) their classes.
        k: how many classes there are.
        seed: draws the folds, the graph's cells and the sample.
        graphs: those of `graphs_of`, where they are known already.
    """
    plain = fit(X[labeled], targets, None)
    if plain.model is None:
        return _alone(plain, "all labels are of one class: nothing can be told apart")
    rng = np.random.default_rng(seed)
    folds = dealt(targets, rng, how_many(len(targets)))
    labels = Labels(rows=labeled, targets=targets, k=k, folds=folds)
    others = _others(settings, fit, X, points, graphs, rng)
    said = {MODEL: said_by(fit, plain, X, labels)}
    said |= {name: one.speak(labels) for name, one in others.items()}
    hidden = {name: hedged(one.of_hidden) for name, one in said.items()}
    powers = {name: power(chances, targets) for name, chances in hidden.items()}
    heated = {name: raised(chances, powers[name]) for name, chances in hidden.items()}
    say = _say(heated, targets)
    chances = _mean(say, {name: raised(one.of_all, powers[name]) for name, one in said.items()})
    proposed = _taken(settings, chances, labeled, min(1.0, 2.0 * (1.0 - say[MODEL])), rng)
    together = _mean(say, heated)
    gained = len(targets) * (log_loss(heated[MODEL], targets) - log_loss(together, targets))
    reason = _objection(proposed, X.shape[0] - len(labeled), gained)
    return Learned(
        fitted=plain if reason else _with(fit, plain, X, labeled, targets, proposed),
        plain=plain,
        proposed=proposed,
        used=not reason,
        reason=reason,
        with_them=_right(together, targets),
        without=_right(hidden[MODEL], targets),
        say=say,
    )


def _others(
    settings: SemiSupervised,
    fit: Fit,
    X: Any,
    points: NDArray[np.floating[Any]],
    graphs: Graphs | None,
    rng: np.random.Generator,
) -> dict[str, Proposer]:
    """Return who proposes beside the model."""
    if settings.kind == "co_training":
        settings.expect_columns(X.shape[1])
        return views_of(X, settings.views, fit)
    if settings.kind == "self_training":
        n = X.shape[0]
        sample = np.sort(rng.choice(n, size=min(_MOST, n), replace=False))
        return {"student": Student(rows=X, fit=fit, sample=sample, weight=settings.weight)}
    found = graphs_of(points, rng) if graphs is None else graphs
    return {name: Neighbours(graph=graph) for name, graph in found.items()}


def _mean(say: Mapping[str, float], said: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = np.sum([say[name] * said[name] for name in say], axis=0)
    return mean


def _say(heated: Mapping[str, NDArray[np.float64]], targets: NDArray[np.intp]) -> dict[str, float]:
    others = len(heated) - 1
    lent = [_LENT_TO_MODEL if name == MODEL else _LENT / others for name in heated]
    found = weights(list(heated.values()), targets, lent)
    return dict(zip(heated, found.tolist(), strict=True))


def _taken(
    settings: SemiSupervised,
    chances: NDArray[np.float64],
    labeled: NDArray[np.intp],
    fade: float,
    rng: np.random.Generator,
) -> PseudoLabels:
    rest = np.setdiff1d(np.arange(len(chances)), labeled)
    allowed = most_for(len(labeled), settings.max_ratio)
    most = min(_MOST, len(rest)) if allowed is None else min(_MOST, len(rest), allowed)
    drawn = np.sort(rng.choice(rest, size=most, replace=False))
    confidence = np.minimum(chances[drawn].max(axis=1), 1.0)
    return PseudoLabels(
        positions=drawn,
        targets=chances[drawn].argmax(axis=1),
        confidence=confidence,
        weights=settings.weight * fade * confidence,
    )


def _objection(proposed: PseudoLabels, left: int, gained: float) -> str:
    """Return what speaks against the pseudo-labels; '' where nothing does.

    They are taken of the `left` unlabeled rows. `gained` is how much the log likelihood of hidden
    labels rises with the proposals. What is lent to the graphs lowers it where neighbours know
    nothing: they have to earn it.
    """
    if not len(proposed):
        return "max_ratio lets none be taken" if left else "nothing is left to be labeled"
    if len(np.unique(proposed.targets)) == 1:
        return "all pseudo-labels are of one class"
    if gained < math.log(_EVIDENCE):
        return (
            f"with the proposals hidden labels are {math.exp(gained):.1f} times as likely as by "
            f"the model of people's labels alone, and {_EVIDENCE:.0f} times is asked for"
        )
    return ""


def _with(
    fit: Fit,
    plain: Fitted,
    X: Any,
    labeled: NDArray[np.intp],
    targets: NDArray[np.intp],
    proposed: PseudoLabels,
) -> Fitted:
    """Return a model that has learned from both; one that has been chosen is not chosen again."""
    rows = X[np.concatenate([labeled, proposed.positions])]
    both = np.concatenate([targets, proposed.targets])
    counts = np.concatenate([np.ones(len(labeled)), proposed.weights])
    refit = getattr(plain.model, "refit", None)
    if refit is None:
        return fit(rows, both, counts)
    model = refit(rows, both, counts)
    return Fitted(model=model, classes=np.asarray(model.classes_, dtype=np.intp), width=plain.width)


def _right(said: NDArray[np.float64], targets: NDArray[np.intp]) -> float:
    return float((said.argmax(axis=1) == targets).mean())


def _alone(plain: Fitted, reason: str) -> Learned:
    return Learned(
        fitted=plain, plain=plain, proposed=PseudoLabels.none(), used=False, reason=reason,
        with_them=math.nan, without=math.nan, say={MODEL: 1.0},
    )  # fmt: skip
