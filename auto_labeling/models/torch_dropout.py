"""A torch module that disagrees with itself: its dropout goes on while it predicts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from auto_labeling.errors import ConfigurationError
from auto_labeling.models.torch_classifier import TorchClassifier
from auto_labeling.models.torch_device import repeatable
from auto_labeling.models.torch_module import judging


class DropoutClassifier(TorchClassifier):
    """Each member is the module with other units dropped out (Gal & Ghahramani 2016)."""

    def sample_proba(self, X: Any) -> NDArray[np.float64]:
        """Return (n, k, m); the same call returns the same."""
        none = np.empty((0, len(self.classes_), self.settings.dropout_samples))
        proba: list[NDArray[np.float64]] = [none]
        with self._threads():
            proba += [self._sampled(part) for part in self._parts(X)]
        return np.concatenate(proba)

    def _sampled(self, part: NDArray[np.float32]) -> NDArray[np.float64]:
        import torch

        net, members = self._net(), range(self.seed, self.seed + self.settings.dropout_samples)
        net.module.to(net.device)
        given, logits = torch.from_numpy(part).to(net.device), []
        for member in members:
            with repeatable(member, str(net.device)), _dropping(net.module):
                logits.append(net.module(given).double().cpu().numpy())
        proba: NDArray[np.float64] = softmax(np.stack(logits, axis=2), axis=1)
        return proba

    def _made(self) -> Any:
        module = super()._made()
        if not _dropouts(module):
            raise ConfigurationError(
                f"dropout_samples: {self.source.name} made a module without dropout layers, which "
                "cannot disagree with itself; choose `kind: committee`, or add one"
            )
        return module


@contextmanager
def _dropping(module: Any) -> Iterator[None]:
    """Switch dropout on for a while, and nothing else that training does; keep no gradients."""
    import torch

    with judging(module), torch.no_grad():
        for layer in _dropouts(module):
            layer.train()
        yield


def _dropouts(module: Any) -> list[Any]:
    import torch

    kinds = tuple(
        getattr(torch.nn, name)
        for name in (
            "Dropout",
            "Dropout1d",
            "Dropout2d",
            "Dropout3d",
            "AlphaDropout",
            "FeatureAlphaDropout",
        )
    )
    return [layer for layer in module.modules() if isinstance(layer, kinds)]
