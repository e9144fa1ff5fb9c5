"""Learning curves as a picture."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auto_labeling.errors import ConfigurationError
from auto_labeling.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg", ".pdf")
_COLORS = ("#2a5d9c", "#a4622a", "#2c7a57", "#7a3f86", "#b0353b", "#4c7f8f", "#8a7a1f", "#5b636e")
_DASHES = ("solid", "dashed", "dotted", "dashdot")


def learning_curves(mean_curves: Any, full_data_score: float) -> Figure:
    """Return the figure of a frame with strategy, n_labels, score, low and high."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.0, 5.0), layout="constrained")
    axes = figure.add_subplot()
    for at, (name, curve) in enumerate(mean_curves.groupby("strategy", sort=False)):
        color, dashes = _COLORS[at % len(_COLORS)], _DASHES[at // len(_COLORS) % len(_DASHES)]
        axes.fill_between(curve["n_labels"], curve["low"], curve["high"], color=color, alpha=0.12)
        axes.plot(curve["n_labels"], curve["score"], color=color, linestyle=dashes, label=str(name))
    axes.axhline(full_data_score, color="#5b636e", linewidth=1.0, linestyle=(0, (4, 3)))
    axes.annotate(
        "all labels", (1.0, full_data_score), xycoords=("axes fraction", "data"), ha="right",
        va="bottom", color="#5b636e", fontsize=9,
    )  # fmt: skip
    axes.set(xlabel="items labeled", ylabel="accuracy on the test set")
    axes.spines[["right", "top"]].set_visible(False)
    axes.grid(axis="y", color="#e3e0da")
    axes.set_axisbelow(True)
    axes.legend(frameon=False)
    return figure


def write(figure: Figure, path: Path) -> None:
    """Write a figure as what the path ends in."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ConfigurationError(f"{path}: expected a path ending in {', '.join(SUFFIXES)}")
    picture = io.BytesIO()
    figure.savefig(picture, format=suffix[1:], dpi=160)
    write_atomically(path, picture.getvalue())
