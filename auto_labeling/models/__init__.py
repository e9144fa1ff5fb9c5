"""What learns from the answers. A new model is one settings class and one line here."""

from __future__ import annotations

from auto_labeling.models.auto import Auto
from auto_labeling.models.calibrated import Calibrated
from auto_labeling.models.committee import Committee
from auto_labeling.models.no_model import NoModel
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

TABLE: dict[str, type] = {
    "auto": Auto,
    "calibrated": Calibrated,
    "committee": Committee,
    "gradient_boosting": GradientBoosting,
    "lda": Lda,
    "logistic_regression": LogisticRegression,
    "naive_bayes": NaiveBayes,
    "none": NoModel,
    "pickled": Pickled,
    "random_forest": RandomForest,
    "svm": Svm,
    "torch": Torch,
    "yolo": Yolo,
}
