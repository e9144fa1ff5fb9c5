"""A changed configuration: refused until somebody says why, and never without a trace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select

from auto_labeling import assemble
from auto_labeling.campaign import amending, budget
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.rounds import RoundState
from auto_labeling.campaign.schema import budgets, configurations, events, people, spend
from auto_labeling.config import parse
from auto_labeling.errors import AmendmentRequired, BudgetExceeded, ConfigurationError, UserError
from auto_labeling.workspace import Workspace
from tests.support.campaigns import data_of, drive, drive_until, driving, merged, template, tiny

HOURLY = [{"user": "mia", "pay": {"hour": "18.00"}}, {"user": "li"}]


@contextmanager
def running(path: Path, **overrides: Any) -> Iterator[Campaign]:
    """Give a campaign whose first batch is with people: six answers are asked for."""
    campaign = tiny(path, **overrides)
    drive_until(path, campaign, RoundState.SENT)
    with driving(path, campaign) as opened:
        yield opened


def amend(campaign: Campaign, change: dict[str, Any]) -> str | None:
    assert campaign.fence is not None
    with campaign.ledger.read() as connection:
        _, before = amending.stored(connection, campaign.campaign_id)
    return amending.amend(
        campaign.ledger,
        fence=campaign.fence,
        raw=merged(before, change),
        who="ada",
        why="the client asked",
        clock=campaign.clock,
        pseudonym=campaign.pseudonyms,
    )


def rows(campaign: Campaign, table: Any) -> list[Any]:
    with campaign.ledger.read() as connection:
        query = select(table).where(table.c.campaign == campaign.campaign_id)
        return list(connection.execute(query))


def test_a_changed_file_is_refused_with_its_difference_until_it_is_amended(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    workspace = Workspace.of(path)
    file = data_of(path) / "campaign.yaml"
    tiny(path)  # for the data beside the file
    file.write_text(yaml.safe_dump(template()))
    campaign = assemble.find_or_create(workspace, str(file))
    assert assemble.find_or_create(workspace, str(file)) == campaign
    changed = merged(template(), {"budget": {"answers": 30}})
    file.write_text(yaml.safe_dump(changed))
    with pytest.raises(AmendmentRequired) as refusal:
        assemble.find_or_create(workspace, str(file))
    for part in ("-  answers: 60", "+  answers: 30", "auto-label amend"):
        assert part in str(refusal.value)
    with driving(path, campaign) as opened:
        difference = amend(opened, {"budget": {"answers": 30}})
    assert difference is not None
    assert "+  answers: 30" in difference
    assert assemble.find_or_create(workspace, str(file)) == campaign


@pytest.mark.parametrize("people_", [["mia"], [{"role": "senior"}], {"usr": "mia"}, "mia", None])
def test_a_changed_file_with_mistakes_is_refused_all_the_same(tmp_path: Path, people_: Any) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path)
    raw = template() | {"people": people_}
    with (
        driving(path, campaign) as here,
        here.ledger.read() as connection,
        pytest.raises(AmendmentRequired, match="people"),
    ):
        amending.expect_unchanged(connection, campaign, raw, Path("x.yaml"), here.pseudonyms)


def test_logins_are_nowhere_in_the_ledger(tmp_path: Path) -> None:
    with running(tmp_path / "ws", people={"user": "mia-müller"}) as here:
        amend(here, {"people": [{"user": "li-cheng"}]})
        here.ledger.close()
        content = b"".join(one.read_bytes() for one in here.workspace.glob("ledger.db*"))
    assert b"person-1" in content
    for login in ("mia-m", "li-cheng"):
        assert login.encode() not in content


def test_every_amendment_is_recorded_with_who_when_and_why(tmp_path: Path) -> None:
    with running(tmp_path / "ws") as here:
        amend(here, {"budget": {"answers": 80, "money": "9.00"}})
        amend(here, {"stop": {"max_rounds": 5}})
        versions = rows(here, configurations)
        assert [(row.version, row.who, row.why) for row in versions] == [
            (1, None, None),
            (2, "ada", "the client asked"),
            (3, "ada", "the client asked"),
        ]
        assert versions[1].at > 0
        assert versions[2].body["budget"]["answers"] == 80
        assert [row.kind for row in rows(here, spend)].count("amend") == 2
        assert [row.kind for row in rows(here, events)].count("amended") == 2
        [account] = rows(here, budgets)
        assert (account.cap_answers, account.cap_micros) == (80, 9_000_000)


def test_an_amendment_that_changes_nothing_is_none(tmp_path: Path) -> None:
    with running(tmp_path / "ws") as here:
        assert amend(here, {}) is None
        assert len(rows(here, configurations)) == 1


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("name", "another"),
        ("labels", {"classes": ["ant", "bee", "cat", "dog"]}),
        ("pool", {"features": "other.npy"}),
        ("backend", {"skip": 0.5}),
        ("seed", 8),
        ("budget", {"currency": "JPY"}),
    ],
)
def test_what_a_campaign_is_about_cannot_be_amended(tmp_path: Path, key: str, change: Any) -> None:
    with running(tmp_path / "ws") as here:
        with pytest.raises(
            ConfigurationError, match=rf"^{key}[.\w]*: a running campaign cannot change"
        ):
            amend(here, {key: change})
        assert len(rows(here, configurations)) == 1


@pytest.mark.parametrize(
    "change", [{"answers": 5}, {"money": "0.29"}, {"money": "0.31", "contingency": "10%"}]
)
def test_a_cap_below_what_is_given_and_asked_for_is_refused(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    with running(tmp_path / "ws") as here:
        before = rows(here, budgets)
        with pytest.raises(BudgetExceeded, match=r"0 answers are given and 6 asked for"):
            amend(here, {"budget": change})
        assert rows(here, budgets) == before
        assert len(rows(here, configurations)) == 1


@pytest.mark.parametrize(
    ("change", "open_answers"),
    [
        ({"answers": 6, "money": "0.30"}, 0),
        ({"answers": 5}, 6),
        ({"money": "0.29"}, 6),
        ({"money": "0.31", "contingency": "10%"}, 6),
        ({"answers": 5, "money": None}, 6),
    ],
)
def test_caps_say_what_has_to_be_withdrawn_before_they_hold(
    tmp_path: Path, change: dict[str, Any], open_answers: int
) -> None:
    with running(tmp_path / "ws") as here:
        config = parse(merged(template(), {"budget": change}))
        with here.ledger.read() as connection:
            account = budget.account(connection, here.campaign_id)
    assert amending.in_the_way(config, account) == open_answers
    given = replace(account, committed_answers=7, committed_micros=350_000)
    with pytest.raises(BudgetExceeded, match=r"7 answers are given.*choose a higher cap"):
        amending.in_the_way(config, given)


def test_caps_down_to_what_is_given_and_asked_for_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    with running(path) as here:
        amend(here, {"budget": {"answers": 6, "money": "0.30"}})
        campaign = here.campaign_id
    assert drive(path, campaign).stop_kind == "budget"


def test_without_a_cap_in_money_a_lower_price_needs_no_other_cap(tmp_path: Path) -> None:
    with running(tmp_path / "ws", budget={"money": None}) as here:
        [before] = rows(here, budgets)
        assert before.cap_micros == 60 * 50_000
        amend(here, {"budget": {"price": "0.02"}})
        [after] = rows(here, budgets)
        assert after.cap_micros == 6 * 50_000 + 54 * 20_000


def test_the_contingency_is_part_of_a_cap_in_money_and_comes_on_top_where_there_is_none(
    tmp_path: Path,
) -> None:
    for name, money, expected in (("with", "6.00", 5_400_000), ("without", None, 3_000_000)):
        campaign = tiny(tmp_path / name, budget={"money": money, "contingency": "10%"})
        account = assemble.account_of(Workspace.of(tmp_path / name), campaign).budget
        assert account.cap_micros == expected
        assert account.contingency_micros == (600_000 if money else 300_000)


def test_people_who_are_no_longer_named_get_no_new_asks_and_keep_their_answers(
    tmp_path: Path,
) -> None:
    with running(tmp_path / "ws", people=HOURLY) as here:
        amend(here, {"people": [{"user": "li"}, {"user": "bo", "pay": {"answer": "0.04"}}]})
        found = {row.person: row for row in rows(here, people)}
        assert [row.retired_at is None for row in found.values()] == [False, True, True]
        assert found["person-3"].rate_micros == 40_000


def test_an_amendment_is_checked_like_a_campaign(tmp_path: Path) -> None:
    with running(tmp_path / "ws") as here:
        wrong: list[dict[str, Any]] = [
            {"wait": {"enough": "most"}},
            {"evaluation": {"metrics": ["acuracy"]}},
            {"budgett": {}},
        ]
        for change in wrong:
            with pytest.raises(UserError):
                amend(here, change)
        assert len(rows(here, configurations)) == 1
