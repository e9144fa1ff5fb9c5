"""What a torch module says, and that it is left as it was; without torch, only the arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import expit, softmax

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.models.torch_module import TorchModule, inputs, is_torch_module, probabilities
from auto_labeling.sampling.hybrid import HybridQueryStrategy

CROPS = np.random.default_rng(0).normal(size=(600, 3, 4, 4)).astype(np.float32)
LOGITS = np.random.default_rng(1).normal(size=(9, 3))


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        (LOGITS, softmax(LOGITS, axis=1)),
        (softmax(LOGITS, axis=1), softmax(LOGITS, axis=1)),
        (LOGITS[:, 0], np.stack([1 - expit(LOGITS[:, 0]), expit(LOGITS[:, 0])], axis=1)),
        (LOGITS[:, :1], np.stack([1 - expit(LOGITS[:, 0]), expit(LOGITS[:, 0])], axis=1)),
        (np.array([0.0, 0.2, 1.0]), np.array([[1.0, 0.0], [0.8, 0.2], [0.0, 1.0]])),
        (np.full((2, 2), 0.9), np.full((2, 2), 0.5)),
    ],
)
def test_logits_and_probabilities_are_told_apart(outputs: Any, expected: Any) -> None:
    np.testing.assert_allclose(probabilities(outputs), expected)


def test_outputs_that_are_none_are_refused() -> None:
    with pytest.raises(DataError, match="row 1 is not"):
        probabilities(np.array([[0.0], [np.nan]]))
    with pytest.raises(DataError, match=r"outputs must be \(n, k\)"):
        probabilities(np.zeros((2, 2, 2)))


def test_crops_of_several_sizes_are_refused() -> None:
    with pytest.raises(DataError, match="crops: expected one shape"):
        inputs([np.zeros((3, 4, 4)), np.zeros((3, 5, 5))])
    with pytest.raises(DataError, match=r"crops: expected inputs of shape \(n, ...\)"):
        inputs(np.zeros(4))


def test_without_torch_nothing_is_a_module() -> None:
    assert not is_torch_module(object())


def module(head: str, embeds: str = "neither") -> Any:
    """Return a module with one or three outputs, as logits or probabilities."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)

    class Net(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.convolve = torch.nn.Conv2d(3, 5, 3)
            self.drop = torch.nn.Dropout(0.5)
            self.head = torch.nn.Linear(5, 3 if head.endswith("many") else 1)

        def seen(self, x: Any) -> Any:
            return torch.relu(self.convolve(x))

        def forward(self, x: Any) -> Any:
            out = self.head(self.drop(self.seen(x).mean(dim=(2, 3))))
            if head == "logit":
                return out[:, 0]
            if head == "proba":
                return torch.sigmoid(out)
            return torch.softmax(out, dim=1) if head == "proba of many" else out

    if embeds != "neither":
        setattr(Net, embeds, Net.seen)
    return Net().train()


@pytest.mark.parametrize("head", ["logit", "proba", "proba of many", "logits of many"])
@pytest.mark.parametrize("embeds", ["features", "encode", "neither"])
def test_a_module_chooses(head: str, embeds: str) -> None:
    net = module(head, embeds)
    strategy = HybridQueryStrategy(beta=2, random_state=0)
    scores = strategy.compute_uncertainty_scores(net, CROPS, "cpu")
    assert scores.shape == (600,)
    assert 0 <= scores.min() < scores.max() <= 1
    picks = strategy.select_batch(net, CROPS, 20)
    assert len(set(picks.tolist())) == 20
    assert set(picks.tolist()) <= set(np.argsort(-scores)[:40].tolist())
    assert net.training, "it is left as it was"
    net.drop.eval()
    strategy.compute_uncertainty_scores(net, CROPS[:3], "cpu")
    assert [part.training for part in (net, net.convolve, net.drop)] == [True, True, False]
    np.testing.assert_array_equal(scores, strategy.compute_uncertainty_scores(net, CROPS, "cpu"))


def test_points_are_averaged_over_places() -> None:
    torch = pytest.importorskip("torch")
    net = module("logit", "features")
    points = TorchModule(module=net).embed(CROPS)
    with torch.no_grad():
        expected = net.features(torch.from_numpy(CROPS)).mean(dim=(2, 3)).numpy()
    np.testing.assert_allclose(points, expected, rtol=1e-5)
    flat = TorchModule(module=module("logit")).embed(CROPS)
    np.testing.assert_array_equal(flat, CROPS.reshape(600, -1))


def test_tensors_and_lists_are_inputs_too() -> None:
    torch = pytest.importorskip("torch")
    net = module("logits of many")
    expected = TorchModule(module=net).predict_proba(CROPS[:7])
    for given in (torch.from_numpy(CROPS[:7]), list(CROPS[:7]), [*torch.from_numpy(CROPS[:7])]):
        np.testing.assert_allclose(TorchModule(module=net).predict_proba(given), expected)


def test_an_empty_pool_gives_an_empty_batch() -> None:
    assert HybridQueryStrategy().select_batch(module("proba"), CROPS[:0], 5).shape == (0,)


def test_what_a_module_cannot_do_is_one_sentence() -> None:
    torch = pytest.importorskip("torch")
    from auto_labeling import PseudoLabeler

    class Two(torch.nn.Module):  # type: ignore[misc, name-defined]
        def forward(self, x: Any) -> Any:
            return x[:, :1], x[:, 1:]

    def said(model: Any, crops: Any, device: str = "cpu") -> Any:
        return PseudoLabeler().generate_pseudo_labels(model, crops, device)

    crops = torch.randn(5, 4)
    with pytest.raises(
        DataError, match=r"model: it cannot read torch\.float32 crops of shape \(4,\)"
    ):
        said(torch.nn.Linear(3, 1), crops)
    with pytest.raises(DataError, match=r"model: it cannot read torch\.float32 crops"):
        said(torch.nn.Linear(4, 1).double(), crops)
    with pytest.raises(DataError, match="model: expected one that returns a tensor, got a tuple"):
        said(Two(), crops)
    with pytest.raises(ConfigurationError, match="device: cpo cannot be used here"):
        said(torch.nn.Linear(4, 1), crops, "cpo")
    assert len(said(torch.nn.Linear(4, 1), crops.bfloat16())[0]) == 5
