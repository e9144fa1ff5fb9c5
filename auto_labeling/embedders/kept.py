"""What every embedder's settings say about its points on disk."""

from __future__ import annotations

from dataclasses import dataclass

from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import Precision


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Settings whose points are kept as numbers of two bytes or of four."""

    precision: Precision = "single"
    """`half` takes half the disk; it holds three digits, and no number beyond 65,504."""


def at_least(key: str, least: int, given: int) -> None:
    """Raise `ConfigurationError` for a number that is too small."""
    if given < least:
        raise ConfigurationError(f"{key}: expected at least {least}, got {given}")
