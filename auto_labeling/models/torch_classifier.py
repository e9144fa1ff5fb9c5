"""A torch module that learns and is stored as any other model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from io import BytesIO
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.models.torch_device import repeatable, threads_for, torch_device
from auto_labeling.models.torch_head import given_to, last_linear
from auto_labeling.models.torch_inputs import FeatureInputs, PictureInputs, numbers
from auto_labeling.models.torch_module import TorchModule, judging
from auto_labeling.models.torch_source import Source, blamed
from auto_labeling.models.torch_training import Examples, trained
from auto_labeling.view import len_of

if TYPE_CHECKING:
    from auto_labeling.models.torch_model import Torch

_MORE = 8  # times a training batch are predicted at once: no gradients are kept


@dataclass(kw_only=True, eq=False)
class TorchClassifier:
    """Reads (n, p) features or n pictures.

    What is pickled is the state of the module and the code that makes it: a process that loads it
    needs neither the file nor the device that it was trained with.
    """

    requires: ClassVar[tuple[str, ...]] = ("torch",)

    settings: Torch
    source: Source
    seed: int
    classes_: NDArray[Any] = field(init=False, repr=False)
    _inputs: FeatureInputs | PictureInputs = field(init=False, repr=False)
    _state: bytes = field(init=False, repr=False)
    _module: Any = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.settings.reads == "pictures":
            self._inputs = PictureInputs(self.settings.image_size)

    def fit(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> TorchClassifier:
        """Train a new module; `DataError` where the loss is no number."""
        self.classes_, targets = np.unique(y, return_inverse=True)
        if self.settings.reads == "features":
            self._inputs = FeatureInputs(X)
        given = self._inputs.read(X)
        weights = np.ones(len(targets)) if sample_weight is None else np.asarray(sample_weight)
        examples = Examples(inputs=given, targets=targets, weights=weights / weights.mean())
        with self._threads():
            module = trained(lambda: self._checked(given), examples, self.settings, self.seed)
        self._state = _stored(module)
        self._module = module
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        net = self._net()
        logits: list[NDArray[Any]] = [np.empty((0, len(self.classes_)))]
        with self._threads():
            logits += [net.outputs(part) for part in self._parts(X)]
        proba: NDArray[np.float64] = softmax(np.concatenate(logits).astype(np.float64), axis=1)
        return proba

    def embed(self, X: Any) -> NDArray[np.float32]:
        """Return (n, d): what `features` or `encode` give, else what the last linear layer sees.

        A module that looks at pictures can do so before it is trained, as its function made it.
        """
        net = self._net() if hasattr(self, "_state") else self._untrained()
        named = hasattr(net.module, "features") or hasattr(net.module, "encode")
        last = None if named else last_linear(net.module)
        with self._threads():
            points = [
                net.embed(part) if last is None else _seen_by(last, net, part)
                for part in self._parts(X)
            ]
        return np.concatenate(points) if points else np.empty((0, 1), dtype=np.float32)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_module": None}

    def _made(self) -> Any:
        return self.source.make(len(self.classes_), self._inputs.shape)

    def _checked(self, given: Any) -> Any:
        """Return a new module that gives what it has to of the first two items."""
        import torch

        name, shape = self.source.name, self._inputs.shape
        module = self._made()
        with (
            blamed(name, f"made a module that cannot read inputs of shape {shape}"),
            judging(module),
            torch.no_grad(),
        ):
            outputs = module(torch.from_numpy(numbers(given[:2])))
        wanted, got = (2, len(self.classes_)), getattr(outputs, "shape", type(outputs).__name__)
        if got != wanted:
            raise ConfigurationError(
                f"module: {name} made a module that returns {got} of two items, expected {wanted}: "
                "one logit a class"
            )
        if (outputs >= 0).all() and ((outputs.sum(dim=1) - 1).abs() < 1e-5).all():
            raise ConfigurationError(
                f"module: {name} made a module that returns probabilities, expected logits: leave "
                "its softmax out"
            )
        return module

    def _untrained(self) -> TorchModule:
        import torch

        if not isinstance(getattr(self, "_inputs", None), PictureInputs):
            raise DataError("model: expected one that is fitted, because it reads features")
        with repeatable(self.seed, "cpu"):
            module = self.source.make(2, self._inputs.shape)
            with judging(module), torch.no_grad():
                module(torch.zeros(2, *self._inputs.shape))  # where layers find out their sizes
        return TorchModule(module=module, device=self._device())

    def _net(self) -> TorchModule:
        """Return the trained module where it can be used here."""
        import torch

        if self._module is None:
            with repeatable(self.seed, "cpu"):  # the weights that are drawn are not kept
                self._module = self._made()
            state = torch.load(BytesIO(self._state), map_location="cpu", weights_only=True)
            self._module.load_state_dict(state)
        return TorchModule(module=self._module.eval(), device=self._device())

    def _device(self) -> Any:
        try:
            return torch_device(self.settings.device)
        except ConfigurationError:
            return "cpu"  # what was trained on a GPU may be served without one

    def _threads(self) -> AbstractContextManager[None]:
        return threads_for(self.settings.batch * prod(self._inputs.shape))

    def _parts(self, X: Any) -> Iterator[NDArray[np.float32]]:
        step, n = _MORE * self.settings.batch, len_of(X)
        for start in range(0, n, step):
            yield numbers(self._inputs.read(X[start : min(start + step, n)]))


def _stored(module: Any) -> bytes:
    import torch

    state = BytesIO()
    torch.save({name: part.cpu() for name, part in module.state_dict().items()}, state)
    return state.getvalue()


def _seen_by(layer: Any, net: TorchModule, part: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (n, d) what a layer is given, mean over places."""
    points = given_to(layer, net, part)
    mean: NDArray[np.float32] = points.reshape(len(points), -1, points.shape[-1]).mean(axis=1)
    return mean
