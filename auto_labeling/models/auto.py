"""A few models in competition, as the campaign file names them."""

# ruff: noqa: ARG002 - every model is built by one call, whether it uses `base` or not

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from auto_labeling.ports import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Auto:
    """Linear models on two scales, discriminants and two kernels, weighed by the labels."""

    def build(self, seed: int, base: Path = Path()) -> Model:
        """Return the candidates in competition; `seed` deals the labels into folds."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import Normalizer

        from auto_labeling.models.best_of import BestOf
        from auto_labeling.models.kernel_ridge import KernelRidgeClassifier
        from auto_labeling.models.lda import ShrunkLda
        from auto_labeling.models.scaling import CommonScale

        candidates = {
            "logistic_regression": make_pipeline(CommonScale(), LogisticRegression(max_iter=300)),
            "logistic_regression on unit rows": make_pipeline(
                Normalizer(), LogisticRegression(C=10.0, max_iter=300)
            ),
            "lda": make_pipeline(CommonScale(), ShrunkLda()),
            "kernel_ridge, wide": make_pipeline(
                CommonScale(), KernelRidgeClassifier(narrowness=0.3, random_state=seed)
            ),
            "kernel_ridge": make_pipeline(CommonScale(), KernelRidgeClassifier(random_state=seed)),
        }
        students = ("kernel_ridge, wide", "kernel_ridge")
        best: Model = BestOf(candidates, students, random_state=seed)
        return best
