"""Starts flows from outside, with the server that is there or one for as long as it takes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from auto_labeling.errors import ConfigurationError
from auto_labeling.records import CampaignId
from auto_labeling.workspace import VARIABLE, Workspace


def run_campaign(
    workspace: Workspace,
    campaign: str,
    *,
    max_rounds: int | None = None,
    batch_size: int | None = None,
    wait: bool = True,
    started: Callable[[], object] = lambda: None,
) -> CampaignId:
    """Run the campaign flow in this process and return the campaign's id.

    `campaign` is a file, an id or a name; `started` is called when the server answers.
    """
    with prefect(workspace):
        from flows.campaign import campaign as flow
        from flows.loop import CampaignRun

        started()
        run = CampaignRun(
            config_path=campaign, max_rounds=max_rounds, batch_size=batch_size, wait=wait
        )
        return flow(run)


def run_tick(workspace: Workspace, campaign: str | None) -> dict[str, str]:
    """Run the tick flow in this process and return what became of each campaign."""
    with prefect(workspace):
        from flows.tick import tick as flow

        return flow(campaign)


@contextmanager
def prefect(workspace: Workspace) -> Iterator[str]:
    """Give flows a server and a workspace, and yield the server's address."""
    expect_siblings()
    from flows.server import prefect_server

    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = str(workspace.root)
    try:
        with prefect_server(workspace.prefect) as url:
            yield url
    finally:
        if before is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = before


def expect_siblings() -> None:
    """Raise `ConfigurationError` if `tasks` or `flows` would be somebody else's modules.

    Both names are common: a script beside a `tasks.py` of its own would otherwise fail with
    "'tasks' is not a package".
    """
    home = Path(__file__).resolve().parent.parent
    for name in ("tasks", "flows"):
        spec = find_spec(name)
        found = Path(spec.origin).resolve() if spec is not None and spec.origin else None
        if found is None or found.parent.parent != home:
            raise ConfigurationError(
                f"Python finds {found or 'nothing'} under the name {name!r}, expected the package "
                f"beside {home / 'auto_labeling'}: rename that file, or run from another folder"
            )
