"""Every model of the table keeps the promises of `fit` and `predict`."""

from __future__ import annotations

import hashlib
from pathlib import Path

import joblib
import pytest
from sklearn.linear_model import LogisticRegression as Estimator

from auto_labeling.models import TABLE
from auto_labeling.models.auto import Auto
from auto_labeling.models.calibrated import Calibrated
from auto_labeling.models.committee import Committee
from auto_labeling.models.pickled import Pickled
from auto_labeling.models.sklearn import (
    GradientBoosting,
    Lda,
    LogisticRegression,
    NaiveBayes,
    RandomForest,
    Svm,
)
from auto_labeling.models.torch_model import Torch
from auto_labeling.models.yolo import Yolo
from auto_labeling.ports import ModelSettings
from tests.contracts.model import ModelContract
from tests.models.torch_nets import QUICK, TorchContract


class TestLogisticRegression(ModelContract):
    made = LogisticRegression()


class TestRandomForest(ModelContract):
    made = RandomForest(n_estimators=30)


class TestGradientBoosting(ModelContract):
    made = GradientBoosting(max_iter=20)
    takes_sparse = False


class TestSvm(ModelContract):
    made = Svm()


class TestNaiveBayes(ModelContract):
    made = NaiveBayes()
    takes_sparse = False


class TestLda(ModelContract):
    made = Lda()
    takes_sparse = False


class TestCommittee(ModelContract):
    made = Committee(members=3)


class TestAuto(ModelContract):
    made = Auto()


class TestCalibrated(ModelContract):
    made = Calibrated()


class TestIsotonic(ModelContract):
    made = Calibrated(model=Committee(members=2), method="isotonic")


class TestPickled(ModelContract):
    made = Pickled(path="stands for the fixture", sha256="0" * 64)

    @pytest.fixture
    def settings(self, tmp_path: Path) -> ModelSettings:
        file = tmp_path / "mine.joblib"
        joblib.dump(Estimator(), file)
        return Pickled(path=str(file), sha256=hashlib.sha256(file.read_bytes()).hexdigest())


class TestTorch(TorchContract):
    made = Torch(module="stands:for_the_fixture", **QUICK)


CONTRACTS = [thing for name, thing in globals().items() if name.startswith("Test")]


def test_every_model_of_the_table_has_a_contract_here() -> None:
    learning = {made for made in TABLE.values() if getattr(made, "learns", True)}
    looking = {made for made in learning if getattr(made, "reads", "features") == "pictures"}
    assert learning - looking <= {type(contract.made) for contract in CONTRACTS}
    assert len(learning) == len(TABLE) - 1, "only `none` learns nothing"
    assert looking == {Yolo}, "what reads pictures alone is held to its promises in its own tests"
