"""Where the axes of a chart begin and end, and which figures stand along them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from auto_labeling.campaign.metrics import LOSSES
from auto_labeling.money import format_micros
from auto_labeling.reporting.series import Chart

_STEPS = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """Limits that hold every figure (nothing is clipped), and named ticks within them."""

    limits: tuple[float, float]
    ticks: Sequence[float]
    names: Sequence[str]


def axis_across(chart: Chart) -> Axis:
    """Return the axis of what was spent; it begins at zero unless the figures are far from it."""
    shown = [x for curve in chart.curves for x in curve.x]
    low, high = min(shown), max(shown)
    room = 0.02 * (high - low)
    limits = (low - room, high + room)
    if low < high / 3:
        limits = (0.0, high + room)
    if low == high:
        limits = (0.0, 1.25 * high or 1.0)
    ticks = _ticks(limits, 7, whole=chart.against != "money")
    return Axis(limits=limits, ticks=ticks, names=_spent(ticks, chart))


def axis_upright(chart: Chart) -> Axis:
    """Return the axis of the metric, with its target where there is one; shares stay shares."""
    shown = [
        value
        for curve in chart.curves
        for series in (curve.value, curve.low, curve.high)
        for value in series
    ]
    if chart.target is not None:
        shown += [chart.target]
        shown += [bound for curve in chart.curves if curve.own for bound in curve.bound]
    known = [value for value in shown if math.isfinite(value)]
    low, high = min(known), max(known)
    room = 0.06 * (high - low) or 0.05
    limits = (max(low - room, 0.0), high + room)
    if chart.metric not in LOSSES:
        limits = (limits[0], min(limits[1], 1.0))
    ticks = _ticks(limits, 6, whole=False)
    return Axis(limits=limits, ticks=ticks, names=_values(ticks, chart))


def _ticks(limits: tuple[float, float], most: int, *, whole: bool) -> list[float]:
    from matplotlib.ticker import MaxNLocator

    low, high = limits
    slack = 1e-9 * (high - low)
    found = MaxNLocator(most, steps=_STEPS, integer=whole).tick_values(low, high)
    return [float(tick) for tick in found if low - slack <= tick <= high + slack]


def _spent(ticks: Sequence[float], chart: Chart) -> list[str]:
    if chart.against != "money":
        return [f"{tick:,.0f}" for tick in ticks]
    amounts = [format_micros(round(tick * 1e6), chart.currency) for tick in ticks]
    whole = all(amount.endswith(".00") for amount in amounts)
    return [amount.removesuffix(".00") if whole else amount for amount in amounts]


def _values(ticks: Sequence[float], chart: Chart) -> list[str]:
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 0.1
    if chart.metric in LOSSES:
        return [f"{tick:.{_digits(step)}f}" for tick in ticks]
    return [f"{100 * tick:.{_digits(100 * step)}f}%" for tick in ticks]


def _digits(step: float) -> int:
    return max(0, -math.floor(math.log10(step) + 1e-9))
