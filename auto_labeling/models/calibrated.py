"""A model whose probabilities are mended by what it says of labels it has not seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from auto_labeling.errors import ConfigurationError
from auto_labeling.models.sklearn import LogisticRegression
from auto_labeling.ports import ChecksFiles, Model, ModelSettings

Method = Literal["isotonic", "sigmoid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """Five folds of the labels calibrate a model; the model itself learns from all of them.

    While a class has fewer than five labels the model answers as it is.
    """

    model: ModelSettings = field(default_factory=LogisticRegression)
    """What is calibrated: any that learns from features."""
    method: Method = "sigmoid"
    """`isotonic` follows any rising curve, and wants about a thousand labels."""

    def __post_init__(self) -> None:
        if self.method not in get_args(Method):
            raise ConfigurationError(
                f"method: expected one of {', '.join(get_args(Method))}, got {self.method!r}"
            )
        looks = getattr(self.model, "reads", "features") == "pictures"
        if looks or not getattr(self.model, "learns", True):
            raise ConfigurationError(
                "model: expected one that learns from features, got a "
                f"{type(self.model).__name__}; leave out `kind: calibrated`"
            )

    @property
    def tasks(self) -> tuple[str, ...]:
        """What the model can learn."""
        tasks: tuple[str, ...] = getattr(self.model, "tasks", ("single", "multi"))
        return tasks

    def check(self, base: Path, task: str) -> None:
        """Look at the files that the model begins with."""
        if isinstance(self.model, ChecksFiles):
            self.model.check(base, task)

    def build(self, seed: int, base: Path = Path()) -> Model:
        """Return the model and its calibration, unfitted; `seed` also deals the folds."""
        from auto_labeling.models.calibration import CalibratedClassifier

        model: Model = CalibratedClassifier(
            self.model.build(seed, base), method=self.method, random_state=seed
        )
        return model
