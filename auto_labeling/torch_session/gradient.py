"""Ask where an answer would change the head of a torch module most."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arguments import whole_number
from auto_labeling.arrays import top_k
from auto_labeling.models.torch_head import head_inputs
from auto_labeling.models.torch_module import TorchModule
from auto_labeling.sampling.sampler import Seed, seed_of
from auto_labeling.strategies.gradient import ExpectedGradientLength
from auto_labeling.view import PoolView


class ExpectedGradient:
    """The longest expected gradients of the loss by the weights of the last linear layer.

    `sum_y p_y |p - e_y| |h|` in closed form, h being what the layer is given (Settles, Craven & Ray
    2008); of a single output `2 p (1 - p) |h|`.

    Args:
        random_state: of the choice between equal scores.
    """

    def __init__(self, random_state: Seed = None) -> None:
        self._seed = seed_of(random_state)

    def select_batch(
        self, model: Any, unlabeled: Any, batch_size: int = 5, device: str = "cpu"
    ) -> NDArray[np.intp]:
        """Return (min(batch_size, n),) positions in `unlabeled`, longest gradients first."""
        size = whole_number("batch_size", batch_size)
        scores = self.compute_gradient_lengths(model, unlabeled, device)
        return top_k(scores, size, np.random.default_rng(self._seed))

    def compute_gradient_lengths(
        self, model: Any, crops: Any, device: str = "cpu"
    ) -> NDArray[np.float64]:
        """Return (n,) lengths of at least 0; higher changes the head more.

        Raises `ConfigurationError` where the module does not end in a linear layer.
        """
        net = TorchModule(module=model, device=device)
        view = PoolView(proba=net.predict_proba(crops), features=head_inputs(net, crops))
        lengths = ExpectedGradientLength(inputs="features").score(view)
        # Of two classes the scorer counts the gradient of either class's weights.
        return lengths / sqrt(2) if net.outputs(crops[:1]).size == 1 else lengths
