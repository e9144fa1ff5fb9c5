"""Where the figures of experiments go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from auto_labeling.ports.models import Model
from auto_labeling.records import CampaignId


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One figure of a curve; (series, step) is written once, ever."""

    series: str
    step: int
    value: float


class Tracker(Protocol):
    """Where experiments are looked at. A mirror: losing it loses nothing."""

    def open_run(self, campaign: CampaignId, round: int | None, name: str) -> str:
        """Find by tags, or make, the run of a campaign (round None) or a round; return its id."""
        ...

    def steps(self, run: str, series: str) -> frozenset[int]:
        """Return the steps of a series that are there already."""
        ...

    def log(self, run: str, points: Sequence[Point]) -> None:
        """Add points; the caller has made sure that they are absent."""
        ...

    def describe(self, run: str, params: Mapping[str, str], tags: Mapping[str, str]) -> None:
        """Set parameters and tags; repeating equal ones changes nothing."""
        ...

    def artifact(self, run: str, path: Path, folder: str = "") -> None:
        """Keep a copy of a file; the same name again replaces it."""
        ...

    def model(self, run: str, model: Model, name: str, alias: str) -> None:
        """Log the model, register it under `name`, and point `alias` at it."""
        ...

    def close(self, run: str, status: Literal["FINISHED", "FAILED"]) -> None:
        """Mark a run as ended; an ended run may be opened again."""
        ...
