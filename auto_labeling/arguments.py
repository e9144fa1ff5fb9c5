"""Numbers that people pass, or one clear sentence."""

from __future__ import annotations

import math
from numbers import Real

import numpy as np

from auto_labeling.errors import ConfigurationError


def is_number(given: object) -> bool:
    """Whether this can be compared with numbers; callers hand in anything.

    >>> is_number(np.float32(0.9)), is_number("0.9")
    (True, False)
    """
    return isinstance(given, Real)


def as_number(given: object) -> float:
    """Return a number that was given, and nan for anything else: whoever asks compares it anyway.

    >>> as_number(np.float32(0.5)), as_number("0.5"), as_number(True)
    (0.5, nan, nan)
    """
    if isinstance(given, bool) or not isinstance(given, Real):
        return math.nan
    return float(given)


def whole_number(name: str, given: object, least: int = 0) -> int:
    """Return a count that was given, or raise `ConfigurationError`."""
    if isinstance(given, bool) or not isinstance(given, int | np.integer) or given < least:
        raise ConfigurationError(
            f"{name}: expected a whole number of {least} or more, got {given!r}"
        )
    return int(given)


def weight(name: str, given: object) -> float:
    """Return a weight that was given, or raise `ConfigurationError`."""
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given < np.inf:
        raise ConfigurationError(f"{name}: expected a weight of 0 or more, got {given!r}")
    return float(given)
