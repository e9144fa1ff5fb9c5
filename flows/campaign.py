"""The campaign flow: drives a campaign to its end, waiting for people on the way."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.runtime import flow_run

from auto_labeling import assemble
from auto_labeling.workspace import Workspace
from flows.loop import CampaignRun, advance
from tasks._policy import Ref


def run_name() -> str:
    """Name a run after its campaign, as it stands in the UI's lists."""
    run: Any = flow_run.parameters.get("run")
    named = run.get("config_path") if isinstance(run, dict) else getattr(run, "config_path", "")
    return f"{str(named).rsplit('/', 1)[-1].removesuffix('.yaml') or 'campaign'}"


@flow(name="campaign", flow_run_name=run_name, persist_result=False)
def campaign(run: CampaignRun) -> str:
    """Run a labeling campaign within its budget, and return its id.

    It can be killed and started again at any moment: the ledger knows where it stands.
    """
    workspace = Workspace.of()
    name = assemble.find_or_create(workspace, run.config_path)
    with assemble.held(workspace, name) as fence:
        ref = Ref(
            workspace=str(workspace.root),
            campaign_id=name,
            token=fence.token,
            batch=run.batch_size,
        )
        advance(ref, run)
    return name
