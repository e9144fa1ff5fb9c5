"""What all tasks share: what they are handed, and which errors are tried again."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefect import get_run_logger
from prefect.cache_policies import NO_CACHE

from auto_labeling import assemble
from auto_labeling.campaign import driver
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.ledger import Fence
from auto_labeling.campaign.rounds import Step
from auto_labeling.campaign.transition import Transition
from auto_labeling.errors import TransientError
from auto_labeling.workspace import Workspace
from tasks._secrets import PrefectSecrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    """A campaign, as tasks pass it around: ids and figures, never live objects."""

    workspace: str
    campaign_id: str
    token: int
    """Of the lease that the flow holds; the ledger checks it in every write."""
    batch: int | None = None

    @property
    def fence(self) -> Fence:
        """The proof that the flow still holds the campaign."""
        return Fence(campaign=self.campaign_id, token=self.token)

    @property
    def place(self) -> Workspace:
        """The workspace."""
        return Workspace(Path(self.workspace))


def is_transient(_task: Any, _run: Any, state: Any) -> bool:
    """Whether another try may help: only where the other side stumbled."""
    return isinstance(state.result(raise_on_failure=False), TransientError)


ONCE: dict[str, Any] = {
    "persist_result": False,
    # A campaign's state is in the ledger; a result that Prefect remembers could only be stale.
    "cache_policy": NO_CACHE,
}
POLICY: dict[str, Any] = {
    "retries": 5,
    "retry_delay_seconds": [1, 2, 4, 8, 16],
    "retry_condition_fn": is_transient,
    **ONCE,
}


def opened(ref: Ref) -> AbstractContextManager[Campaign]:
    """Open the campaign to drive it."""
    return assemble.opened(
        ref.place,
        ref.campaign_id,
        fence=ref.fence,
        batch=ref.batch,
        secrets=PrefectSecrets(),
        tell=_logged,
    )


def _logged(said: str) -> None:
    """Put it where Prefect shows it: into the log of the run."""
    get_run_logger().info(said)


def read_only(ref: Ref) -> AbstractContextManager[Campaign]:
    """Open the campaign without the right to write its ledger."""
    return assemble.opened(ref.place, ref.campaign_id, fence=None, secrets=PrefectSecrets())


def make(ref: Ref, step: Step) -> Transition:
    """Open the campaign and make one step."""
    with opened(ref) as campaign:
        return driver.perform(campaign, step)
