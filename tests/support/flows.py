"""Tiny campaigns run through Prefect: a workspace on a shared server, and what the server saw."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from auto_labeling import assemble, launch
from auto_labeling.campaign.driver import drive
from auto_labeling.campaign.projection import projection
from auto_labeling.records import CampaignId
from auto_labeling.workspace import Workspace
from tests.support.campaigns import data_of, driving, merged, template, write_points

ROOT = Path(__file__).parents[2]
NAME = "tiny-0badcafe"
_HOLDS = """
import sys
from pathlib import Path
from flows.server import prefect_server

with prefect_server(Path(sys.argv[1]), meanwhile=lambda: None):
    print("ready", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def server_held(home: Path) -> Iterator[Path]:
    """Keep a workspace's server running, so that commands which follow one another share it."""
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDS, str(home)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        said = holder.stdout.readline() if holder.stdout is not None else ""
        assert said == "ready\n", said
        yield home
    finally:
        holder.communicate("\n", timeout=60)


def served(root: Path, home: Path) -> Workspace:
    """Return a new workspace whose Prefect server is the one of `home`."""
    root.mkdir(parents=True)
    workspace = Workspace(root)
    workspace.prefect.symlink_to(home)
    return workspace


def begin(
    workspace: Workspace, data: Path | None = None, name: str = NAME, **overrides: Any
) -> CampaignId:
    """Begin a tiny campaign; see `tests.support.campaigns.tiny` for the overrides."""
    folder = data or data_of(workspace.root)
    write_points(folder, overrides.pop("points", 40))
    raw = merged(template(), overrides)
    return assemble.create(workspace, raw, config_path=None, base=folder, campaign_id=name)


def run(workspace: Workspace, campaign: CampaignId = NAME, **told: Any) -> CampaignId:
    """Run the campaign flow as `auto-label run` does."""
    return launch.run_campaign(workspace, campaign, **told)


def outcome(workspace: Workspace, campaign: CampaignId = NAME) -> dict[str, Any]:
    """Return what must be equal, whoever drove the campaign and however often they fell."""
    ledger = assemble.open_ledger(workspace)
    try:
        return projection(ledger, campaign)
    finally:
        ledger.close()


def outcome_without_prefect(root: Path, data: Path, **overrides: Any) -> dict[str, Any]:
    """Run the same campaign with the plain driver and return what it comes to."""
    workspace = Workspace(root)
    name = begin(workspace, data, **overrides)
    with driving(root, name) as campaign:
        drive(campaign)
    return outcome(workspace, name)
