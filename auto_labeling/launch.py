"""Starts flows from outside, with the server that is there or one for as long as it takes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from auto_labeling import assemble, mirroring
from auto_labeling.campaign import statement_reading
from auto_labeling.errors import AutoLabelingError, ConfigurationError
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
    name = assemble.find_or_create(workspace, campaign)  # a user's mistake is said at once
    with prefect(workspace, meanwhile=lambda: _prepare(workspace, name)):
        from flows.campaign import campaign as flow
        from flows.loop import CampaignRun

        started()
        run = CampaignRun(config_path=name, max_rounds=max_rounds, batch_size=batch_size, wait=wait)
        return flow(run)


def run_tick(workspace: Workspace, campaign: str | None) -> dict[str, str]:
    """Run the tick flow in this process and return what became of each campaign."""
    with prefect(workspace):
        from flows.tick import tick as flow

        return flow(campaign)


def run_retrain(workspace: Workspace, campaign: CampaignId) -> int:
    """Run the retrain flow in this process and return how many items the model learned from."""
    with prefect(workspace):
        from flows.retrain import retrain as flow

        return flow(campaign)


def run_mirror(workspace: Workspace, campaign: CampaignId) -> None:
    """Bring to the mirror what it lacks of a campaign that has stopped; else nothing is started.

    Raises what keeps it from being brought there: the same call may succeed later.
    """
    with closing(assemble.open_ledger(workspace)) as ledger:
        if not mirroring.is_behind(ledger, statement_reading.read(ledger, campaign)):
            return
    with prefect(workspace), assemble.held(workspace, campaign) as fence:
        from tasks._policy import Ref
        from tasks.reporting import mirror

        mirror(Ref(workspace=str(workspace.root), campaign_id=campaign, token=fence.token))


def _prepare(workspace: Workspace, campaign: CampaignId) -> None:
    """Do, while the server starts, what takes seconds the first time: imports, MLflow's store."""
    import flows.campaign  # noqa: F401

    # What fails here is met again where it counts: by the first step, or by the mirror, which stops
    # nothing and whose secret may be a block of the server that is starting.
    with suppress(AutoLabelingError), assemble.opened(workspace, campaign) as opened:
        tracker = assemble.tracker_of(workspace, opened.config)
        tracker.open_run(campaign, None, opened.config.name)


def _import_flows() -> None:
    import flows.tick  # noqa: F401


@contextmanager
def prefect(
    workspace: Workspace, *, meanwhile: Callable[[], object] = _import_flows
) -> Iterator[str]:
    """Give flows a server and a workspace, and yield the server's address."""
    expect_siblings()
    from flows.server import prefect_server

    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = str(workspace.root)
    try:
        with prefect_server(workspace.prefect, meanwhile=meanwhile) as url:
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
