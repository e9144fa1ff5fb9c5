"""What somebody in the simulated tool says about an item."""

from __future__ import annotations

from dataclasses import dataclass

from auto_labeling.records import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An opinion, and how it came about."""

    value: Value | None
    """None: skipped, or unreadable."""
    seconds: float
    touched: bool | None = None
    """Whether it differs from the suggestion that was shown; None where none was."""
    problem: str | None = None
    """Why it cannot be read."""
