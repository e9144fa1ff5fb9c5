from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from auto_labeling import assemble
from auto_labeling.campaign import driver, predictions
from auto_labeling.campaign.rounds import Step
from auto_labeling.campaign.steps import STEPS
from auto_labeling.errors import BlockedError, RejectedError, TransientError
from auto_labeling.workspace import Workspace
from tests.support.campaigns import data_of
from tests.support.flows import NAME, begin, outcome, outcome_without_prefect, run
from tests.support.seen import Seen

pytestmark = pytest.mark.slow


def driver_steps() -> dict[Step, Any]:
    """Return the steps as the driver looks them up."""
    steps: dict[Step, Any] = vars(driver)["STEPS"]
    return steps


class Failing:
    """A step that fails as it is told, each time before it does anything."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, step: Step, *errors: Exception) -> None:
        self.calls = 0
        self._errors, self._step = list(errors), STEPS[step]
        monkeypatch.setitem(driver_steps(), step, self)

    def __call__(self, *given: Any) -> Any:
        self.calls += 1
        if self._errors:
            raise self._errors.pop(0)
        return self._step(*given)


def test_a_campaign_comes_to_what_it_comes_to_without_prefect(
    workspace: Workspace, tmp_path: Path, seen: Seen
) -> None:
    begin(workspace, name=NAME)
    assert run(workspace) == NAME
    ended = outcome(workspace)
    assert ended["stopped"] == ("rule", 3)
    assert ended == outcome_without_prefect(tmp_path / "plain", data_of(workspace.root))
    assert seen.flow_runs()[-1] == (NAME, "Completed")
    assert workspace.report(NAME).exists()
    assert seen.artifacts(NAME) == {
        f"{NAME}-campaign": "markdown",
        f"{NAME}-rounds": "table",
        f"{NAME}-budget": "table",
        f"{NAME}-progress": "progress",
    }


def test_a_large_pool_is_scored_in_shards_and_the_same_items_are_picked(
    workspace: Workspace, tmp_path: Path, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(workspace, name="sharded", stop={"max_rounds": 2})
    expected = begin_plain(tmp_path, workspace, name="sharded", stop={"max_rounds": 2})
    monkeypatch.setattr(predictions, "ROWS", 7)
    run(workspace, "sharded")
    assert outcome(workspace, "sharded") == expected
    assert len(list(workspace.root.glob("cache/*/*.npy"))) == 6  # of 40 points, one model


def begin_plain(tmp_path: Path, workspace: Workspace, **overrides: Any) -> dict[str, Any]:
    return outcome_without_prefect(tmp_path / "plain", data_of(workspace.root), **overrides)


def test_only_what_may_pass_is_tried_again(
    workspace: Workspace, hasty: None, monkeypatch: pytest.MonkeyPatch, seen: Seen
) -> None:
    begin(workspace, name="stumbling", stop={"max_rounds": 1})
    train = Failing(monkeypatch, Step.TRAIN, TransientError("busy"), TransientError("busy"))
    evaluate = Failing(monkeypatch, Step.EVALUATE, RejectedError("never"))
    with pytest.raises(RejectedError, match="never"):
        run(workspace, "stumbling")
    assert (train.calls, evaluate.calls) == (3, 1)
    run(workspace, "stumbling")
    assert outcome(workspace, "stumbling")["stopped"] == ("rule", 1)
    assert [state for name, state in seen.flow_runs() if name == "stumbling"] == [
        "Failed",
        "Completed",
    ]


def test_a_tool_that_is_out_of_order_at_times_changes_nothing(
    workspace: Workspace, hasty: None, tmp_path: Path
) -> None:
    overrides: dict[str, Any] = {"backend": {"outage": 0.3}, "stop": {"max_rounds": 2}}
    begin(workspace, name=NAME, **overrides)
    run(workspace)
    assert outcome(workspace) == begin_plain(tmp_path, workspace, **overrides)


def test_what_only_a_person_can_mend_reaches_the_person_as_itself(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(workspace, name="stuck", stop={"max_rounds": 1})
    freeze = Failing(monkeypatch, Step.FREEZE, BlockedError("no room", remedy="Make room."))
    with pytest.raises(BlockedError, match="no room") as caught:
        run(workspace, "stuck")
    assert (caught.value.remedy, freeze.calls) == ("Make room.", 1)
    assert assemble.account_of(workspace, "stuck").state.blocked_reason == "no room"
    run(workspace, "stuck")
    state = assemble.account_of(workspace, "stuck").state
    assert (state.stopped, state.blocked_reason) == (True, None)


def test_it_runs_as_many_rounds_and_as_large_ones_as_it_is_told(workspace: Workspace) -> None:
    begin(workspace, name="told")
    run(workspace, "told", max_rounds=1, batch_size=2)
    account = assemble.account_of(workspace, "told")
    assert not account.state.stopped
    assert account.budget.committed_answers == 2


def test_a_campaign_that_has_stopped_is_looked_at_once_more(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks import reporting

    begin(workspace, name="done", stop={"max_rounds": 1})
    with monkeypatch.context() as patch:
        patch.setattr(reporting, "show", _killed_when_it_has_stopped(workspace, "done"))
        with pytest.raises(KeyboardInterrupt):
            run(workspace, "done")
    assert not workspace.report("done").exists()
    run(workspace, "done")
    assert workspace.report("done").exists()


def _killed_when_it_has_stopped(workspace: Workspace, campaign: str) -> Any:
    def show(_ref: object) -> None:
        if assemble.account_of(workspace, campaign).state.stopped:
            raise KeyboardInterrupt

    return show


def test_the_form_has_four_fields_of_which_one_must_be_filled_in() -> None:
    from flows.campaign import campaign

    schema = campaign.parameters
    assert list(schema.properties) == ["run"]
    form = schema.definitions["CampaignRun"]
    assert list(form["properties"]) == ["config_path", "max_rounds", "batch_size", "wait"]
    assert form["required"] == ["config_path"]
    assert all({"title", "description"} <= field.keys() for field in form["properties"].values())


@pytest.mark.parametrize(
    "wrong", [{}, {"config_path": "x", "max_rounds": 0}, {"config_path": "x", "batch_size": "many"}]
)
def test_what_is_wrong_in_the_form_is_said_before_anything_begins(
    workspace: Workspace, wrong: dict[str, Any]
) -> None:
    from prefect.exceptions import ParameterTypeError

    from auto_labeling import launch

    with launch.prefect(workspace):
        from flows.campaign import campaign

        given: Any = wrong
        with pytest.raises((ParameterTypeError, ValidationError)):
            campaign(given)
    assert not workspace.ledger.exists()
