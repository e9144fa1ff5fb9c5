"""What a fitted model says of rows, whether it has predict_proba or is a torch module."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling import rows as data
from auto_labeling.errors import ConfigurationError
from auto_labeling.models import learning
from auto_labeling.models.torch_module import TorchModule, is_torch_module


def proba(model: Any, X: Any, device: str = "cpu", name: str = "crops") -> NDArray[np.float64]:
    """Return (n, k) probabilities; `device` is where a torch module computes.

    >>> from sklearn.naive_bayes import GaussianNB
    >>> proba(GaussianNB().fit([[0.0], [9.0]], ["no", "yes"]), [[9.0]])
    array([[0., 1.]])
    """
    if is_torch_module(model):
        return TorchModule(module=model, device=device).predict_proba(X)
    expect_predictions(model, device)
    return learning.proba(model, data.checked_rows(X, name))


def classes_of(model: Any, k: int) -> NDArray[Any]:
    """Return (k,) the labels that a model's columns stand for: positions where it has no names."""
    return np.asarray(getattr(model, "classes_", np.arange(k)))


def expect_predictions(model: Any, device: str) -> None:
    """Raise `ConfigurationError` unless this is a model with predict_proba, on the CPU."""
    if not hasattr(model, "predict_proba"):
        raise ConfigurationError(
            f"model: expected one with predict_proba, got a {type(model).__name__}"
        )
    if device != "cpu":
        raise ConfigurationError(
            f"device: expected 'cpu' for a {type(model).__name__}, got {device!r}"
        )
