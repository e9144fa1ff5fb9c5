"""Logits are told from probabilities by what made them, not by where they happen to lie."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from auto_labeling.models.torch_logits import as_logits
from auto_labeling.models.torch_module import TorchModule
from auto_labeling.models.torch_outputs import said_by

torch = pytest.importorskip("torch")
nn = torch.nn

ONE, MANY = nn.Linear(4, 1), nn.Linear(4, 3)
CROPS = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)

HEADS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "linear": ("logits", ONE),
    "squeezed": ("logits", lambda x: ONE(x).squeeze(1)),
    "one column": ("logits", lambda x: ONE(x)[:, 0]),
    "flat": ("logits", lambda x: ONE(x).flatten()),
    "logarithms": ("logits", lambda x: torch.log_softmax(MANY(x), dim=1)),
    "product": ("logits", lambda x: x @ MANY.weight.T),
    "sigmoid": ("probabilities", lambda x: torch.sigmoid(ONE(x)).squeeze(1)),
    "clamped": ("probabilities", lambda x: torch.sigmoid(ONE(x)).clamp(1e-3, 1 - 1e-3)),
    "softmax": ("probabilities", lambda x: torch.softmax(MANY(x), dim=1)),
    "second of two": ("probabilities", lambda x: torch.softmax(MANY(x), dim=1)[:, 1]),
    "double": ("probabilities", lambda x: torch.sigmoid(ONE(x)).double()),
    "gated": ("unknown", lambda x: torch.sigmoid(ONE(x)) * ONE(x)),
    "constant": ("unknown", lambda x: torch.zeros(len(x), 1)),
}


@pytest.mark.parametrize("head", HEADS)
def test_the_last_operation_tells(head: str) -> None:
    expected, function = HEADS[head]
    assert said_by(function(torch.from_numpy(CROPS).requires_grad_())) == expected


def test_small_logits_are_logits() -> None:
    """As those of a network that has learned nothing: read as probabilities they are all sure."""
    module = nn.Linear(4, 1)
    with torch.no_grad():
        module.weight.mul_(0.01)
        module.bias.fill_(0.1)
    outputs = TorchModule(module=module).outputs(CROPS)
    assert ((outputs > 0) & (outputs < 1)).all()
    proba = TorchModule(module=module).predict_proba(CROPS)
    np.testing.assert_allclose(proba[:, 1], 1 / (1 + np.exp(-outputs[:, 0])), rtol=1e-6)


@pytest.mark.parametrize(
    "head", ["linear", "squeezed", "sigmoid", "softmax", "product", "second of two"]
)
def test_any_head_as_logits_says_the_same(head: str) -> None:
    said, function = HEADS[head]

    class Net(nn.Module):  # type: ignore[misc, name-defined]
        def forward(self, x: Any) -> Any:
            return function(x)

    logits = TorchModule(module=as_logits(Net(), said)).outputs(CROPS)
    proba = TorchModule(module=Net()).predict_proba(CROPS)
    assert logits.shape == proba.shape
    powers = np.exp(logits.astype(np.float64))
    np.testing.assert_allclose(powers / powers.sum(axis=1, keepdims=True), proba, rtol=1e-5)


def test_logits_of_certain_probabilities_are_finite() -> None:
    class Certain(nn.Module):  # type: ignore[misc, name-defined]
        def forward(self, x: Any) -> Any:
            return torch.softmax(1e4 * x, dim=1)

    assert np.isfinite(
        TorchModule(module=as_logits(Certain(), "probabilities")).outputs(CROPS)
    ).all()
