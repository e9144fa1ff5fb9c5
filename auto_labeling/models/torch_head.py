"""The last linear layer of a torch module: what it is given, beside what the module says."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import ConfigurationError
from auto_labeling.models.torch_module import TorchModule, inputs


def head_inputs(net: TorchModule, X: Any) -> NDArray[np.float32]:
    """Return (n, d) what the head is given: the linear layer that is called last.

    Raises `ConfigurationError` where no such layer says one row an input.
    """
    rows = inputs(X)
    layer = _called_last(net, rows[:1])
    if not len(rows):
        return np.empty((0, layer.in_features), dtype=np.float32)
    seen = given_to(layer, net, rows)
    if seen.ndim != 2 or len(seen) != len(rows):
        raise ConfigurationError(
            f"model: expected a last linear layer that is given ({len(rows)}, d), it is given "
            f"{seen.shape}; pool its inputs before it"
        )
    return seen


def last_linear(module: Any) -> Any:
    """Return the linear layer that was made last; None where there is none."""
    linear = _linear_layers(module)
    return linear[-1] if linear else None


def given_to(layer: Any, net: TorchModule, rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (n, ...) what a layer of the module is given."""
    import torch

    seen: list[Any] = []
    hook = layer.register_forward_pre_hook(lambda _, given: seen.append(given[0].detach()))
    try:
        net.outputs(rows)
    finally:
        hook.remove()
    points: NDArray[np.float32] = torch.cat(seen).float().cpu().numpy()
    return points


def _called_last(net: TorchModule, row: NDArray[np.float32]) -> Any:
    called: list[Any] = []
    hooks = [
        layer.register_forward_pre_hook(lambda one, _: called.append(one))
        for layer in _linear_layers(net.module)
    ]
    try:
        outputs = net.outputs(row)
    finally:
        for hook in hooks:
            hook.remove()
    if not len(row):
        called = [layer for layer in [last_linear(net.module)] if layer is not None]
    elif called and called[-1].out_features != int(np.prod(outputs.shape[1:])):
        called = []
    if not called:
        raise ConfigurationError(
            f"model: expected a {type(net.module).__name__} that ends in a linear layer, whose "
            "gradient is known in closed form; it does not"
        )
    return called[-1]


def _linear_layers(module: Any) -> list[Any]:
    import torch

    return [layer for layer in module.modules() if isinstance(layer, torch.nn.Linear)]
