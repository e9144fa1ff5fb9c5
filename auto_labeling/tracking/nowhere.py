"""No tracker at all: what `tracking: {kind: none}` asks for."""

# ruff: noqa: ARG002 - it takes everything and keeps nothing

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from auto_labeling.ports import Model, Point
from auto_labeling.records import CampaignId


@dataclass(frozen=True, slots=True)
class NoTracker:
    """Takes everything and keeps nothing."""

    def open_run(self, campaign: CampaignId, round: int | None, name: str) -> str:
        return ""

    def steps(self, run: str, series: str) -> frozenset[int]:
        return frozenset()

    def log(self, run: str, points: Sequence[Point]) -> None:
        pass

    def describe(self, run: str, params: Mapping[str, str], tags: Mapping[str, str]) -> None:
        pass

    def artifact(self, run: str, path: Path, folder: str = "") -> None:
        pass

    def model(self, run: str, model: Model, name: str, alias: str) -> None:
        pass

    def close(self, run: str, status: Literal["FINISHED", "FAILED"]) -> None:
        pass
