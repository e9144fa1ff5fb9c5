"""Any torch head as one logit a class, so that one loss trains them all."""

from __future__ import annotations

from typing import Any

from auto_labeling.models.torch_outputs import Said

_LEAST = 1e-6  # a probability of 0 has no logarithm


def as_logits(module: Any, said: Said) -> Any:
    """Return a module around this one, with its weights, that says (n, k) logits, k at least 2.

    A single output z becomes (0, z), whose softmax is what the sigmoid of z says; probabilities
    become their logarithms.
    """
    import torch

    class AsLogits(torch.nn.Module):  # type: ignore[misc]  # to mypy, torch is an extra: Any
        def __init__(self) -> None:
            super().__init__()
            self.inner = module

        def forward(self, inputs: Any) -> Any:
            outputs = self.inner(inputs)
            outputs = outputs[:, None] if outputs.ndim == 1 else outputs
            single = outputs.shape[1] == 1
            if said == "probabilities":
                chances = torch.cat([1 - outputs, outputs], dim=1) if single else outputs
                return chances.clamp_min(_LEAST).log()
            return torch.cat([torch.zeros_like(outputs), outputs], dim=1) if single else outputs

    return AsLogits()
