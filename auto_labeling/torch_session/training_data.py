"""What a module learns from, people's labels and pseudo-labels told apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.models.torch_training import Examples
from auto_labeling.semi_supervised.pseudo_labels import PseudoLabels
from auto_labeling.torch_session.given import Given


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainingData:
    """Crops with their labels; those of people come first."""

    crops: Any
    """A tensor (m, ...)."""
    labels: Any
    """A tensor (m,) of class positions."""
    weights: Any
    """A tensor (m,): 1 for a person's label, less for a pseudo-label."""
    is_pseudo: Any
    """A tensor (m,): true where nobody but the model has labeled the crop."""
    indices: Any
    """A tensor (m,) of positions in the pool."""

    def __len__(self) -> int:
        return len(self.labels)


def training_data(crops: Any, given: Given, taken: PseudoLabels) -> TrainingData:
    """Return people's labels, and what is taken beside them."""
    import torch

    n = len(given.labels)
    indices = torch.from_numpy(np.concatenate([given.positions, taken.positions]))
    weights = np.concatenate([np.ones(n), taken.weights]).astype(np.float32)
    return TrainingData(
        crops=crops[indices],
        labels=torch.from_numpy(np.concatenate([given.targets, taken.targets])),
        weights=torch.from_numpy(weights),
        is_pseudo=torch.arange(len(indices)) >= n,
        indices=indices,
    )


def by_people(crops: Any, given: Given) -> Examples:
    """Return people's labels as a training run takes them."""
    return Examples(
        inputs=crops[given.positions].numpy(),
        targets=given.targets,
        weights=np.ones(len(given.labels)),
    )


def by_teacher(crops: Any, taken: PseudoLabels, chances: NDArray[np.float64] | None) -> Examples:
    """Return pseudo-labels as a training run takes them.

    `chances` (m, k), where given, are learned in place of classes.
    """
    return Examples(
        inputs=crops[taken.positions].numpy(),
        targets=taken.targets,
        weights=taken.weights,
        shares=chances,
    )
