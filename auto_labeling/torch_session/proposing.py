"""What a pseudo-labeler takes of the unlabeled crops, and no more of it than labels allow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import expect_shape
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.models.torch_module import TorchModule
from auto_labeling.semi_supervised.class_shares import balanced, class_shares
from auto_labeling.semi_supervised.pseudo_labels import PseudoLabels
from auto_labeling.semi_supervised.thresholds import most_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On which terms pseudo-labels stand beside people's."""

    weight: float = 0.5
    """What each counts beside a person's label, which counts 1."""
    max_ratio: float | None = None
    """The most pseudo-labels a label of people's; None: as many as are sure enough."""
    audit: float = 0.1
    """Share of the crops handed out that is drawn by lot among them, for people to label."""
    precision: float = 0.8
    """How much of the confidence they claim people have to bear out: else they are off for good."""

    def __post_init__(self) -> None:
        for name in ("weight", "audit", "precision"):
            if not 0 < getattr(self, name) < 1:  # false for NaN
                raise ConfigurationError(
                    f"{name}: expected a share in (0, 1), got {getattr(self, name)}"
                )
        most_for(1, self.max_ratio)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Proposed:
    """Pseudo-labels of some crops."""

    taken: PseudoLabels
    """Positions are of the whole pool."""
    chances: NDArray[np.float64]
    """(m, k) what the module says of them."""


def proposed(
    labeler: Any,
    net: TorchModule,
    crops: Any,
    candidates: NDArray[np.intp],
    targets: NDArray[np.intp],
    terms: Terms,
) -> Proposed:
    """Return what is taken of the candidates, no class with more than its share of it.

    `targets` are people's labels. Where these or what is taken show one class, nothing is taken.
    """
    chances = net.predict_proba(crops[candidates])
    if len(np.unique(targets)) < 2 or not len(candidates):
        return Proposed(taken=PseudoLabels.none(), chances=chances[:0])
    many = chances.shape[1] > 2
    mask, classes, confidence = (_of_many if many else _of_two)(labeler, net, crops[candidates])
    rows = np.flatnonzero(mask)
    found = PseudoLabels(
        positions=rows,
        targets=classes[rows],
        confidence=confidence[rows],
        weights=np.full(len(rows), terms.weight),
    )
    most = most_for(len(targets), terms.max_ratio)
    kept = balanced(found, class_shares(chances, targets), most)
    if len(np.unique(kept.targets)) < 2:  # they tell no class from another, and move every border
        return Proposed(taken=PseudoLabels.none(), chances=chances[:0])
    taken = replace(kept, positions=candidates[kept.positions])
    return Proposed(taken=taken, chances=chances[kept.positions])


def expect_labeler(labeler: Any, n_classes: int) -> None:
    """Raise `ConfigurationError` unless this labels as many classes as the module knows."""
    wanted = "generate_pseudo_labels" if n_classes == 2 else "generate_class_labels"
    if labeler is not None and not hasattr(labeler, wanted):
        raise ConfigurationError(
            f"pseudo_labeler: expected one with {wanted}, because the model knows {n_classes} "
            f"classes, got a {type(labeler).__name__}"
        )


def _of_two(labeler: Any, net: TorchModule, crops: Any) -> tuple[NDArray[Any], ...]:
    said = labeler.generate_pseudo_labels(net.module, crops, net.device)
    positive, negative, chance = (_array(one, len(crops)) for one in said)
    if (positive.astype(bool) & negative.astype(bool)).any():
        raise DataError("pseudo_labeler: expected no crop to be positive and negative")
    mask = positive.astype(bool) | negative.astype(bool)
    return mask, positive.astype(np.intp), np.maximum(chance, 1 - chance)


def _of_many(labeler: Any, net: TorchModule, crops: Any) -> tuple[NDArray[Any], ...]:
    said = labeler.generate_class_labels(net.module, crops, net.device)
    mask, classes, confidence = (_array(one, len(crops)) for one in said)
    return mask.astype(bool), classes.astype(np.intp), confidence.astype(np.float64)


def _array(given: Any, n: int) -> NDArray[Any]:
    array = np.asarray(given.detach().cpu() if hasattr(given, "detach") else given)
    expect_shape("what the pseudo_labeler returns", array, (n,))
    return array
