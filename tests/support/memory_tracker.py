"""A tracker that keeps everything in a dictionary: the fake that stands for MLflow in tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from auto_labeling.errors import DataError, RejectedError
from auto_labeling.ports import Model, Point
from auto_labeling.records import CampaignId


@dataclass
class MemoryRun:
    name: str
    parent: str | None
    points: list[Point] = field(default_factory=list)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    status: str = "RUNNING"


@dataclass
class MemoryTracker:
    runs: dict[str, MemoryRun] = field(default_factory=dict)
    versions: dict[str, list[Model]] = field(default_factory=dict)
    aliases: dict[tuple[str, str], int] = field(default_factory=dict)

    def open_run(self, campaign: CampaignId, round: int | None, name: str) -> str:
        parent = None if round is None else self.open_run(campaign, None, campaign)
        run = campaign if round is None else f"{campaign}/{round}"
        self.runs.setdefault(run, MemoryRun(name, parent)).status = "RUNNING"
        return run

    def steps(self, run: str, series: str) -> frozenset[int]:
        return frozenset(p.step for p in self._run(run).points if p.series == series)

    def log(self, run: str, points: Sequence[Point]) -> None:
        self._run(run).points.extend(points)

    def describe(self, run: str, params: Mapping[str, str], tags: Mapping[str, str]) -> None:
        self._run(run).params = {**params, **self._run(run).params}
        self._run(run).tags |= tags

    def artifact(self, run: str, path: Path, folder: str = "") -> None:
        if not path.is_file():
            raise DataError(f"{path}: there is no such file to keep with the run")
        self._run(run).files[str(Path(folder, path.name))] = path.read_bytes()

    def model(self, run: str, model: Model, name: str, alias: str) -> None:
        versions = self.versions.setdefault(name, [])
        if model not in versions:
            versions.append(model)
        self.aliases[name, alias] = versions.index(model) + 1

    def close(self, run: str, status: Literal["FINISHED", "FAILED"]) -> None:
        self._run(run).status = status

    def _run(self, run: str) -> MemoryRun:
        if run not in self.runs:
            raise RejectedError(f"there is no run {run!r}")
        return self.runs[run]
