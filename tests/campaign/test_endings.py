"""How campaigns end, and what each end leaves behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from auto_labeling import assemble
from auto_labeling.campaign import driver, manifest
from auto_labeling.campaign.rounds import CampaignState, RoundState
from auto_labeling.campaign.schema import asks, manifests, picks
from auto_labeling.campaign.steps.collecting import sync
from auto_labeling.errors import LeaseHeld
from auto_labeling.records import CampaignId, EventKind
from auto_labeling.workspace import Workspace
from tests.support.campaigns import (
    ask_to_stop,
    data_of,
    drive,
    drive_until,
    driving,
    ledger_of,
    tiny,
)
from tests.support.examination import examined
from tests.support.office import office

pytestmark = pytest.mark.slow

HELDOUT = {"kind": "arrays", "features": "pool.npy", "ids": "ids.npy", "heldout": "heldout.csv"}
PATIENT = {"max_rounds": 50}
BY_FILES = {"kind": "files", "folder": "handover", "truth": None, "annotators": None}
SLOW = {"annotators": [{"name": "mia", "accuracy": 0.9, "seconds": 600}]}


def asked(path: Path, campaign: CampaignId) -> list[Any]:
    with ledger_of(path) as ledger, ledger.read() as connection:
        return list(connection.execute(select(asks).where(asks.c.campaign == campaign)))


def looks_once(path: Path, campaign: CampaignId) -> CampaignState:
    with driving(path, campaign) as opened:
        return driver.drive(opened, wait=False)


def test_a_batch_shrinks_to_what_the_budget_holds_by_whole_items(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, quality={"overlap": 2, "max_overlap": 2}, budget={"answers": 9})
    state = drive(path, campaign)
    account = examined(path, campaign)
    assert state.stop_kind == "budget"
    assert account.asks == {"answered": 8}
    assert account.items["labeled"] + account.items["undecided"] == 4
    assert "8 of 9 answers" in (state.stop_reason or "")


def test_the_money_stops_a_campaign_as_well_as_the_count(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, budget={"answers": 60, "money": "0.52"}, stop=PATIENT)
    assert drive(path, campaign).stop_kind == "budget"
    account = examined(path, campaign)
    assert (account.budget.committed_answers, account.budget.free_micros) == (10, 20_000)
    assert account.state.round == 2
    assert "the budget is spent" in (account.state.stop_reason or "")


def test_a_budget_below_one_item_asks_nobody(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, quality={"overlap": 3}, budget={"answers": 2})
    state = drive(path, campaign)
    assert (state.stop_kind, state.round) == ("budget", 1)
    assert "does not hold another item" in (state.stop_reason or "")
    assert asked(path, campaign) == []
    examined(path, campaign)


def test_a_pool_smaller_than_the_batch_is_labeled_whole(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, points=9, pool=HELDOUT, strategy={"batch": 20}, stop=PATIENT)
    state = drive(path, campaign)
    account = examined(path, campaign)
    assert state.stop_kind == "exhausted"
    assert account.items["labeled"] == account.items["pool"] == 9
    assert state.round == 1


def test_a_pool_of_which_some_judge_is_exhausted_with_its_last_item_to_learn_from(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, points=12, stop=PATIENT)
    assert drive(path, campaign).stop_kind == "exhausted"
    account = examined(path, campaign)
    trained = [row for row in asked(path, campaign) if row.purpose == "train"]
    assert len(trained) == account.items["train"]


def test_a_rule_stops_a_campaign_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, stop={"max_rounds": 2})
    state = drive(path, campaign)
    assert (state.stop_kind, state.round) == ("rule", 2)
    assert state.stop_reason == "all 2 rounds are done"


def test_a_target_that_is_reached_stops_a_campaign(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    stop = {"target": {"metric": "accuracy", "at_least": 0.5}, "max_rounds": 9}
    campaign = tiny(path, pool=HELDOUT, backend={"annotators": [1.0]}, stop=stop)
    state = drive(path, campaign)
    assert state.stop_kind == "target"
    account = examined(path, campaign)
    assert account.curve[-1].bound >= 0.5
    assert all(point.bound < 0.5 for point in account.curve[:-1])


def test_no_campaign_works_after_its_end(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, stop={"max_rounds": 1})
    drive(path, campaign)
    before = examined(path, campaign)
    assert drive(path, campaign).stopped
    assert examined(path, campaign) == before
    assert assemble.unstopped(Workspace.of(path)) == []


def test_an_edit_after_the_stop_enters_a_new_data_set_also_where_a_look_was_killed(
    tmp_path: Path,
) -> None:
    with office(tmp_path / "ws", stop={"max_rounds": 1}) as here:
        item = here.items[0]
        here.everybody_says("ant", "mia")
        assert here.goes_on().stopped
        here.act(item, "mia", "bee", kind=EventKind.EDITED)
        assert sync(here.campaign) == 1  # and then it is killed
        for _ in range(2):
            assert here.goes_on().stopped
        before, after = (one.digest for one in here.rows(manifests))
        changed = manifest.difference(here.campaign.workspace, before, after)
        assert changed.to_dict("index") == {item: {"before": "ant", "after": "bee"}}


@pytest.mark.parametrize("state", [RoundState.PLANNED, RoundState.SELECTED])
def test_asked_to_stop_before_anything_is_bought_it_buys_nothing(
    tmp_path: Path, state: RoundState
) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path)
    drive_until(path, campaign, state)
    ask_to_stop(path, campaign, "finish")
    ended = drive(path, campaign)
    assert (ended.stop_kind, ended.round) == ("person", 1)
    assert asked(path, campaign) == []


@pytest.mark.parametrize("state", [RoundState.RESERVED, RoundState.SENT, RoundState.TRAINED])
def test_asked_to_stop_it_finishes_its_round(tmp_path: Path, state: RoundState) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path)
    drive_until(path, campaign, state)
    ask_to_stop(path, campaign, "finish")
    ended = drive(path, campaign)
    account = examined(path, campaign)
    assert (ended.stop_kind, ended.round) == ("person", 1)
    assert account.asks == {"answered": 6}
    assert account.rounds[0].model is not None


@pytest.mark.parametrize("state", [RoundState.RESERVED, RoundState.SENT])
@pytest.mark.parametrize("unit", ["item", "chunk"])
def test_asked_to_stop_now_it_takes_back_what_nobody_has_answered(
    tmp_path: Path, state: RoundState, unit: str
) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, backend={"unit": unit}, quality={"overlap": 2})
    drive_until(path, campaign, state)
    ask_to_stop(path, campaign, "now")
    ended = drive(path, campaign)
    account = examined(path, campaign)
    assert (ended.stop_kind, ended.round) == ("person", 1)
    assert account.asks == {"released": 12}
    assert (account.budget.reserved_answers, account.budget.cost_micros) == (0, 0)


def test_asked_to_stop_now_it_keeps_what_was_answered(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, backend=SLOW)
    drive_until(path, campaign, RoundState.SENT)
    with driving(path, campaign) as opened:
        opened.clock.sleep(2000)
    assert looks_once(path, campaign).state is RoundState.SENT
    ask_to_stop(path, campaign, "now")
    drive(path, campaign)
    account = examined(path, campaign)
    answered = account.asks["answered"]
    assert 0 < answered < 6
    assert account.asks == {"answered": answered, "released": 6 - answered}
    assert account.items["labeled"] == answered


@pytest.mark.parametrize("state", [RoundState.PLANNED, RoundState.SELECTED])
def test_past_its_deadline_it_buys_nothing(tmp_path: Path, state: RoundState) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, backend=BY_FILES, stop={"deadline": "2020-01-15"})
    drive_until(path, campaign, state)
    ended = drive(path, campaign)
    assert (ended.stop_kind, ended.round) == ("rule", 1)
    assert ended.stop_reason == "the deadline has passed: 2020-01-15"
    assert asked(path, campaign) == []


def test_past_its_deadline_it_sends_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, backend=BY_FILES, stop={"deadline": "2020-01-15"})
    drive_until(path, campaign, RoundState.RESERVED)
    assert drive(path, campaign).stop_reason == "the deadline has passed: 2020-01-15"
    assert examined(path, campaign).asks == {"released": 6}
    assert not (data_of(path) / "handover").exists()


def test_at_its_deadline_it_waits_no_longer_and_keeps_what_was_answered(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    with office(path, stop={"deadline": "2026-01-05"}) as here:
        item, *others = here.items
        here.act(item, "mia", "ant")
        assert here.goes_on().state is RoundState.SENT
        here.wait(86_400)
        ended = here.goes_on()
        assert (ended.stop_kind, ended.round) == ("rule", 1)
        assert here.label(item) == "ant"
        assert [here.state(one) for one in others] == [["released"], ["released"]]
        assert here.account().committed_answers == 1


def test_without_waiting_it_does_what_is_ready_and_ends(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, backend=SLOW)
    for _ in range(3):
        assert looks_once(path, campaign).state is RoundState.SENT
    with driving(path, campaign) as opened:
        opened.clock.sleep(86_400)
    now = looks_once(path, campaign)
    assert (now.round, now.state) == (2, RoundState.SENT)
    examined(path, campaign)


def test_a_run_makes_no_more_rounds_than_it_was_told(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path)
    for number in (2, 3):
        state = drive(path, campaign, max_rounds=1)
        assert (state.round, state.state) == (number, RoundState.PLANNED)
    assert drive(path, campaign, max_rounds=1).stopped
    examined(path, campaign)


def test_the_second_driver_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path)
    with driving(path, campaign), pytest.raises(LeaseHeld):
        drive(path, campaign)


def test_a_batch_of_one_makes_progress(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, strategy={"batch": 1}, stop={"max_rounds": 5})
    assert drive(path, campaign).stop_kind == "rule"
    account = examined(path, campaign)
    assert account.asks == {"answered": 5}
    with ledger_of(path) as ledger, ledger.read() as connection:
        purposes = list(connection.scalars(select(picks.c.purpose).order_by(picks.c.round)))
    assert purposes.count("control") == 1
