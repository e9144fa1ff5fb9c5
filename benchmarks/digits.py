"""The digits campaign, varied: what the benchmarks run."""

from __future__ import annotations

import copy
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auto_labeling import assemble, config
from auto_labeling.campaign import driver
from auto_labeling.campaign.statement import Statement
from auto_labeling.workspace import Workspace

CONFIGS = Path(__file__).resolve().parent.parent / "configs"


def prepared(folder: Path, seed: int = 0) -> Path:
    """Write the digits, split by `seed`, below `folder`, and return it."""
    sys.path.insert(0, str(CONFIGS))
    try:
        from make_digits import write
    finally:
        sys.path.remove(str(CONFIGS))
    write(folder / "data", seed)
    return folder


def varied(**changes: Any) -> dict[str, Any]:
    """Return the demo's campaign file, without MLflow and random arm, with top-level changes."""
    raw = copy.deepcopy(config.read(CONFIGS / "digits.yaml"))
    raw.pop("baseline", None)
    raw["tracking"] = {"kind": "none"}
    return raw | changes


def begun(folder: Path, raw: Mapping[str, Any]) -> tuple[Workspace, str]:
    """Begin a campaign below `folder`, and return where it lies and its id."""
    workspace = Workspace(folder / "workspace")
    return workspace, assemble.create(workspace, raw, config_path=None, base=folder)


def drive(workspace: Workspace, name: str) -> None:
    """Run a campaign to its end on the plain driver."""
    with (
        assemble.held(workspace, name) as fence,
        assemble.opened(workspace, name, fence=fence) as campaign,
    ):
        driver.drive(campaign)


def run(folder: Path, raw: Mapping[str, Any]) -> Statement:
    """Run a campaign to its end on the plain driver, and return its account."""
    workspace, name = begun(folder, raw)
    drive(workspace, name)
    return assemble.account_of(workspace, name)
