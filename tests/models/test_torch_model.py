"""A torch module as a campaign's model: it learns, is stored, and says what is wrong with it."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.sparse import csr_array
from sklearn.datasets import load_digits

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.models import fitting
from auto_labeling.models.committee import Committee
from auto_labeling.models.torch_model import Torch
from auto_labeling.pictures import Pictures
from auto_labeling.ports import Embeds, SamplesPosterior
from tests.contracts.model import blobs
from tests.models.torch_nets import QUICK, TorchContract, torch_settings


@pytest.fixture(autouse=True)
def torch() -> Any:
    """Return torch where it is installed; collecting tests does not import it."""
    return pytest.importorskip("torch")


class TestTorchWithDropout(TorchContract):
    made = Torch(module="stands:for_the_fixture", dropout_samples=4, **QUICK)

    def test_its_members_disagree_where_it_is_unsure(self, fitted: fitting.Fitted) -> None:
        X, _ = blobs(seed=1)
        far = np.concatenate([X[:30], (X[:30] + X[1:31]) / 2])
        said = fitting.sample(fitted, far, 4)
        assert said.shape == (60, 4, 4)
        np.testing.assert_allclose(said.sum(axis=1), 1, rtol=1e-5)
        np.testing.assert_array_equal(said, fitting.sample(fitted, far, 4))
        spread = said.std(axis=2).max(axis=1)
        assert 0 < spread[:30].mean() < spread[30:].mean()


def fitted_on(settings: Torch, folder: Path, X: Any, y: Any, k: int) -> fitting.Fitted:
    return fitting.fit(settings.build(seed=0, base=folder), X, y, k)


def accuracy(fitted: fitting.Fitted, X: Any, y: Any, k: int) -> float:
    return float((fitting.predict(fitted, X, k).argmax(axis=1) == y).mean())


@pytest.fixture(scope="module")
def digits() -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    X, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(X))
    return X[order], y[order]


def test_digits_are_learned(tmp_path: Path, digits: Any) -> None:
    X, y = digits
    settings = torch_settings(tmp_path, "net")
    assert accuracy(fitted_on(settings, tmp_path, X[:600], y[:600], 10), X[600:], y[600:], 10) > 0.9
    few = fitted_on(settings, tmp_path, X[:40], y[:40], 10)
    assert accuracy(few, X[600:], y[600:], 10) > 0.6, "twenty epochs of two steps learn nothing"


def test_sparse_rows_are_read_as_dense_ones(tmp_path: Path, digits: Any) -> None:
    X, y = digits
    sparse: Any = csr_array(X)
    settings = torch_settings(tmp_path, "plain", **QUICK)
    fitted = fitted_on(settings, tmp_path, sparse[:400], y[:400], 10)
    assert accuracy(fitted, sparse[600:], y[600:], 10) > 0.8


@pytest.fixture
def pictures(tmp_path: Path) -> tuple[Pictures, NDArray[np.intp]]:
    """Return 40 pictures, reddish or bluish, of several sizes and modes."""
    rng, paths = np.random.default_rng(0), []
    y = np.arange(40) % 2
    for at, blue in enumerate(y):
        levels = rng.integers(0, 120, (20 + at, 30, 3))
        levels[..., 2 * blue] += 100
        path = tmp_path / f"{at}.png"
        Image.fromarray(levels.astype(np.uint8)).save(path)
        paths.append(path)
    return Pictures(tuple(paths)), y


def test_pictures_are_looked_at(tmp_path: Path, pictures: Any) -> None:
    X, y = pictures
    settings = torch_settings(tmp_path, "lazy_cnn", reads="pictures", image_size=16, **QUICK)
    model: Any = settings.build(0, tmp_path)
    assert isinstance(model, Embeds)
    before = model.embed(X)
    assert before.shape == (40, 64), "as the function made it, before it has learned"
    np.testing.assert_array_equal(before, settings.build(0, tmp_path).embed(X))  # type: ignore[attr-defined]
    fitted = fitting.fit(model, X[:30], y[:30], 2)
    assert accuracy(fitted, X[30:], y[30:], 2) == 1.0
    assert fitted.model.embed(X).shape == (40, 64)  # type: ignore[union-attr]
    again = fitting.load(tmp_path / "m", fitting.dump(fitted, tmp_path / "m"))
    np.testing.assert_array_equal(fitting.predict(again, X, 2), fitting.predict(fitted, X, 2))
    X.paths[3].write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"3\.png: it cannot be decoded"):
        fitting.predict(fitted, X, 2)


def test_what_is_read_and_what_there_is_have_to_agree(tmp_path: Path, pictures: Any) -> None:
    X, y = pictures
    with pytest.raises(ConfigurationError, match="reads: expected pictures"):
        fitted_on(torch_settings(tmp_path, "plain"), tmp_path, X, y, 2)
    looks = torch_settings(tmp_path, "lazy_cnn", reads="pictures")
    with pytest.raises(ConfigurationError, match="reads: expected features"):
        fitted_on(looks, tmp_path, np.zeros((40, 3)), y, 2)


def test_points_are_what_the_module_encodes_or_its_last_layer_sees(
    tmp_path: Path, torch: Any
) -> None:
    X, y = blobs()
    for function, width in (("net", 64), ("Encoder", 5)):
        model: Any = fitted_on(torch_settings(tmp_path, function, **QUICK), tmp_path, X, y, 4).model
        points = model.embed(X)
        assert points.shape == (len(X), width)
        last = [one for one in model._module.modules() if isinstance(one, torch.nn.Linear)][-1]
        with torch.no_grad():
            logits = last(torch.from_numpy(points)).double()
        np.testing.assert_allclose(model.predict_proba(X), logits.softmax(dim=1), atol=1e-6)
    with pytest.raises(DataError, match="expected one that is fitted"):
        torch_settings(tmp_path, "net").build(0, tmp_path).embed(X)  # type: ignore[attr-defined]


@pytest.mark.slow
def test_another_process_needs_neither_the_file_nor_the_folder(tmp_path: Path) -> None:
    X, y = blobs()
    fitted = fitted_on(torch_settings(tmp_path, "Encoder", **QUICK), tmp_path, X, y, 4)
    digest = fitting.dump(fitted, tmp_path / "model")
    assert digest == fitting.dump(
        fitted_on(torch_settings(tmp_path, "Encoder", **QUICK), tmp_path, X, y, 4), tmp_path / "two"
    )
    (tmp_path / "net.py").unlink()
    np.save(tmp_path / "X.npy", X)
    script = (
        "import sys, numpy as np; from pathlib import Path;"
        "from auto_labeling.models import fitting;"
        "folder = Path(sys.argv[1]); fitted = fitting.load(folder / 'model', sys.argv[2]);"
        "np.save(folder / 'said', fitting.predict(fitted, np.load(folder / 'X.npy'), 4))"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path), digest], check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "said.npy"), fitting.predict(fitted, X, 4))


def test_random_numbers_and_threads_of_others_are_left_alone(tmp_path: Path, torch: Any) -> None:
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    fitted = fitted_on(torch_settings(tmp_path, "net", **QUICK), tmp_path, *blobs(), 4)
    fitting.predict(fitted, blobs()[0], 4)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads


def test_several_labels_an_item(tmp_path: Path) -> None:
    X, y = blobs()
    sets = np.eye(4, dtype=np.intp)[y] + np.eye(4, dtype=np.intp)[3]
    fitted = fitting.fit_sets(
        torch_settings(tmp_path, "net", **QUICK).build(0, tmp_path), X, np.minimum(sets, 1)
    )
    assert ((fitting.predict(fitted, X, 4) > 0.5) == (sets > 0)).mean() > 0.95


def test_a_committee_of_modules(tmp_path: Path) -> None:
    committee = Committee(of=torch_settings(tmp_path, "plain", **QUICK), members=2)
    model = committee.build(0, tmp_path)
    assert isinstance(model, SamplesPosterior)
    X, y = blobs()
    said = fitting.sample(fitting.fit(model, X, y, 4), X, 4)
    assert (said.mean(axis=2).argmax(axis=1) == y).mean() > 0.9
    assert (said[:, :, 0] != said[:, :, 1]).any()


def test_the_best_weights_are_kept(tmp_path: Path) -> None:
    """Of labels that are noise, the tenth that judges is predicted best by who learned least."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 20)), rng.integers(0, 2, 300)
    sure = {}
    for patience in (2, None):
        settings = torch_settings(tmp_path, "plain", epochs=30, lr=0.01, patience=patience)
        sure[patience] = fitting.predict(fitted_on(settings, tmp_path, X, y, 2), X, 2).max(axis=1)
    assert sure[2].mean() < sure[None].mean() - 0.1


def test_balanced_classes_weigh_the_same(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    y = (np.arange(400) % 20 == 0).astype(np.intp)
    X = rng.normal(size=(400, 2)) + y[:, None]
    found = {}
    for balanced in (False, True):
        settings = torch_settings(tmp_path, "plain", balanced=balanced, **QUICK)
        found[balanced] = fitting.predict(fitted_on(settings, tmp_path, X, y, 2), X, 2)[y == 1, 1]
    assert (found[True] > 0.5).mean() > (found[False] > 0.5).mean() + 0.3


def test_half_the_batch_where_memory_is_short(tmp_path: Path) -> None:
    X, y = blobs()
    model: Any = fitted_on(torch_settings(tmp_path, "greedy", **QUICK), tmp_path, X, y, 4).model
    assert model._module.held[0] > 8
    assert max(model._module.held[-50:]) <= 8
    small = torch_settings(tmp_path, "greedy", batch=8, **QUICK)
    np.testing.assert_array_equal(
        model.predict_proba(X),
        fitting.predict(fitted_on(small, tmp_path, X, y, 4), X, 4)[:, [0, 1, 3]],
    )
    with pytest.raises(DataError, match=r"two items at once do not fit .* smaller module"):
        fitted_on(torch_settings(tmp_path, "insatiable"), tmp_path, X, y, 4)


def test_a_loss_that_is_no_number_is_one_sentence(tmp_path: Path) -> None:
    settings = torch_settings(tmp_path, "plain", lr=1e30)
    with pytest.raises(
        DataError, match=r"the loss was nan in epoch 1; lower .* \(lr, now 1e\+30\)"
    ):
        fitted_on(settings, tmp_path, *blobs(), 4)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("too_many", r"returns torch\.Size\(\[2, 5\]\) of two items, expected \(2, 3\)"),
        ("softmaxed", "expected logits: leave its softmax out"),
        ("narrow", r"cannot read inputs of shape \(6,\): RuntimeError"),
        ("forgetful", r"to return a torch\.nn\.Module, it returned a NoneType"),
        ("broken", r"could not make a module of 3 classes from \(6,\): KeyError: 'weights'"),
    ],
)
def test_a_module_that_is_of_no_use_is_named(tmp_path: Path, function: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"net\.py:{function}.*{said}"):
        fitted_on(torch_settings(tmp_path, function), tmp_path, *blobs(), 4)


def test_dropout_has_to_be_there_to_disagree(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="without dropout layers"):
        fitted_on(torch_settings(tmp_path, "plain", dropout_samples=3), tmp_path, *blobs(), 4)


def test_a_device_that_is_not_there_is_said(tmp_path: Path, torch: Any) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    with pytest.raises(ConfigurationError, match=r"device: cuda cannot be used here .* choose cpu"):
        fitted_on(torch_settings(tmp_path, "plain", device="cuda"), tmp_path, *blobs(), 4)


def test_a_function_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"no function cnn; its functions are: Encoder, .*net"
    ):
        torch_settings(tmp_path, "cnn").build(0, tmp_path)
    with pytest.raises(ConfigurationError, match="no_such_package:net cannot be loaded: ModuleNot"):
        Torch(module="no_such_package:net").build(0)
    made: Any = Torch(module="tests.models.test_torch_model:installed", **QUICK).build(0)
    assert made.source.code is None
    assert accuracy(fitting.fit(made, *blobs(), 4), *blobs(seed=1), 4) > 0.9


def installed(classes: int, shape: tuple[int, ...]) -> Any:
    import torch

    return torch.nn.Linear(shape[0], classes)


def test_a_file_is_run_only_while_it_is_the_one_configured(tmp_path: Path) -> None:
    settings = torch_settings(tmp_path, "net")
    trap = f"open({str(tmp_path / 'sprung')!r}, 'w')\ndef net(classes, shape): ..."
    (tmp_path / "net.py").write_text(trap)
    with pytest.raises(ConfigurationError, match=r"module: .*net\.py: expected sha256 .* got "):
        settings.build(0, tmp_path)
    assert not (tmp_path / "sprung").exists()
    (tmp_path / "net.py").unlink()
    with pytest.raises(ConfigurationError, match=r"module: .*net\.py: there is no such file"):
        settings.build(0, tmp_path)


def test_code_that_does_not_run_is_named(tmp_path: Path) -> None:
    for code, said in (("def net(:", "SyntaxError"), ("1 / 0", "ZeroDivisionError")):
        (tmp_path / "net.py").write_text(code)
        digest = hashlib.sha256(code.encode()).hexdigest()
        with pytest.raises(ConfigurationError, match=f"net.py:net cannot be loaded: {said}"):
            Torch(module="net.py:net", sha256=digest).build(0, tmp_path)
