"""Numbers that people pass, or one clear sentence."""

from __future__ import annotations

from numbers import Real

import numpy as np

from auto_labeling.errors import ConfigurationError


def is_number(given: object) -> bool:
    """Whether this can be compared with numbers; callers hand in anything.

    >>> is_number(np.float32(0.9)), is_number("0.9")
    (True, False)
    """
    return isinstance(given, Real)


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
