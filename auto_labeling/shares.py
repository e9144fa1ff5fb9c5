"""Shares of something, as a campaign file writes them: `5%`, or `.05`."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import TypeAlias

from auto_labeling.errors import ConfigurationError

Share: TypeAlias = str | float
"""Text such as `5%`, or a number from 0 to 1."""


def share(where: str, given: Share) -> Fraction:
    """Return what `given` says exactly, from 0 to 1. Raises `ConfigurationError`.

    >>> share("reserve", "12.5%"), share("reserve", 0.1)
    (Fraction(1, 8), Fraction(1, 10))
    """
    match = re.fullmatch(r"(\d{1,3}(?:\.\d+)?)\s*%", str(given).strip())
    if match:
        found = Fraction(match[1]) / 100
    elif isinstance(given, float | int) and math.isfinite(given):
        found = Fraction(str(given))
    else:
        found = Fraction(-1)
    if not 0 <= found <= 1:
        raise ConfigurationError(f"{where}: expected a share such as 5% or .05, got {given!r}")
    return found
