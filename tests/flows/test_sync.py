from __future__ import annotations

import pytest
import yaml

from auto_labeling import assemble, launch
from auto_labeling.campaign.rounds import RoundState
from auto_labeling.campaign.transition import state_of
from auto_labeling.errors import ConfigurationError
from auto_labeling.workspace import Workspace
from tests.flows.test_tick import let_time_pass
from tests.support.campaigns import template
from tests.support.flows import begin, outcome
from tests.support.seen import Seen

pytestmark = pytest.mark.slow


def test_answers_are_taken_in_and_no_step_is_made(workspace: Workspace, seen: Seen) -> None:
    from flows.sync import sync

    slow = {"annotators": [{"name": "mia", "accuracy": 0.9, "seconds": 600}]}
    for name in ("driven", "waiting"):
        begin(workspace, name=name, stop={"max_rounds": 1}, backend=slow)
        assert launch.run_tick(workspace, name) == {name: "sent"}
    let_time_pass(workspace)
    with launch.prefect(workspace), assemble.held(workspace, "driven"):
        assert sync() == {"waiting": 6}
        assert sync("waiting") == {"waiting": 0}
    with assemble.opened(workspace, "waiting") as campaign:
        assert state_of(campaign.ledger, "waiting").state is RoundState.SENT
    assert launch.run_tick(workspace, "waiting") == {"waiting": "stopped"}
    assert outcome(workspace, "waiting")["stopped"] == ("rule", 1)


def test_who_only_looks_begins_no_campaign(workspace: Workspace) -> None:
    from flows.quality import quality
    from flows.retrain import retrain
    from flows.sync import sync

    path = workspace.root.parent / "campaign.yaml"
    path.write_text(yaml.safe_dump(template()))
    with launch.prefect(workspace):
        for look in (quality, retrain, sync):
            with pytest.raises(ConfigurationError, match=r"campaign\.yaml: no campaign was begun"):
                look(str(path))
    assert not workspace.ledger.exists()
