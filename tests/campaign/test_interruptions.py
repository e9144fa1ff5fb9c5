"""What goes wrong on the way is said, loses nothing, and once mended the campaign goes on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import event, select

from auto_labeling import assemble
from auto_labeling.campaign import creation, driver
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.ledger import Ledger
from auto_labeling.campaign.projection import projection
from auto_labeling.campaign.rounds import RoundState, Step
from auto_labeling.campaign.schema import campaigns, events
from auto_labeling.campaign.steps import STEPS
from auto_labeling.campaign.transition import commit, state_of
from auto_labeling.errors import BlockedError, LeaseLost, TransientError
from auto_labeling.records import CampaignId
from auto_labeling.workspace import Workspace
from tests.support.campaigns import (
    data_of,
    drive,
    drive_until,
    driving,
    ledger_of,
    tiny,
    write_points,
)
from tests.support.examination import examined
from tests.support.shelf import Shelf

pytestmark = pytest.mark.slow

CAMPAIGN = "tiny-0badcafe"
OVERLAPPING: dict[str, Any] = {"quality": {"overlap": 2}, "backend": {"skip": 0.2, "edit": 0.3}}


def projection_of(path: Path, campaign: CampaignId) -> dict[str, Any]:
    with ledger_of(path) as ledger:
        return projection(ledger, campaign)


def undisturbed(path: Path, **overrides: Any) -> dict[str, Any]:
    campaign = tiny(path, campaign_id=CAMPAIGN, **overrides)
    drive(path, campaign)
    return projection_of(path, campaign)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return undisturbed(tmp_path_factory.mktemp("calm") / "ws", **OVERLAPPING)


def told(path: Path, kind: str) -> list[Any]:
    with ledger_of(path) as ledger, ledger.read() as connection:
        return list(connection.execute(select(events).where(events.c.kind == kind)))


def test_a_payload_that_vanished_blocks_until_it_is_back(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, campaign_id=CAMPAIGN)
    pool = data_of(path) / "pool.npy"
    hidden = pool.with_suffix(".away")
    pool.rename(hidden)
    with pytest.raises(BlockedError, match=r"pool\.npy.*no such file"):
        drive(path, campaign)
    account = assemble.account_of(Workspace.of(path), campaign)
    assert "pool.npy" in (account.state.blocked_reason or "")
    assert account.state.blocked_remedy
    assert account.state.state is RoundState.RESERVED
    hidden.rename(pool)
    assert drive(path, campaign).stopped
    assert examined(path, campaign).state.blocked_reason is None
    assert [len(told(path, kind)) for kind in ("blocked", "unblocked")] == [1, 1]
    expected = undisturbed(tmp_path / "calm")
    assert projection_of(path, campaign) == expected


def test_what_stays_blocked_is_told_once_with_the_time_since_when(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, campaign_id=CAMPAIGN)
    (data_of(path) / "pool.npy").unlink()

    def since() -> int:
        with pytest.raises(BlockedError):
            drive(path, campaign)
        with driving(path, campaign) as opened:
            opened.clock.sleep(3600)
            with opened.ledger.read() as connection:
                return int(connection.scalar(select(campaigns.c.blocked_at)) or 0)

    assert since() == since() == since() > 0
    assert len(told(path, "blocked")) == 1


@contextmanager
def small_disk(ledger: Ledger, room: list[bool]) -> Iterator[None]:
    """Let the ledger grow no more while the only element of `room` is false."""

    def limit(raw: Any, *_: Any) -> None:
        raw.execute(f"PRAGMA max_page_count = {1_073_741_823 if room[0] else 1}")

    event.listen(ledger.engine, "checkout", limit)
    try:
        yield
    finally:
        event.remove(ledger.engine, "checkout", limit)


@pytest.mark.parametrize("instant", ["select:before", "reserve:before", "collect:before"])
def test_a_full_disk_stops_a_campaign_that_then_goes_on_as_if_nothing_had_been(
    tmp_path: Path, instant: str, calm: dict[str, Any]
) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, campaign_id=CAMPAIGN, **OVERLAPPING)
    room, times = [True], [0]

    def fills_up(now: str) -> None:
        if now == instant and times[0] < 4:
            times[0] += 1
            room[0] = False

    blocked = 0
    with driving(path, campaign, fills_up) as opened, small_disk(opened.ledger, room):
        state = state_of(opened.ledger, campaign)
        while not state.stopped:
            try:
                state = driver.drive(opened)
            except BlockedError as error:
                assert "disk is full" in str(error)  # noqa: PT017 - what fits does not raise
                blocked += 1
                room[0] = True
    assert blocked
    examined(path, campaign)
    assert projection_of(path, campaign) == calm


def test_a_tool_that_stays_out_of_order_is_given_up_and_tried_again_later(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, campaign_id=CAMPAIGN)
    drive_until(path, campaign, RoundState.RESERVED)
    naps: list[float] = []
    with driving(path, campaign) as opened:
        broken = replace(opened, backend=Shelf(breaks_after=0), pause=naps.append)
        with pytest.raises(TransientError):
            driver.drive(broken)
    assert naps == [1.0, 2.0, 4.0, 8.0, 16.0]
    assert assemble.account_of(Workspace.of(path), campaign).state.blocked_reason is None
    assert drive(path, campaign).stopped
    examined(path, campaign)


def test_a_pool_that_grew_after_it_was_scored_is_scored_where_it_must_be(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, campaign_id=CAMPAIGN)
    drive(path, campaign, max_rounds=1)
    drive_until(path, campaign, RoundState.SCORED)
    more = tmp_path / "more"
    write_points(more, 20)
    np.save(more / "pool.npy", np.load(more / "pool.npy") + 1)
    np.save(more / "ids.npy", np.array([f"q{at}" for at in range(20)]))
    truth = data_of(path) / "truth.csv"
    added = (more / "truth.csv").read_text().splitlines()[1:]
    names = [f"q{at},{line.split(',')[1]}" for at, line in enumerate(added)]
    truth.write_text("\n".join([truth.read_text().rstrip(), *names]))
    with driving(path, campaign) as opened:
        assert opened.fence is not None
        count = creation.add(
            opened.ledger,
            fence=opened.fence,
            config=opened.config,
            raw_source={"kind": "arrays", "features": "pool.npy", "ids": "ids.npy"},
            base=more,
            folder=opened.folder,
            clock=opened.clock,
        )
    assert count == (20, 0)
    assert drive(path, campaign).stopped
    account = examined(path, campaign)
    assert account.items["pool"] == 60
    assert [size for _, _, size in account.snapshots] == [40, 20]


def test_an_emptied_cache_is_filled_again(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, campaign_id=CAMPAIGN)
    drive(path, campaign, max_rounds=1)
    drive_until(path, campaign, RoundState.SCORED)
    shutil.rmtree(path / "cache")
    assert drive(path, campaign).stopped
    assert projection_of(path, campaign) == undisturbed(tmp_path / "calm")


@pytest.mark.parametrize("step", [step for step in Step if step is not Step.WITHDRAW])
@pytest.mark.parametrize("where", ["before", "between"])
def test_a_step_that_is_made_again_changes_nothing(
    tmp_path: Path, step: Step, where: str, calm: dict[str, Any]
) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, campaign_id=CAMPAIGN, **OVERLAPPING)
    struck: list[str] = []

    def strike(now: str) -> None:
        if now == f"{step}:{where}" and len(struck) < 2:
            struck.append(now)
            raise TransientError("the power went")

    assert drive(path, campaign, watch=strike).stopped
    assert struck
    examined(path, campaign)
    assert projection_of(path, campaign) == calm


def test_a_driver_that_another_has_overtaken_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, campaign_id=CAMPAIGN)
    with driving(path, campaign) as late:
        before = state_of(late.ledger, campaign)
        done = STEPS[Step.SELECT](late, before)
        driver.perform(late, Step.SELECT)
        with pytest.raises(LeaseLost, match=r"round 1 is no longer planned.*nothing was written"):
            commit(late, Step.SELECT, before, done)


def test_no_step_writes_without_the_lease(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, campaign_id=CAMPAIGN)
    with driving(path, campaign) as opened:
        old = opened.fence
    with driving(path, campaign) as opened:
        late: Campaign = replace(opened, fence=old)
        with pytest.raises(LeaseLost, match="another driver took over"):
            driver.drive(late)
    assert drive(path, campaign).stopped
