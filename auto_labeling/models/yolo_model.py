"""YOLO as a model: it learns from drawings or classes, detects, classifies and embeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auto_labeling.arrays import expect_shape
from auto_labeling.detections import OVERLAP, Detections
from auto_labeling.errors import DataError
from auto_labeling.models.yolo import Yolo
from auto_labeling.models.yolo_dataset import split, training_folder, write_classes, write_drawings
from auto_labeling.models.yolo_library import channels_last, expect_device, few_threads, guest
from auto_labeling.models.yolo_pictures import Frame, as_tensor, batches, frames, squares
from auto_labeling.models.yolo_results import detections_of
from auto_labeling.models.yolo_training import Course, OnEpoch, trained
from auto_labeling.models.yolo_weights import Network, packed, read_network
from auto_labeling.pictures import Pictures
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Shape

_TASKS = {"boxes": "detect", "polygons": "segment", "masks": "segment"}
_AT_ONCE = 16
_MIDDLE = 6  # the last layer of the backbone's middle scale


@dataclass(kw_only=True, eq=False)
class YoloModel:
    """A network that begins from its settings' weights whenever it learns.

    A fitted one holds its own weights: it needs neither the weights' file nor a folder.
    """

    requires: ClassVar[tuple[str, ...]] = ("torch", "torchvision", "ultralytics")

    settings: Yolo
    seed: int
    base: Path = Path()
    """What a relative path of the weights is relative to."""
    checkpoints: Path | None = None
    """Where it trains; None: in a temporary folder. Either way nothing is left there."""
    on_epoch: OnEpoch | None = None
    classes_: NDArray[np.intp] = field(init=False, repr=False)
    _start: Network | None = field(default=None, init=False, repr=False)
    _learned: Network | None = field(default=None, init=False, repr=False)
    _module: Any = field(default=None, init=False, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        return self._network().names

    def started_from(self, other: YoloModel) -> YoloModel:
        """Return a copy of this that has learned nothing and begins from what `other` learned."""
        made = replace(self)
        made._start = other._network()
        return made

    def learn(
        self, pictures: Pictures, drawn: Sequence[tuple[Shape, ...]], schema: LabelSchema
    ) -> None:
        if len(pictures) != len(drawn):
            raise DataError(f"drawn: expected {len(pictures)} answers, got {len(drawn)}")
        if schema.task not in _TASKS:
            raise DataError(f"labels: expected boxes, polygons or masks, got {schema.task!r}")

        def write(folder: Path, rows: NDArray[np.intp]) -> None:
            shown = [drawn[row] for row in rows]
            write_drawings(folder, pictures[rows], shown, schema, self.settings.image_size)

        self._train(_TASKS[schema.task], schema.classes, len(pictures), write)

    def fit(self, X: Pictures, y: ArrayLike) -> YoloModel:
        """Learn from n pictures and (n,) class positions; `predict_proba` knows those seen."""
        labels = np.asarray(y)
        expect_shape("labels", labels, (len(X),))
        classes, firsts, targets = np.unique(labels, return_index=True, return_inverse=True)
        names = [f"{at:05}" for at in range(len(classes))]

        def write(folder: Path, rows: NDArray[np.intp]) -> None:
            given = [names[target] for target in targets[rows]]
            write_classes(folder, X[rows], given, self.settings.image_size)

        self._train("classify", names, len(X), write, firsts)
        self.classes_ = classes
        return self

    def predict_proba(self, X: Pictures) -> NDArray[np.float64]:
        """Return (n, k) probabilities of the classes seen."""
        network = self._network()
        if self._learned is None or network.task != "classify":
            raise DataError("model: it has not learned to classify pictures")
        given = squares(X, self.settings.image_size)
        parts = [output[0].double().cpu().numpy() for _, output in self._outputs(network, given)]
        return np.concatenate([np.empty((0, len(network.names))), *parts])

    def detect(
        self, pictures: Pictures, *, mirrored: bool = False, overlap: float = OVERLAP
    ) -> Detections:
        network = self._network()
        if network.task == "classify":
            raise DataError("model: it classifies pictures and has learned to find nothing on them")
        if network.state is None:
            raise DataError("model: its weights are random, it sees nothing before it has learned")
        found = [Detections.empty(1)] * len(pictures)
        given = frames(pictures, self.settings.image_size, mirrored=mirrored)
        for batch, output in self._outputs(network, given):
            seen = detections_of(output, batch, network.names, mirrored=mirrored, overlap=overlap)
            for frame, one in zip(batch, seen, strict=True):
                found[frame.row] = one
        return Detections.joined(found)

    def suppressing(self, overlap: float) -> Suppressing:
        """Return the same as a detector, leaving out what overlaps by more."""
        return Suppressing(model=self, overlap=overlap)

    def embed(self, X: Pictures) -> NDArray[np.float32]:
        """Return (n, d) means over each picture of two layers of the backbone."""
        network = self._network()
        last = len(network.plan["backbone"]) - 1
        layers = sorted({min(_MIDDLE, last), last})
        points: list[NDArray[np.float32]] = [np.empty(0, np.float32)] * len(X)
        for batch, output in self._outputs(network, frames(X, self.settings.image_size), layers):
            for frame, one in zip(batch, output, strict=True):
                points[frame.row] = one.cpu().numpy()
        return np.stack(points) if points else np.empty((0, 0), np.float32)

    def __getstate__(self) -> dict[str, Any]:
        """Keep what was learned, and of what was there before only what is still needed."""
        left = {"checkpoints": None, "on_epoch": None, "_module": None}
        if self._learned is not None:
            left["_start"] = None
        return {**self.__dict__, **left}

    def _network(self) -> Network:
        """Return what was learned, or what learning begins from; the weights are read once."""
        if self._learned is not None:
            return self._learned
        if self._start is None:
            self._start = read_network(self.settings.weights, self.settings.sha256, self.base)
        return self._start

    def _train(
        self,
        task: str,
        names: Sequence[str],
        n: int,
        write: Callable[[Path, NDArray[np.intp]], None],
        must_train: Sequence[int] | NDArray[np.intp] = (),
    ) -> None:
        """Train on n pictures, which `write` puts into a folder by their rows."""
        if n == 0:
            raise DataError("pictures: expected at least one that is labeled, got none")
        settings = self.settings
        self._learned = self._module = None  # learning again begins anew
        with guest(self.seed), training_folder(self.checkpoints) as folder:
            module = self._network().adapted(task, names)
            train, val = split(n, settings.patience, self.seed, must_train)
            write(folder / "train", train)
            if len(val):
                write(folder / "val", val)
            course = Course(
                task=task,
                names=names,
                folder=folder,
                arguments=_arguments(settings, self.seed),
                on_epoch=self.on_epoch,
            )
            self._learned = packed(module, task, names, trained(module, course))

    def _outputs(
        self, network: Network, given: Iterator[Frame], layers: Sequence[int] | None = None
    ) -> Iterator[tuple[list[Frame], Any]]:
        """Yield batches with what the network says, or with its means over some layers."""
        import torch

        expect_device(self.settings.device)
        with guest(self.seed):
            if self._module is None:
                module = network.module().eval().fuse(verbose=False)
                self._module = channels_last(module.to(self.settings.device))
            module = self._module
        for batch in batches(given, _AT_ONCE):
            with torch.inference_mode(), few_threads():
                seen = as_tensor(batch, self.settings.device)
                yield batch, module(seen, embed=layers)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Suppressing:
    """A model that leaves out boxes of one class whose IoU is above `overlap`."""

    model: YoloModel
    overlap: float

    @property
    def names(self) -> tuple[str, ...]:
        return self.model.names

    def detect(self, pictures: Pictures, *, mirrored: bool = False) -> Detections:
        return self.model.detect(pictures, mirrored=mirrored, overlap=self.overlap)


def _arguments(settings: Yolo, seed: int) -> dict[str, Any]:
    """Return what ultralytics trains with; what it would do besides training is switched off."""
    return {
        "amp": False,
        **settings.options,
        "epochs": settings.epochs,
        "patience": settings.patience or 0,
        "batch": settings.batch,
        "imgsz": settings.image_size,
        "device": settings.device.removeprefix("cuda:"),
        "seed": seed % 2**31,
        "plots": False,
        "verbose": False,
    }
