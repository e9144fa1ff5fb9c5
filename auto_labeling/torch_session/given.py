"""Which crops people have labeled, and which they are labeling now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auto_labeling.errors import DataError


@dataclass(slots=True, kw_only=True)
class Given:
    """What people gave; labels are classes from 0 to `n_classes` - 1."""

    n_crops: int
    n_classes: int
    labels: dict[int, int] = field(default_factory=dict)
    """Position -> class, in the order they came."""
    chosen: dict[int, bool] = field(default_factory=dict)
    """Position -> whether a strategy chose it; false where it was drawn by lot. Once handed out."""
    held: set[int] = field(default_factory=set)
    """What was handed out since the last retraining, and is not answered."""

    @property
    def positions(self) -> NDArray[np.intp]:
        """Return (l,) what is labeled."""
        return np.fromiter(self.labels, dtype=np.intp, count=len(self.labels))

    @property
    def targets(self) -> NDArray[np.intp]:
        """Return (l,) its classes."""
        return np.fromiter(self.labels.values(), dtype=np.intp, count=len(self.labels))

    @property
    def unlabeled(self) -> NDArray[np.intp]:
        """Return (u,) what is not labeled, held or not."""
        free = np.ones(self.n_crops, dtype=bool)
        free[self.positions] = False
        return np.flatnonzero(free)

    def hand_out(self, picks: NDArray[np.intp], *, chosen: bool) -> None:
        """Remember what is handed out, and why."""
        self.chosen |= dict.fromkeys(picks.tolist(), chosen)
        self.held |= set(picks.tolist())

    def checked(self, indices: ArrayLike, labels: ArrayLike, *, replace: bool) -> dict[int, int]:
        """Return new labels by position; `DataError` where one cannot be taken, and none is."""
        positions = _below("indices", indices, self.n_crops)
        classes = _below("labels", labels, self.n_classes)
        if len(positions) != len(classes):
            raise DataError(
                f"labels: expected one for each of {len(positions)} indices, got {len(classes)}"
            )
        new = dict(zip(positions.tolist(), classes.tolist(), strict=True))
        if len(new) < len(positions):
            raise DataError("indices: expected each position once, got one of them twice")
        known = next((at for at in new if at in self.labels), None)
        if known is not None and not replace:
            raise DataError(
                f"indices: {known} is labeled already, as {self.labels[known]}, and nothing of "
                "this call was taken; replace=True puts new labels in the place of old ones"
            )
        return new

    def take(self, new: Mapping[int, int]) -> None:
        """Take labels that were checked."""
        self.labels.update(new)
        self.held.difference_update(new)


def _below(name: str, given: Any, n: int) -> NDArray[np.intp]:
    """Return (b,) whole numbers from 0 to n - 1, or raise `DataError`."""
    values = np.asarray(given.detach().cpu() if hasattr(given, "detach") else given)
    values = values.reshape(-1) if values.ndim == 0 or values.shape[1:] == (1,) else values
    # How tensors of answers to a single logit come: 0.0 and 1.0.
    whole = values.dtype.kind in "iub" or bool(
        values.dtype.kind == "f" and (values == np.round(values)).all()
    )
    if values.ndim != 1 or (values.size and not whole):
        raise DataError(f"{name}: expected (b,) whole numbers, got {values!r:.60}")
    wrong = values[(values < 0) | (values >= n)]
    if wrong.size:
        raise DataError(f"{name}: expected whole numbers from 0 to {n - 1}, got {wrong[0]}")
    return values.astype(np.intp)
