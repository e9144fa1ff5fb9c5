"""A fitted torch module as a model: probabilities of what it returns, points of what it sees."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from auto_labeling.arrays import expect_shape
from auto_labeling.errors import DataError
from auto_labeling.models.torch_device import torch_device
from auto_labeling.models.torch_outputs import Said, said_by
from auto_labeling.view import refuse_non_finite

_AT_ONCE = 256
_SLACK = 1e-3  # what single precision does to the sum of a row


def is_torch_module(model: object) -> bool:
    """Whether this is a torch module; torch is not imported to find out."""
    torch = sys.modules.get("torch")  # whoever holds a module has imported it
    return torch is not None and isinstance(model, torch.nn.Module)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TorchModule:
    """A module that maps (n, ...) inputs to one or k logits or probabilities each."""

    module: Any
    device: str = "cpu"

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return (n, k) probabilities; one output an input is that of the second of two classes."""
        rows = inputs(X)
        return probabilities(self.outputs(rows), self.says(rows))

    def says(self, X: Any) -> Said:
        """Return whether the outputs are probabilities or logits, where the first input tells."""
        import torch

        rows = inputs(X[:1])
        if not len(rows):
            return "unknown"
        device = torch_device(self.device)
        with judging(self.module), torch.enable_grad():
            self.module.to(device)
            given = torch.from_numpy(rows).to(device).requires_grad_()
            return said_by(_made(self.module, given))

    def outputs(self, X: Any) -> NDArray[np.float32]:
        """Return (n, ...) what the module makes of its inputs."""
        return self._mapped(self.module, X)

    def embed(self, X: Any) -> NDArray[np.float32]:
        """Return (n, d): what `features` or `encode` give, mean over places; else the inputs."""
        of_module = getattr(self.module, "features", getattr(self.module, "encode", None))
        if of_module is None:
            rows = inputs(X)
            return rows.reshape(len(rows), int(np.prod(rows.shape[1:])))
        points = self._mapped(of_module, X)
        return points if points.ndim < 3 else points.mean(axis=tuple(range(2, points.ndim)))

    def _mapped(self, function: Callable[[Any], Any], X: Any) -> NDArray[np.float32]:
        import torch

        rows = inputs(X)
        device = torch_device(self.device)
        with judging(self.module), torch.no_grad():
            self.module.to(device)
            parts = [
                _made(function, torch.from_numpy(rows[start : start + _AT_ONCE]).to(device))
                for start in range(0, len(rows), _AT_ONCE)
            ]
        if not parts:
            return np.empty((0, 1), dtype=np.float32)
        made: NDArray[np.float32] = torch.cat(parts).float().cpu().numpy()
        return made


def inputs(X: Any) -> NDArray[np.float32]:
    """Return (n, ...) the inputs of a module, given as a tensor, an array, or a list of either."""
    rows = _array(X) if not isinstance(X, list | tuple) else _stacked([_array(one) for one in X])
    if rows.ndim < 2 and rows.size:
        raise DataError(f"crops: expected inputs of shape (n, ...), got {rows.shape}")
    refuse_non_finite(rows, "crops")
    return np.ascontiguousarray(rows, dtype=np.float32)


def probabilities(outputs: NDArray[Any], said: Said = "unknown") -> NDArray[np.float64]:
    """Return (n, k) probabilities of logits or probabilities (n,), (n, 1) or (n, k).

    Rows without anything negative that sum to 1 are probabilities already, and so are single
    outputs where that is `said`; where nothing is, those that all lie in [0, 1]. Everything else
    is read as logits.

    >>> probabilities(np.array([0.0, 0.25])), probabilities(np.array([[0.0, 0.0]]))
    (array([[1.  , 0.  ],
           [0.75, 0.25]]), array([[0.5, 0.5]]))
    """
    given = np.asarray(outputs, dtype=np.float64)
    if given.ndim == 1:
        given = given[:, None]
    expect_shape("outputs", given, ("n", "k"))
    refuse_non_finite(given, "outputs")
    sure = are_probabilities(given, said)
    if given.shape[1] == 1:
        second = given if sure else expit(given)
        return np.hstack([1 - second, second])
    return given if sure else np.asarray(softmax(given, axis=1))


def are_probabilities(outputs: NDArray[Any], said: Said) -> bool:
    """Return whether outputs (n,) or (n, k) are read as probabilities; see `probabilities`."""
    if outputs.ndim == 1 or outputs.shape[1] == 1:
        return said != "logits" and bool(((outputs >= 0) & (outputs <= 1)).all())
    sums = np.abs(outputs.sum(axis=1) - 1) <= _SLACK
    return bool((outputs >= 0).all() and sums.all())


@contextmanager
def judging(module: Any) -> Iterator[None]:
    """Switch dropout and batch statistics off for a while; what was off before stays so after."""
    learning = [part for part in module.modules() if part.training]
    module.eval()
    try:
        yield
    finally:
        for part in learning:
            part.training = True


def _made(function: Callable[[Any], Any], given: Any) -> Any:
    """Return the tensor that a module makes of inputs, or raise `DataError`."""
    import torch

    try:
        made = function(given)
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        raise DataError(
            f"model: it cannot read {given.dtype} crops of shape {tuple(given.shape[1:])}: "
            f"{str(error).splitlines()[0]}"
        ) from error
    if not isinstance(made, torch.Tensor):
        raise DataError(f"model: expected one that returns a tensor, got a {type(made).__name__}")
    return made


def _array(X: Any) -> NDArray[Any]:
    if not hasattr(X, "detach"):
        return np.asarray(X)
    held = X.detach().cpu()
    return np.asarray(held.float() if held.is_floating_point() else held)  # numpy knows no bfloat16


def _stacked(rows: list[NDArray[Any]]) -> NDArray[Any]:
    shapes = {one.shape for one in rows}
    if len(shapes) > 1:
        raise DataError(f"crops: expected one shape, got {sorted(shapes)[:3]}; resize them")
    return np.stack(rows) if rows else np.empty((0, 1))
