"""Small modules, crops that they can learn, and people who answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from auto_labeling.models.torch_plan import Training

QUICK = Training(epochs=1, min_steps=40, lr=0.02, patience=None)


def net(outputs: int = 1, d: int = 6, seed: int = 0, *, squashed: bool = False) -> Any:
    """Return a module of d features with so many logits, or probabilities."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(seed)
    last = torch.nn.Sigmoid() if outputs == 1 else torch.nn.Softmax(dim=1)
    layers = [torch.nn.Linear(d, 16), torch.nn.ReLU(), torch.nn.Linear(16, outputs)]
    return torch.nn.Sequential(*layers, *([last] if squashed else []))


def blobs(
    k: int = 2, n: int = 200, seed: int = 0, apart: float = 4.0
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Return (n, 6) crops and (n,) classes; every class is a cloud around its own corner."""
    rng = np.random.default_rng(seed)
    y = rng.integers(k, size=n)
    return (rng.normal(size=(n, 6)) + apart * np.eye(6)[y]).astype(np.float32), y


class Claims:
    """Says what it is told to say of every crop, and is sure of it."""

    def __init__(self, right: float, truth: NDArray[np.intp], crops: NDArray[np.float32]) -> None:
        self._truth = {one.tobytes(): int(label) for one, label in zip(crops, truth, strict=True)}
        self._right, self.steps = right, 0

    def generate_pseudo_labels(self, model: Any, crops: Any, device: str) -> tuple[Any, Any, Any]:
        del model, device
        rows = np.asarray(crops)
        truth = np.array([self._truth[one.tobytes()] for one in rows])
        told = np.array([hash(one.tobytes()) % 1000 / 1000 < self._right for one in rows])
        positive = (truth == 1) == told
        return positive, ~positive, np.full(len(rows), 0.95)

    def step(self) -> None:
        self.steps += 1
