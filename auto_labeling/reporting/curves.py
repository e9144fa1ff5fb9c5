"""A metric against what it cost, with interval bands: drawn once, for the report and for MLflow."""

from __future__ import annotations

import io
import math
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from auto_labeling.campaign.metric_names import in_words
from auto_labeling.campaign.statement import Statement
from auto_labeling.reporting.scales import axis_across, axis_upright
from auto_labeling.reporting.series import CAMPAIGN, Against, Chart, Curve, chart_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PALETTE: Mapping[str, str] = {
    "campaign": "#2a5d9c",
    "random": "#a4622a",
    "target": "#2c7a57",
    "soft": "#5b636e",
    "line": "#e3e0da",
}
"""Role -> colour on white. No two are alike, so that a page can put its own in their place."""
_LOOK: Mapping[str, Any] = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib, so every machine measures the same
    "font.size": 11,
    "svg.fonttype": "none",
    "svg.hashsalt": "auto-labeling",
    "text.parse_math": False,  # a class may be called $x$
}
_DASHES = ((0, (5, 2)), (0, (2, 2)), (0, (6, 2, 1, 2)))
_LABELS = {"items": "items labeled", "answers": "answers paid for", "money": "money paid"}
_TITLE_LENGTH = 48
_ALONE = threading.Lock()  # matplotlib's settings belong to the whole process


def curve_png(statement: Statement, metric: str, against: Against = "items") -> bytes:
    """Return a picture that stands alone, 1,600 pixels wide; equal statements give equal bytes."""
    chart = chart_of(statement, metric, against)
    return _saved(chart, (8.0, 5.0), alone=True, format="png", dpi=200, metadata={"Software": None})


def curve_svg(statement: Statement, metric: str, against: Against = "items") -> bytes:
    """Return the same picture as SVG; equal statements give equal bytes."""
    chart = chart_of(statement, metric, against)
    return _saved(chart, (8.0, 5.0), alone=True, format="svg", metadata={"Date": None})


def plain_svg(chart: Chart, width: float = 480.0, height: float = 300.0) -> bytes:
    """Return a chart without title and legend, for a page that has its own; sizes in points.

    It holds no word that came from outside, and every colour is one of `PALETTE`.
    """
    return _saved(chart, (width / 72, height / 72), alone=False, format="svg")


def _saved(chart: Chart, inches: tuple[float, float], *, alone: bool, **options: Any) -> bytes:
    from matplotlib import style
    from matplotlib.figure import Figure

    with _ALONE, style.context(["default", dict(_LOOK)]):  # whatever the user's matplotlibrc says
        figure = Figure(figsize=inches)
        figure.patch.set_visible(alone)
        axes = _axes(figure, inches, top=0.62 if alone else 0.12)
        _draw(axes, chart)
        if alone:
            axes.set_title(_printable(in_words(chart.metric)), loc="left", pad=26, color="#1f2328")
            _legend(axes)
        sink = io.BytesIO()
        figure.savefig(sink, **options)
    return sink.getvalue()


def _axes(figure: Figure, inches: tuple[float, float], *, top: float) -> Axes:
    left, right, bottom = 0.64, 0.22, 0.58
    width, height = inches
    axes = figure.add_axes(
        (left / width, bottom / height, 1 - (left + right) / width, 1 - (bottom + top) / height)
    )
    axes.patch.set_visible(False)
    axes.spines[["left", "right", "top"]].set_visible(False)
    axes.spines["bottom"].set(color=PALETTE["soft"], linewidth=0.8)
    axes.tick_params(length=0, labelcolor=PALETTE["soft"], pad=7)
    axes.grid(axis="y", color=PALETTE["line"], linewidth=1.0, clip_on=False)
    axes.set_axisbelow(True)
    return axes


def _draw(axes: Axes, chart: Chart) -> None:
    axes.set_xlabel(_LABELS[chart.against], color=PALETTE["soft"], labelpad=7)
    if chart.empty:
        axes.set(xticks=[], yticks=[])
        axes.text(
            0.5, 0.5, "nothing judged yet", transform=axes.transAxes, ha="center",
            color=PALETTE["soft"],
        )  # fmt: skip
        return
    across, upright = axis_across(chart), axis_upright(chart)
    axes.set(xlim=across.limits, ylim=upright.limits)
    axes.set_xticks(across.ticks, across.names)
    axes.set_yticks(upright.ticks, upright.names)
    for at, curve in enumerate(chart.curves):
        if curve.own:
            _draw_own(axes, curve)
        else:
            _draw_baseline(axes, curve, _DASHES[at % len(_DASHES)])
    if chart.target is not None:
        _draw_target(axes, chart, chart.target)


def _draw_own(axes: Axes, curve: Curve) -> None:
    color = PALETTE["campaign"]
    _draw_band(axes, curve, color=color, alpha=0.18, zorder=3)
    axes.plot(
        curve.x, curve.value, color=color, linewidth=2.0, marker="o", markersize=4.2,
        markeredgewidth=0, clip_on=False, zorder=5, label=CAMPAIGN,
    )  # fmt: skip


def _draw_baseline(axes: Axes, curve: Curve, dashes: tuple[int, tuple[int, ...]]) -> None:
    color = PALETTE["random"]
    _draw_band(axes, curve, color=color, alpha=0.09, zorder=2)
    axes.plot(
        curve.x, curve.value, color=color, linewidth=1.5, linestyle=dashes, marker="o",
        markersize=3.0, markeredgewidth=0, clip_on=False, zorder=4,
        label=f"{_printable(curve.arm)} (baseline)",
    )  # fmt: skip


def _draw_band(axes: Axes, curve: Curve, *, color: str, alpha: float, zorder: int) -> None:
    known = [at for at, value in enumerate(curve.value) if math.isfinite(value)]
    if len(known) > 1:
        axes.fill_between(
            curve.x, curve.low, curve.high, color=color, alpha=alpha, linewidth=0, clip_on=False,
            zorder=zorder,
        )  # fmt: skip
    for at in known if len(known) == 1 else ():  # a band needs two points
        axes.plot(
            [curve.x[at]] * 2, [curve.low[at], curve.high[at]], color=color, alpha=2 * alpha,
            linewidth=6, solid_capstyle="butt", clip_on=False, zorder=zorder,
        )  # fmt: skip


def _draw_target(axes: Axes, chart: Chart, target: float) -> None:
    axes.axhline(target, color=PALETTE["target"], linewidth=1.4, clip_on=False, label="target")
    for curve in chart.curves:
        if curve.own:
            axes.plot(
                curve.x, curve.bound, color=PALETTE["campaign"], linewidth=1.2,
                linestyle=(0, (1, 1.6)), clip_on=False, label="lower bound tested against it",
            )  # fmt: skip


def _legend(axes: Axes) -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(
            loc="lower left", bbox_to_anchor=(0, 1.0), ncols=4, frameon=False, borderpad=0,
            borderaxespad=0.3, handlelength=2.2, columnspacing=1.6, fontsize=9.5,
            labelcolor=PALETTE["soft"],
        )  # fmt: skip


def _printable(text: str) -> str:
    """Return what the one font that is certain to be there can draw, the rest as escapes."""
    drawn = text.encode("latin-1", "backslashreplace").decode("latin-1")
    safe = "".join(letter if letter.isprintable() else " " for letter in drawn)
    return safe if len(safe) <= _TITLE_LENGTH else f"{safe[: _TITLE_LENGTH - 1]}…"
