"""The learning curves of strategies, and what they come to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from auto_labeling.compare import plotting

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BASELINE = "random"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """Accuracy against labels, by strategy and repeat."""

    curves: Any
    """Frame: strategy, repeat, n_labels, score. Repeats are paired: the same repeat of any two
    strategies has the same seed and, unless a strategy starts cold, the same first labels."""
    full_data_score: float
    """Accuracy of the model fitted on the whole of the training data."""
    track: Literal["selection", "full"]

    @property
    def strategies(self) -> list[str]:
        """The names, in the order they were given."""
        return list(dict.fromkeys(self.curves["strategy"]))

    def table(self) -> Any:
        """Return one row a strategy, the largest area first.

        `aulc` is the area under accuracy against labels divided by the range of the labels: the
        mean accuracy along the way. `labels_95` and `labels_99` are the median over repeats of the
        first count of labels at which 95 % and 99 % of the full-data score are reached, nan where
        half of the repeats do not get there. `versus_random` is the mean of the paired differences
        in `aulc`. Limits are those of Student's t over repeats, 95 %; nan with one repeat.
        """
        import pandas as pd

        areas = {name: self._areas(name) for name in self.strategies}
        rows = [
            {
                "strategy": name,
                **_mean("aulc", areas[name]),
                "labels_95": self._labels_to(name, 0.95),
                "labels_99": self._labels_to(name, 0.99),
                **_mean("versus_random", areas[name] - areas[BASELINE]),
            }
            for name in self.strategies
        ]
        frame = pd.DataFrame(rows).set_index("strategy")
        return frame.sort_values("aulc", ascending=False, kind="stable")

    def to_frame(self) -> Any:
        """Return the mean curves: strategy, n_labels, score, low, high (95 % over repeats)."""
        import pandas as pd

        rows = [
            {"strategy": name, "n_labels": int(labels), **_mean("score", scores)}
            for name in self.strategies
            for labels, scores in zip(self._labels(name), self._scores(name).T, strict=True)
        ]
        frame = pd.DataFrame(rows)
        return frame.rename(columns={"score_low": "low", "score_high": "high"})

    def plot_learning_curves(self, path: Path | str | None = None) -> Figure:
        """Return a figure of the mean curves with their 95 % bands; with `path` it is written.

        The ending of the path says as what: png, svg or pdf.
        """
        figure = plotting.learning_curves(self.to_frame(), self.full_data_score)
        if path is not None:
            plotting.write(figure, Path(path))
        return figure

    def _scores(self, name: str) -> NDArray[np.float64]:
        """Return (repeats, points) scores."""
        own = self.curves[self.curves["strategy"] == name]
        wide = own.pivot(index="repeat", columns="n_labels", values="score")
        return np.asarray(wide, dtype=np.float64)

    def _labels(self, name: str) -> NDArray[np.int64]:
        own = self.curves[self.curves["strategy"] == name]
        return np.unique(np.asarray(own["n_labels"], dtype=np.int64))

    def _areas(self, name: str) -> NDArray[np.float64]:
        """Return (repeats,) areas under the curve, by the range of the labels."""
        labels, scores = self._labels(name), self._scores(name)
        if len(labels) == 1:
            return scores[:, 0]
        areas = np.asarray(np.trapezoid(scores, labels, axis=1), dtype=np.float64)
        return np.asarray(areas / (labels[-1] - labels[0]))

    def _labels_to(self, name: str, share: float) -> float:
        reached = self._scores(name) >= share * self.full_data_score
        first = np.where(reached.any(axis=1), self._labels(name)[reached.argmax(axis=1)], np.inf)
        median = float(np.median(first))
        return median if math.isfinite(median) else math.nan


def _mean(name: str, values: Sequence[float] | NDArray[np.float64]) -> dict[str, float]:
    """Return the mean of the repeats and its 95 % limits by Student's t."""
    from scipy.special import stdtrit

    found = np.asarray(values, dtype=np.float64)
    mean, n = float(found.mean()), len(found)
    half = math.nan
    if n > 1:
        half = float(stdtrit(n - 1, 0.975) * found.std(ddof=1) / math.sqrt(n))
    return {name: mean, f"{name}_low": mean - half, f"{name}_high": mean + half}
