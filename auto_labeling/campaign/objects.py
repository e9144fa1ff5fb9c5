"""The objects that a model sees on pictures, as the rules of `preannotate` let people see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auto_labeling.campaign.drawings import detector_of
from auto_labeling.detections import Detections
from auto_labeling.models.fitting import Fitted
from auto_labeling.pictures import Pictures
from auto_labeling.pool.pixels import size_of
from auto_labeling.preannotation.refining import refine
from auto_labeling.preannotation.rules import Rules
from auto_labeling.preannotation.tiling import as_ruled


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sight:
    """All that a model sees on n pictures, however unsure it is."""

    seen: Detections
    names: Sequence[str]
    """The classes of the model."""
    sizes: NDArray[np.intp] | None
    """(n, 2) widths and heights in pixels, where the rules ask for them."""

    @classmethod
    def of(cls, fitted: Fitted, pictures: Pictures, rules: Rules) -> Sight:
        """Look at pictures: as a whole, or in tiles where the rules say so. Raises `DataError`."""
        detector = as_ruled(detector_of(fitted), rules)
        in_pixels = isinstance(rules.smallest, str)
        return cls(
            seen=detector.detect(pictures),
            names=detector.names,
            sizes=np.array([size_of(path) for path in pictures]) if in_pixels else None,
        )

    def shown(self, classes: Sequence[str], rules: Rules) -> Detections:
        """Return what people are shown of it, in the campaign's classes."""
        return refine(self.seen, self.names, classes, rules, self.sizes)
