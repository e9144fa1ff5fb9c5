"""A metric against what it cost, with interval bands: drawn once, for the report and for MLflow."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from auto_labeling.campaign.metrics import LOSSES
from auto_labeling.campaign.statement import Statement
from auto_labeling.money import format_micros
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
_TITLE_LENGTH = 48


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

    with style.context(["default", dict(_LOOK)]):  # whatever the user's matplotlibrc says
        figure = Figure(figsize=inches)
        figure.patch.set_visible(alone)
        axes = _axes(figure, inches, top=0.62 if alone else 0.12)
        _draw(axes, chart)
        if alone:
            axes.set_title(_printable(chart.metric), loc="left", pad=26, color="#1f2328")
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
    axes.set_xlabel(_label(chart), color=PALETTE["soft"], labelpad=7)
    if chart.empty:
        axes.set(xticks=[], yticks=[])
        axes.text(
            0.5, 0.5, "nothing judged yet", transform=axes.transAxes, ha="center",
            color=PALETTE["soft"],
        )  # fmt: skip
        return
    _scale(axes, chart)
    for at, curve in enumerate(chart.curves):
        own = curve.arm == CAMPAIGN
        _draw_curve(axes, curve, "solid" if own else _DASHES[at % len(_DASHES)])
    if chart.target is not None:
        axes.axhline(
            chart.target, color=PALETTE["target"], linewidth=1.4, clip_on=False, label="target"
        )
        own_curves = (curve for curve in chart.curves if curve.arm == CAMPAIGN)
        for curve in own_curves:
            axes.plot(
                curve.x, curve.bound, color=PALETTE["campaign"], linewidth=1.2,
                linestyle=(0, (1, 1.6)), clip_on=False, label="lower bound tested against it",
            )  # fmt: skip


def _draw_curve(axes: Axes, curve: Curve, dashes: Any) -> None:
    own = curve.arm == CAMPAIGN
    color = PALETTE["campaign" if own else "random"]
    axes.fill_between(
        curve.x, curve.low, curve.high, color=color, alpha=0.16 if own else 0.1,
        linewidth=0, clip_on=False,
    )  # fmt: skip
    known = [at for at, value in enumerate(curve.value) if math.isfinite(value)]
    if len(known) == 1:  # a band needs two points
        at = known[0]
        axes.plot([curve.x[at]] * 2, [curve.low[at], curve.high[at]], color=color, alpha=0.4,
                  linewidth=5, solid_capstyle="butt", clip_on=False)  # fmt: skip
    axes.plot(
        curve.x, curve.value, color=color, linewidth=2.0 if own else 1.5, linestyle=dashes,
        marker="o", markersize=4.2 if own else 3.0, markeredgewidth=0, clip_on=False,
        label=curve.arm if own else f"{_printable(curve.arm)} (baseline)",
    )  # fmt: skip


def _scale(axes: Axes, chart: Chart) -> None:
    """Set limits that hold everything (nothing is clipped), and ticks within them."""
    from matplotlib.ticker import MaxNLocator

    shown = [
        value
        for curve in chart.curves
        for series in (curve.value, curve.low, curve.high)
        for value in series
    ]
    if chart.target is not None:
        own = [curve.bound for curve in chart.curves if curve.arm == CAMPAIGN]
        shown += [chart.target, *(value for series in own for value in series)]
    bottom, top = _padded([value for value in shown if math.isfinite(value)], 0.06)
    if chart.metric not in LOSSES:
        bottom, top = max(bottom, 0.0), min(top, 1.0)
    left, right = _padded([x for curve in chart.curves for x in curve.x], 0.02)
    left = 0.0 if left < right / 3 else left
    axes.set(xlim=(left, right), ylim=(bottom, top))
    across = _within(MaxNLocator(5, integer=chart.against != "money"), left, right)
    upright = _within(MaxNLocator(5), bottom, top)
    axes.set_xticks(across, _named(across, chart))
    axes.set_yticks(upright, [_height(chart, value, upright) for value in upright])


def _padded(values: Sequence[float], part: float) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = (high - low) * part or max(abs(high) * part, 1e-3)
    return max(low - room, 0.0), high + room


def _within(locator: Any, low: float, high: float) -> list[float]:
    slack = (high - low) * 1e-9
    ticks = (float(tick) for tick in locator.tick_values(low, high))
    return [tick for tick in ticks if low - slack <= tick <= high + slack]


def _named(ticks: Sequence[float], chart: Chart) -> list[str]:
    if chart.against != "money":
        return [f"{tick:,.0f}" for tick in ticks]
    amounts = [format_micros(round(tick * 1e6), chart.currency) for tick in ticks]
    whole = all(amount.endswith(".00") for amount in amounts)
    return [amount.removesuffix(".00") if whole else amount for amount in amounts]


def _height(chart: Chart, value: float, ticks: Sequence[float]) -> str:
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    if chart.metric in LOSSES:
        return f"{value:.{max(0, -math.floor(math.log10(step) + 1e-9))}f}"
    digits = max(0, -math.floor(math.log10(100 * step) + 1e-9))
    return f"{100 * value:.{digits}f} %"


def _label(chart: Chart) -> str:
    return {"items": "items labeled", "answers": "answers paid for", "money": "money paid"}[
        chart.against
    ]


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
