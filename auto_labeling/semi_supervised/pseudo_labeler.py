"""`PseudoLabeler`: what a model is sure of, by a threshold that comes down from round to round."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auto_labeling import rows as data
from auto_labeling.arguments import as_number
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.models import asking
from auto_labeling.semi_supervised.class_shares import balanced as balanced_of
from auto_labeling.semi_supervised.class_shares import class_shares
from auto_labeling.semi_supervised.expanding import expand_with_pseudo_labels
from auto_labeling.semi_supervised.pseudo_labels import PseudoLabels
from auto_labeling.semi_supervised.thresholds import (
    calibrated_thresholds,
    checked_chances,
    checked_confidence,
    confident,
)


class PseudoLabeler:
    """Takes a fitted model at its word where it is sure enough.

    A model is anything with predict_proba, or a torch module, which
    `auto_labeling.models.torch_module` reads; the classes of a module are positions.

    Args:
        initial_threshold: the confidence asked in the first round, above 0 and at most 1.
        min_threshold: what it never falls below.
        decay_per_round: how far `step` lowers it.

    >>> labeler = PseudoLabeler(initial_threshold=0.9, min_threshold=0.85, decay_per_round=0.03)
    >>> [labeler.threshold, labeler.step(), labeler.step()]
    [0.9, 0.87, 0.85]
    """

    def __init__(
        self,
        initial_threshold: float = 0.9,
        min_threshold: float = 0.7,
        decay_per_round: float = 0.02,
    ) -> None:
        checked_confidence(initial_threshold, "initial_threshold")
        checked_confidence(min_threshold, "min_threshold")
        if min_threshold > initial_threshold:
            raise ConfigurationError(
                f"initial_threshold: expected at least min_threshold, {min_threshold!r}, got "
                f"{initial_threshold!r}"
            )
        if not 0 <= as_number(decay_per_round) < 1:
            raise ConfigurationError(
                f"decay_per_round: expected a number from 0 to 1, got {decay_per_round!r}"
            )
        self._initial, self._least = float(initial_threshold), float(min_threshold)
        self._decay, self._rounds = float(decay_per_round), 0
        self._by_class: dict[Any, float] = {}

    @property
    def threshold(self) -> float:
        """The confidence asked in this round."""
        # rounded, because .9 - 3 * .02 is above .84
        return max(self._least, round(self._initial - self._rounds * self._decay, 12))

    def step(self) -> float:
        """Go to the next round, and return its threshold."""
        self._rounds += 1
        return self.threshold

    def reset(self) -> Self:
        """Go back to the first round; what `calibrate` found stays."""
        self._rounds = 0
        return self

    def calibrate(
        self, model: Any, X: Any, y: ArrayLike, device: str = "cpu", *, precision: float = 0.9
    ) -> Self:
        """Find what each class needs so that its pseudo-labels are right as often as `precision`.

        From now on a class is taken at its own threshold or at `threshold`, whichever is higher; at
        none where the labels do not bear the precision out.

        Args:
            model: fitted already, on other rows.
            X: (l, ...) labeled rows that the model has not learned from.
            y: (l,) their labels, as the model says them.
            device: where a torch module computes.
            precision: between 0 and 1.
        """
        said = asking.proba(model, X, device, "X")
        labels = data.checked_labels(y, len(said))
        classes = asking.classes_of(model, said.shape[1])
        unknown = ~np.isin(labels, classes)
        if unknown.any():
            raise DataError(
                f"y: expected classes that the model knows, {classes[:5].tolist()}, got "
                f"{labels[unknown][0]!r}"
            )
        by_class = calibrated_thresholds(
            said, (labels[:, None] == classes).argmax(axis=1), precision=precision
        )
        self._by_class = dict(zip(classes.tolist(), by_class.tolist(), strict=True))
        return self

    def generate_pseudo_labels(
        self, model: Any, crops: Any, device: str = "cpu"
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.float64]]:
        """Return (n,) who is taken as positive, (n,) who as negative, and (n,) confidences.

        Of a model of two classes, whose second is the positive one: p >= threshold is taken, and
        so is 1 - p. A confidence is the chance of the likelier class, taken or not.
        """
        said = checked_chances(asking.proba(model, crops, device))
        if said.shape[1] != 2:
            raise DataError(
                f"model: expected one of two classes, got {said.shape[1]}; for several classes "
                "there is generate_class_labels"
            )
        asked = self._asked(model, 2)
        if asked.min() <= 0.5:
            raise ConfigurationError(
                f"threshold: expected one above 0.5 for two classes, got {asked.min()}, at which a "
                "row may be taken as both"
            )
        negative, positive = (said >= asked).T
        return positive, negative, said.max(axis=1)

    def generate_class_labels(
        self, model: Any, X: Any, device: str = "cpu", *, balanced: bool = False
    ) -> tuple[NDArray[np.bool_], NDArray[Any], NDArray[np.float64]]:
        """Return (n,) who is taken, (n,) the likeliest class of each, and (n,) its chance.

        Balanced, no class has more than its share of what is taken; what part of the pool a class
        is, the mean of the chances says.
        """
        said = asking.proba(model, X, device, "X")
        mask = np.zeros(len(said), dtype=bool)
        mask[self._taken(model, said, balanced=balanced).positions] = True
        classes = asking.classes_of(model, said.shape[1])
        return mask, classes[said.argmax(axis=1)], said.max(axis=1)

    def propose(
        self,
        model: Any,
        X: Any,
        device: str = "cpu",
        *,
        weight: float = 0.5,
        balanced: bool = False,
    ) -> PseudoLabels:
        """Return what is taken, each with a weight; targets are positions among the classes."""
        return self._taken(model, asking.proba(model, X, device, "X"), weight, balanced=balanced)

    def expand_with_pseudo_labels(
        self,
        X_labeled: Any,
        y_labeled: ArrayLike,
        X_unlabeled: Any,
        model: Any,
        device: str = "cpu",
        *,
        max_pseudo_ratio: float = 0.5,
        weight: float = 0.5,
    ) -> tuple[Any, NDArray[Any], NDArray[np.float64]]:
        """Return rows, labels and weights to fit on, as `expand_with_pseudo_labels` does."""
        return expand_with_pseudo_labels(
            X_labeled,
            y_labeled,
            X_unlabeled,
            model,
            self,
            device,
            max_pseudo_ratio=max_pseudo_ratio,
            weight=weight,
        )

    def _taken(
        self, model: Any, said: NDArray[np.float64], weight: float = 0.5, *, balanced: bool
    ) -> PseudoLabels:
        taken = confident(said, self._asked(model, said.shape[1]), weight=weight)
        return balanced_of(taken, class_shares(said)) if balanced else taken

    def _asked(self, model: Any, k: int) -> NDArray[np.float64]:
        named = asking.classes_of(model, k).tolist()
        return np.array([max(self.threshold, self._by_class.get(name, 0.0)) for name in named])
