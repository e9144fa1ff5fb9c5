"""Checks of the figures that stopping rules are given."""

from __future__ import annotations

import math

from auto_labeling.errors import ConfigurationError

FALLING = frozenset({"brier", "log_loss"})
"""Metrics that are better when lower: no rule waits for one of them to rise."""


def whole(where: str, value: object) -> None:
    """Raise `ConfigurationError` unless `value` is a whole number of at least one."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigurationError(f"{where}: expected a whole number from 1 on, got {value!r}")


def between(where: str, value: object, low: float, high: float) -> None:
    """Raise `ConfigurationError` unless `value` is a number in (low, high)."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low < value < high:
        limits = f"above {low}" if math.isinf(high) else f"between {low} and {high}"
        raise ConfigurationError(f"{where}: expected a number {limits}, got {value!r}")


def rising(where: str, metric: object) -> None:
    """Raise `ConfigurationError` unless `metric` names a figure that is better when higher."""
    if not isinstance(metric, str) or not metric:
        raise ConfigurationError(
            f"{where}: expected the name of a metric such as accuracy, got {metric!r}"
        )
    if metric in FALLING:
        raise ConfigurationError(
            f"{where}: expected a metric that is better when higher, got {metric!r}; "
            "choose one such as accuracy or f1_macro"
        )


def fraction(where: str, value: object) -> None:
    """Raise `ConfigurationError` unless `value` is a number in [0, 1)."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise ConfigurationError(f"{where}: expected a share from 0 to below 1, got {value!r}")
