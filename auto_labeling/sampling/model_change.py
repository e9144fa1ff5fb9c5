"""`ExpectedModelChange`: ask where an answer would change the model most."""

from __future__ import annotations

from typing import Any

from auto_labeling.sampling.names import GRADIENT, built, chosen
from auto_labeling.sampling.sampler import Sampler, Seed


class ExpectedModelChange(Sampler):
    """The candidates of the longest expected gradient (Settles, Craven & Ray 2008).

    Args:
        model: a model that ends in a linear softmax head, such as the default, a name, or a
            pipeline; the length is that of the gradient by the weights of that head.
        gradient_method: empirical: the expectation is over the model's own probabilities.
        random_state: decides between equal scores.
    """

    def __init__(
        self,
        model: Any = "logistic_regression",
        gradient_method: str = "empirical",
        random_state: Seed = None,
    ) -> None:
        written = chosen(gradient_method, GRADIENT, "gradient_method")
        super().__init__(model, built(written), random_state)
