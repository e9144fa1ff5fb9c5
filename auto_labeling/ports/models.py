"""Models: what fits, predicts and detects, and what the campaign file says about one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auto_labeling.detections import Detections
from auto_labeling.pictures import Pictures
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Shape


class Model(Protocol):
    """Anything that fits and predicts: every scikit-learn classifier is one."""

    classes_: NDArray[Any]

    def fit(self, X: Any, y: ArrayLike) -> Any:
        """Learn from (n, p) features and (n,) class positions."""
        ...

    def predict_proba(self, X: Any) -> NDArray[np.floating[Any]]:
        """Return (n, len(classes_)) probabilities."""
        ...


@runtime_checkable
class Embeds(Protocol):
    """A model that maps items to points in which near means alike."""

    def embed(self, X: Any) -> NDArray[np.floating[Any]]:
        """Return (n, d)."""
        ...


@runtime_checkable
class SamplesPosterior(Protocol):
    """A model that can disagree with itself: a committee, an ensemble, dropout."""

    def sample_proba(self, X: Any) -> NDArray[np.floating[Any]]:
        """Return (n, k, m) probabilities of m members."""
        ...


@runtime_checkable
class Detects(Protocol):
    """A model that finds objects on pictures."""

    @property
    def names(self) -> tuple[str, ...]:
        """The classes that it knows; `Detections.labels` are positions among them."""
        ...

    def detect(self, pictures: Pictures, *, mirrored: bool = False) -> Detections:
        """Return what it sees, surest first; nothing is left out but what is almost nothing.

        Boxes are of the pictures as people see them, turned by their EXIF orientation. With
        `mirrored` the pictures are looked at in a mirror, and what is seen is turned back. Raises
        `DataError` that names a picture which cannot be read.
        """
        ...


@runtime_checkable
class WarmStarts(Protocol):
    """A model that is trained for long, and may begin where another's training ended."""

    checkpoints: Path | None
    """Where it may write while it is trained; None: a folder that is gone afterwards."""
    on_epoch: Callable[[int, int, Mapping[str, float]], object] | None
    """Told after every epoch: how many are done, how many there will be at most, the losses."""

    def started_from(self, other: Any) -> Self:
        """Return an unfitted copy that begins from what another model has learned."""
        ...


@runtime_checkable
class LearnsDrawings(Detects, Protocol):
    """A detector that learns from what people draw."""

    def learn(
        self, pictures: Pictures, drawn: Sequence[tuple[Shape, ...]], schema: LabelSchema
    ) -> None:
        """Learn from n pictures with what is drawn on each; nothing is an answer too.

        Training begins from the weights that the model was made with.
        """
        ...


class ModelSettings(Protocol):
    """What the campaign file says about a model: the class a model's `TABLE` row names.

    It may say by class attributes what is not so for most: `learns = False` for no model at all,
    `tasks`, the label tasks it can learn (single and multi), and `reads = "pictures"` for one that
    looks at the pictures themselves instead of features.
    """

    def build(self, seed: int, base: Path = Path()) -> Model:
        """Return an unfitted model; `base` is what relative paths are relative to."""
        ...


@runtime_checkable
class ChecksFiles(Protocol):
    """Settings of a model that begins with files, which are missed before anything is bought."""

    def check(self, base: Path, task: str) -> None:
        """Raise `ConfigurationError` for a file that is absent, another, or of no use for `task`.

        `base` is what relative paths are relative to. Nothing is loaded or imported for it.
        """
        ...
