from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from auto_labeling import assemble
from auto_labeling.campaign import statement_reading
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.driver import drive
from auto_labeling.campaign.schema import log_points
from auto_labeling.campaign.statement import Statement
from auto_labeling.errors import TransientError
from auto_labeling.mirroring import MODEL, mirror
from auto_labeling.ports import Point
from auto_labeling.tracking import MLflowTracker
from auto_labeling.workspace import Workspace
from flows.server import prefect_server
from tests.support.campaigns import driving
from tests.support.flows import begin, run
from tests.support.seen import Seen
from tests.support.stores import copies_in, give_stores

pytestmark = pytest.mark.slow
BLOWS = ("before", "half", "after")


class Killed(BaseException):
    """The process is gone."""


@dataclass(frozen=True)
class Falling(MLflowTracker):
    """Dies at the first points that it is given: before, in the middle, or after they are there."""

    blow: str = "before"

    def log(self, run: str, points: Sequence[Point]) -> None:
        if not points:
            return
        there = {"before": 0, "half": len(points) // 2, "after": len(points)}[self.blow]
        super().log(run, points[:there])
        raise Killed


@dataclass
class Down:
    """A tracker that cannot be reached, whatever it is asked."""

    asked: Counter[str] = field(default_factory=Counter)

    def __getattr__(self, name: str) -> Any:
        def call(*_given: object, **_named: object) -> None:
            self.asked[name] += 1
            raise TransientError("MLflow cannot be reached")

        return call


def test_every_point_is_there_once_wherever_the_mirror_was_killed(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    workspace = Workspace(tmp_path / "workspace")
    name = begin(workspace, stop={"max_rounds": 2})
    give_stores(workspace, tmp_path_factory)
    uri = f"sqlite:///{workspace.mlflow}"
    kills = 0
    with driving(workspace.root, name) as campaign:
        drive(campaign)
        account = statement_reading.read(campaign.ledger, name)
        while killed_at(campaign, account, uri, workspace, BLOWS[kills % 3]):
            kills += 1
        there = copies_in(uri, name)
        mirror(campaign, account, MLflowTracker(uri, workspace.artifacts))
        assert copies_in(uri, name) == there
        with campaign.ledger.read() as connection:
            wanted = {
                (row.round, row.series, row.step) for row in connection.execute(select(log_points))
            }
    assert kills == 3 * 4  # the campaign's points, two rounds', and that its model is registered
    assert set(there.values()) == {1}
    assert set(there) == wanted


def killed_at(
    campaign: Campaign, account: Statement, uri: str, workspace: Workspace, blow: str
) -> bool:
    """Mirror until it dies and return whether it did."""
    try:
        mirror(campaign, account, Falling(uri, workspace.artifacts, blow=blow))
    except Killed:
        return True
    return False


def test_a_mirror_that_is_down_stops_no_campaign_and_catches_up(
    workspace: Workspace,
    hasty: None,
    tmp_path_factory: pytest.TempPathFactory,
    seen: Seen,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tasks import reporting

    give_stores(workspace, tmp_path_factory)
    name = begin(workspace, name="unseen", tracking={"kind": "mlflow"}, stop={"max_rounds": 2})
    down = Down()
    with monkeypatch.context() as patch:
        patch.setattr(reporting, "tracker_of", lambda *_: down)
        run(workspace, name)
    assert assemble.account_of(workspace, name).state.stopped
    assert down.asked == {"open_run": 3}  # after each round and at the end, and not again at once
    assert workspace.report(name).exists()
    assert len(seen.logs("the mirror is behind")) == 3
    assert open_points(workspace) > 0
    run(workspace, name)
    assert open_points(workspace) == 0
    there = copies_in(f"sqlite:///{workspace.mlflow}", name)
    assert set(there.values()) == {1}
    assert any(series == MODEL for _, series, _ in there)


@pytest.mark.parametrize(
    "uri",
    [{"env": "NO_SUCH_ADDRESS"}, {"env": "WRONG_ADDRESS"}, {"block": "no-such-address"}],
    ids=str,
)
def test_a_mirror_that_only_a_person_can_mend_stops_no_campaign(
    workspace: Workspace, seen: Seen, monkeypatch: pytest.MonkeyPatch, uri: dict[str, str]
) -> None:
    monkeypatch.setattr("flows.server.prefect_server", starting)
    monkeypatch.setenv("WRONG_ADDRESS", "mlflow.lan")
    name = begin(workspace, tracking={"kind": "mlflow", "uri": uri}, stop={"max_rounds": 1})
    before = len(seen.logs("the mirror is behind"))
    run(workspace, name)
    assert assemble.account_of(workspace, name).state.stopped
    assert len(seen.logs("the mirror is behind")) == before + 2


@contextmanager
def starting(home: Path, *, meanwhile: Callable[[], object]) -> Iterator[str]:
    """Use the server that is there as if it were only starting now."""
    meanwhile()
    with prefect_server(home) as url:
        yield url


def open_points(workspace: Workspace) -> int:
    ledger = assemble.open_ledger(workspace)
    try:
        with ledger.read() as connection:
            return len(connection.execute(select(log_points).where(~log_points.c.logged)).all())
    finally:
        ledger.close()
