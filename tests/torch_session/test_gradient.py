"""Expected gradient lengths are what autograd says, answer by answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from auto_labeling.errors import ConfigurationError
from auto_labeling.torch_session import ExpectedGradient
from tests.torch_session.nets import blobs, net

torch = pytest.importorskip("torch")

CROPS = blobs(n=12)[0]


def by_autograd(module: Any, row: Any) -> float:
    """Return the expected length of the gradient by the last weights, one backward pass a class."""
    linear = [layer for layer in module.modules() if isinstance(layer, torch.nn.Linear)][-1]
    outputs = module(row[None]).double()[0]
    squashed = not isinstance(module[-1], torch.nn.Linear)
    if len(outputs) == 1:
        second = outputs[0] if squashed else torch.sigmoid(outputs[0])
        chances = torch.stack([1 - second, second])
    else:
        chances = outputs if squashed else torch.softmax(outputs, dim=0)
    expected = 0.0
    for chance in chances:
        (gradient,) = torch.autograd.grad(-chance.log(), linear.weight, retain_graph=True)
        expected += float(chance.detach()) * float(gradient.norm())
    return expected


@pytest.mark.parametrize("outputs", [1, 2, 5])
@pytest.mark.parametrize("squashed", [False, True])
def test_the_closed_form_is_exact(outputs: int, squashed: bool) -> None:
    module = net(outputs, squashed=squashed).eval()
    lengths = ExpectedGradient().compute_gradient_lengths(module, CROPS)
    expected = [by_autograd(module, torch.from_numpy(row)) for row in CROPS]
    np.testing.assert_allclose(lengths, expected, rtol=2e-5)


def test_the_longest_are_chosen() -> None:
    module, strategy = net(3), ExpectedGradient(random_state=0)
    lengths = strategy.compute_gradient_lengths(module, CROPS)
    np.testing.assert_array_equal(
        strategy.select_batch(module, torch.from_numpy(CROPS), 4), np.argsort(-lengths)[:4]
    )
    assert strategy.select_batch(module, CROPS, 99).shape == (12,)


def test_a_pool_without_crops_gives_none() -> None:
    assert ExpectedGradient().select_batch(net(3), CROPS[:0], 4).shape == (0,)


def test_a_module_without_a_linear_end_is_refused() -> None:
    convolutional = torch.nn.Sequential(
        torch.nn.Conv2d(1, 2, 3, padding=1), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()
    )
    with pytest.raises(ConfigurationError, match="ends in a linear layer"):
        ExpectedGradient().select_batch(convolutional, np.zeros((3, 1, 4, 4)), 1)
    squeezed = torch.nn.Sequential(
        torch.nn.Linear(6, 1), torch.nn.Conv1d(1, 2, 1), torch.nn.Flatten()
    )
    with pytest.raises(ConfigurationError, match="ends in a linear layer"):
        ExpectedGradient().select_batch(squeezed, np.zeros((3, 1, 6)), 1)


def test_a_head_over_places_is_refused() -> None:
    class Places(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.head = torch.nn.Linear(6, 2)

        def forward(self, x: Any) -> Any:
            return self.head(x).mean(dim=1)

    with pytest.raises(ConfigurationError, match=r"given \(3, d\), it is given \(3, 4, 6\)"):
        ExpectedGradient().select_batch(Places(), np.zeros((3, 4, 6)), 1)
