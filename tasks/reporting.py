"""Show where a campaign stands: the report, MLflow, Prefect's artifacts. A mirror, all of it."""

from __future__ import annotations

from prefect import task
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
)
from prefect.logging import get_run_logger

from auto_labeling.assemble import tracker_of
from auto_labeling.campaign import statement_reading
from auto_labeling.campaign.statement import Statement
from auto_labeling.errors import BlockedError, RejectedError, TransientError, UserError
from auto_labeling.mirroring import mirror as mirror_to
from auto_labeling.reporting import markdown, outputs
from tasks._policy import ONCE, POLICY, Ref, opened, read_only
from tasks._secrets import PrefectSecrets


def show(ref: Ref) -> None:
    """Bring MLflow, the artifacts and, at the end, the report up to date.

    A mirror that cannot be reached, or is set up wrongly, stops no campaign: what it lacks stays
    open in the ledger and is brought to it the next time.
    """
    try:
        mirror(ref)
    except (UserError, TransientError, RejectedError, BlockedError) as error:
        get_run_logger().warning("%s: the mirror is behind: %s", ref.campaign_id, error)
    publish(ref)


@task(name="report", **POLICY)
def report(ref: Ref) -> None:
    """Write the report of a campaign that goes on later: a driver leaves it behind once."""
    with read_only(ref) as campaign:
        account = statement_reading.read(campaign.ledger, campaign.campaign_id)
        outputs.write(account, campaign.folder)


@task(name="mirror", **ONCE)  # the next round tries again: a slow mirror holds none for long
def mirror(ref: Ref) -> None:
    """Bring every new point to MLflow once, and at the end the report, the curves and the model."""
    with opened(ref) as campaign:
        account = statement_reading.read(campaign.ledger, campaign.campaign_id)
        files = outputs.write(account, campaign.folder) if account.state.stopped else []
        tracker = tracker_of(ref.place, campaign.config, PrefectSecrets())
        mirror_to(campaign, account, tracker, files)


@task(name="publish artifacts", **POLICY)
def publish(ref: Ref) -> None:
    """Show the campaign, its rounds, its budget and its progress in the Prefect UI."""
    with read_only(ref) as campaign:
        account = statement_reading.read(campaign.ledger, campaign.campaign_id)
    key = account.campaign_id.lower().replace("_", "-").replace(".", "-")
    create_markdown_artifact(key=f"{key}-campaign", markdown=markdown.campaign_markdown(account))
    create_table_artifact(key=f"{key}-rounds", table=markdown.rounds_table(account))
    create_table_artifact(key=f"{key}-budget", table=markdown.budget_table(account))
    create_progress_artifact(
        key=f"{key}-progress", progress=_percent(account), description="Answers given, of the cap"
    )


def _percent(account: Statement) -> float:
    return round(100 * account.budget.committed_answers / account.budget.cap_answers, 1)
