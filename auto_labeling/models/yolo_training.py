"""One training run of ultralytics, cut down to its loop: no files of its own, no callers home."""

from __future__ import annotations

import copy
import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from auto_labeling.errors import BlockedError, ConfigurationError, DataError
from auto_labeling.models.yolo_library import channels_last, ultralytics

OnEpoch: TypeAlias = Callable[[int, int, Mapping[str, float]], object]
"""Told after every epoch: how many are done, how many there will be at most, and the losses."""

_TRAINERS = {
    "detect": "DetectionTrainer",
    "segment": "SegmentationTrainer",
    "classify": "ClassificationTrainer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What one training run is given."""

    task: str
    names: Sequence[str]
    folder: Path
    """Holds `train`, `val` where pictures are held out, and whatever ultralytics writes."""
    arguments: Mapping[str, Any]
    on_epoch: OnEpoch | None = None


def trained(module: Any, course: Course) -> dict[str, Any]:
    """Train a module and return the weights of its best epoch; of the last, if none is held out.

    Where memory runs out, the batch is halved and training begins again. Raises `BlockedError`
    where a single picture is too much, and `DataError` where the loss stops being a number.
    """
    batch = int(course.arguments["batch"])
    while True:
        try:
            return _trained_once(copy.deepcopy(module), course, batch)
        except (RuntimeError, MemoryError) as error:
            if not _is_out_of_memory(error):
                raise
        if batch == 1:
            raise BlockedError(
                "The model does not fit into memory, not even with a batch of one picture",
                remedy="Choose a smaller image_size or smaller weights.",
            )
        batch //= 2
        gc.collect()


def _trained_once(module: Any, course: Course, batch: int) -> dict[str, Any]:
    trainer = _trainer(course, batch)
    trainer.model = module
    try:
        trainer.train()
    except RuntimeError as error:
        if "NaN" in str(error):
            raise _diverged() from error
        raise
    if not all(one.isfinite().all() for one in trainer.kept.values()):
        raise _diverged()
    kept: dict[str, Any] = trainer.kept
    return kept


def _diverged() -> DataError:
    return DataError("training diverged: the loss is no number any more; lower options.lr0")


def _trainer(course: Course, batch: int) -> Any:
    ultralytics()
    from ultralytics.cfg import get_cfg
    from ultralytics.models.yolo import classify, detect, segment

    room = {"detect": detect, "segment": segment, "classify": classify}[course.task]
    overrides = {
        **course.arguments,
        "batch": batch,
        "task": course.task,
        "mode": "train",
        "model": "given",  # ultralytics wants a name, and is handed the module itself
        "save_dir": str(course.folder / "run"),
    }
    try:
        get_cfg(overrides=overrides)
    except (TypeError, ValueError, SyntaxError) as error:
        raise ConfigurationError(f"options: {str(error).splitlines()[0]}") from error
    quiet: Any = type("Quiet", (_Quiet, getattr(room, _TRAINERS[course.task])), {})
    return quiet(course, overrides)


_Trainer: Any = object


class _Quiet(_Trainer):  # type: ignore[misc]  # before ultralytics' own trainer, in a class of both
    """Keeps the best weights in memory, writes no files, and tells nobody but `on_epoch`."""

    model: Any

    def __init__(self, course: Course, overrides: dict[str, Any]) -> None:
        self.course = course
        self.kept: dict[str, Any] = {}
        self.holds_out = (course.folder / "val").exists()
        super().__init__(overrides=overrides)

    def get_dataset(self) -> dict[str, Any]:
        folder, names = self.course.folder, dict(enumerate(self.course.names))
        train = str(folder / "train")
        val = str(folder / "val") if self.holds_out else train
        parts = {"train": train, "val": val}
        return {"path": folder, **parts, "names": names, "nc": len(names), "channels": 3}

    def get_dataloader(self, path: str, *args: Any, mode: str = "train", **options: Any) -> Any:
        if mode == "val" and not self.holds_out:
            return self.train_loader  # asked for its length and for nothing else
        return super().get_dataloader(path, *args, mode=mode, **options)

    def set_model_attributes(self) -> None:
        super().set_model_attributes()
        self.model = channels_last(self.model)  # on its device by now

    def validate(self) -> tuple[Any, Any]:
        return super().validate() if self.holds_out else ({}, None)

    def save_model(self) -> bool:
        if self.best_fitness == self.fitness:
            state = self.ema.ema.state_dict()
            self.kept = {name: one.detach().cpu().clone() for name, one in state.items()}
        return True

    def run_callbacks(self, event: str) -> None:
        if event == "on_fit_epoch_end" and self.course.on_epoch is not None:
            losses = {name: float(loss) for name, loss in self.tloss.items()}
            self.course.on_epoch(self.epoch + 1, self.epochs, losses)

    def save_metrics(self, metrics: Any) -> None:
        """Keep no table."""

    def final_eval(self) -> None:
        """Judge nothing: whoever trains does."""


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError):
        return True
    said = str(error).lower()
    return "out of memory" in said or "not enough memory" in said or "can't allocate" in said
