"""A file as people write it beside their campaign, and the contract of what it makes."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auto_labeling.models import fitting
from auto_labeling.models.torch_model import Torch
from tests.contracts.model import K, ModelContract, blobs

QUICK: dict[str, Any] = {"min_steps": 100, "lr": 0.01}

CODE = '''
import torch
from torch import nn


def net(classes, shape):
    return nn.Sequential(
        nn.Linear(shape[0], 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.2),
        nn.Linear(64, classes),
    )


def plain(classes, shape):
    return nn.Sequential(nn.Linear(shape[0], 32), nn.ReLU(), nn.Linear(32, classes))


def lazy_cnn(classes, shape):
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.Conv2d(8, 16, 3, stride=2), nn.ReLU(),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.LazyLinear(classes),
    )


def too_many(classes, shape):
    return nn.Linear(shape[0], classes + 2)


def softmaxed(classes, shape):
    return nn.Sequential(nn.Linear(shape[0], classes), nn.Softmax(dim=1))


def narrow(classes, shape):
    return nn.Linear(shape[0] + 1, classes)


def forgetful(classes, shape):
    nn.Linear(shape[0], classes)


def broken(classes, shape):
    raise KeyError("weights")


class Greedy(nn.Module):
    """Holds no more than eight items at once, and keeps book of what it held."""

    held = []

    def __init__(self, classes, shape, most):
        super().__init__()
        self.last, self.most = nn.Linear(shape[0], classes), most

    def forward(self, x):
        if self.training:
            self.held.append(len(x))
            if len(x) > self.most:
                raise torch.OutOfMemoryError("CUDA out of memory")
        return self.last(x)


def greedy(classes, shape):
    return Greedy(classes, shape, 8)


def insatiable(classes, shape):
    return Greedy(classes, shape, 1)


class Encoder(nn.Module):
    def __init__(self, classes, shape):
        super().__init__()
        self.body, self.last = nn.Linear(shape[0], 5), nn.Linear(5, classes)

    def encode(self, x):
        return torch.tanh(self.body(x))

    def forward(self, x):
        return self.last(self.encode(x))
'''


def torch_settings(folder: Path, function: str, **more: Any) -> Torch:
    """Write the file and return settings that name one of its functions and its digest."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "net.py").write_text(CODE, encoding="utf-8")
    digest = hashlib.sha256(CODE.encode()).hexdigest()
    return Torch(module=f"net.py:{function}", sha256=digest, **more)


class TorchContract(ModelContract):
    """What every model promises; with `made`, but for the function, which a file holds."""

    made: Torch

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Torch:
        pytest.importorskip("torch")
        named = torch_settings(tmp_path, "net")
        module = f"{tmp_path}/{named.module}"
        return replace(self.made, module=module, sha256=named.sha256)

    def test_chunks_change_nothing(self, fitted: fitting.Fitted) -> None:
        """To single precision: in another chunk sums are taken in another order."""
        X, _ = blobs(seed=1)
        by_five, at_once = (fitting.predict(fitted, X, K, chunk=chunk) for chunk in (5, 99))
        np.testing.assert_allclose(by_five, at_once, atol=1e-6)
