"""While people disagree too much nothing more is bought, until somebody has mended the guide."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auto_labeling import config
from auto_labeling.campaign import agreement_account, amending
from auto_labeling.campaign.agreement_account import AgreementAccount
from auto_labeling.campaign.rounds import RoundState
from auto_labeling.campaign.schema import answers, asks, configurations, events, picks
from auto_labeling.campaign.transition import state_of
from auto_labeling.errors import BlockedError
from auto_labeling.records import EventKind
from tests.support.campaigns import CLASSES, ask_to_stop
from tests.support.office import Office, office

HOLD = {"alpha_upper_below": 0.6, "after": 4}
PLAN: dict[str, Any] = {
    "strategy": {"batch": 6},
    "pool": {"heldout": "heldout.csv"},
    "quality": {
        "max_overlap": 2,  # what two people disagree on stays undecided
        "agreement": {"slice": 12, "share": "99%", "hold_if": HOLD},
    },
    "stop": {"max_rounds": 3},
}


def disagree(asked: Office, number: int = 1) -> None:
    """Let two people take each class of the round for the next."""
    for at, item in enumerate(items_of(asked, number)):
        asked.act(item, "mia", CLASSES[at % 3])
        asked.act(item, "li", CLASSES[(at + 1) % 3])


def agree(asked: Office, number: int = 1) -> None:
    for at, item in enumerate(items_of(asked, number)):
        asked.act(item, "mia", CLASSES[at % 3])
        asked.act(item, "li", CLASSES[at % 3])


def items_of(asked: Office, number: int) -> list[str]:
    return [row.item for row in asked.rows(asks, round=number, ordinal=0)]


def amend(asked: Office) -> str | None:
    """Say that the guide was mended; the file is as it was."""
    campaign = asked.campaign
    assert campaign.fence is not None
    with campaign.ledger.read() as connection:
        _, raw = amending.stored(connection, campaign.campaign_id)
    return amending.amend(
        campaign.ledger,
        fence=campaign.fence,
        raw=raw,
        who="ada",
        why="bees are those with stripes",
        clock=campaign.clock,
        pseudonym=campaign.pseudonyms,
    )


def account(asked: Office) -> AgreementAccount:
    with asked.campaign.ledger.read() as connection:
        _, told = amending.stored(connection, asked.campaign.campaign_id)
        found = agreement_account.account_of(
            connection, asked.campaign.campaign_id, config.parse(told)
        )()
    assert found is not None
    return found


def held(asked: Office) -> str:
    """Make the steps that are ready, and return why no more can be made."""
    with pytest.raises(BlockedError) as stopped:
        asked.goes_on()
    return str(stopped.value)


def test_nothing_more_is_bought_and_it_is_said_what_to_discuss(tmp_path: Path) -> None:
    with office(tmp_path / "a", **PLAN) as asked:
        disagree(asked)
        said = held(asked)
        assert said.startswith("people agree too little on the blind slice: alpha -0.3")
        assert "over 6 items, expected an upper limit of 0.60 or more" in said
        assert "they differ most about ant and bee (2 items), ant and cat (2 items)" in said
        named = said.partition("items to discuss: ")[2].partition(". Mend the guide")[0]
        assert set(named.split(", ")) < set(items_of(asked, 1))
        assert len(named.split(", ")) == 5
        assert "auto-label amend" in said
        assert asked.account().reserved_answers == 0
        assert len(asked.rows(asks)) == 12
        state = state_of(asked.campaign.ledger, asked.campaign.campaign_id)
        assert (state.state, state.round) == (RoundState.SELECTED, 2)
        assert state.blocked_reason is not None
        assert held(asked) == said
        assert [len(asked.rows(events, kind=kind)) for kind in ("held", "blocked")] == [1, 1]


def test_no_further_opinion_is_bought_either(tmp_path: Path) -> None:
    quality = PLAN["quality"] | {"max_overlap": 4}
    with office(tmp_path / "a", **PLAN | {"quality": quality}) as asked:
        disagree(asked)
        held(asked)
        state = state_of(asked.campaign.ledger, asked.campaign.campaign_id)
        assert (state.state, state.round) == (RoundState.RECONCILED, 1)
        asked.wait(3_600)
        amend(asked)
        asked.goes_on()
        assert len(asked.rows(asks, ordinal=2)) == 6


def test_an_amendment_mends_it_and_the_answers_since_count(tmp_path: Path) -> None:
    with office(tmp_path / "a", **PLAN) as asked:
        disagree(asked)
        held(asked)
        asked.wait(3_600)
        assert amend(asked) == ""
        [_, row] = asked.rows(configurations)
        assert (row.who, row.why) == ("ada", "bees are those with stripes")
        asked.goes_on()
        assert state_of(asked.campaign.ledger, asked.campaign.campaign_id).blocked_reason is None
        found = account(asked)
        assert found.since == row.at
        assert found.blind is not None
        assert found.blind.items == 0
        assert len(asked.rows(picks, round=2, blind=True)) == 6
        agree(asked, 2)
        asked.goes_on()
        found = account(asked)
        assert found.blind is not None
        assert (found.blind.items, found.blind.alpha.value) == (6, 1.0)
        # The slice begins anew: six of its twelve are left for the third round.
        assert len(asked.rows(picks, round=3, blind=True)) == 6


def test_who_disagrees_again_is_held_again(tmp_path: Path) -> None:
    with office(tmp_path / "a", **PLAN) as asked:
        disagree(asked)
        held(asked)
        asked.wait(3_600)
        amend(asked)
        asked.goes_on()
        asked.wait(3_600)
        disagree(asked, 2)
        assert "over 6 items" in held(asked)
        assert len(asked.rows(events, kind="held")) == 2


def test_an_unchanged_file_mends_nothing_where_nothing_is_held(tmp_path: Path) -> None:
    with office(tmp_path / "a", **PLAN) as asked:
        assert amend(asked) is None
        disagree(asked)
        held(asked)
        assert amend(asked) == ""
        assert amend(asked) is None


def test_answers_that_people_mend_in_the_tool_release_it(tmp_path: Path) -> None:
    with office(tmp_path / "a", **PLAN) as asked:
        disagree(asked)
        held(asked)
        for at, item in enumerate(items_of(asked, 1)):
            edited = EventKind.EDITED
            asked.act(item, "li", CLASSES[at % 3], kind=edited, answer=f"{item} by li")
        asked.goes_on()
        assert len(asked.rows(asks, round=2)) == 12


def test_what_people_do_meanwhile_is_taken_in(tmp_path: Path) -> None:
    with office(tmp_path / "a", **PLAN) as asked:
        disagree(asked)
        held(asked)
        asked.act(items_of(asked, 1)[0], "sam", "ant")
        held(asked)
        [late] = [row for row in asked.rows(answers) if row.unsolicited]
        assert late.item == items_of(asked, 1)[0]


@pytest.mark.parametrize(
    ("hold", "words"),
    [
        ({"alpha_upper_below": 0.6, "after": 7}, "too few"),
        ({"alpha_upper_below": -0.5, "after": 4}, "high enough"),
    ],
)
def test_what_is_not_known_well_enough_holds_nothing(
    tmp_path: Path, hold: dict[str, Any], words: str
) -> None:
    plan = PLAN["quality"] | {"agreement": PLAN["quality"]["agreement"] | {"hold_if": hold}}
    with office(tmp_path / "a", **PLAN | {"quality": plan}) as asked:
        disagree(asked)
        asked.goes_on()
        assert len(asked.rows(asks, round=2)) == 12, words


def test_people_who_all_say_the_same_are_not_held(tmp_path: Path) -> None:
    with office(tmp_path / "a", **PLAN) as asked:
        asked.everybody_says("ant", "mia", "li")
        asked.goes_on()
        assert len(asked.rows(asks, round=2)) == 12


def test_a_held_campaign_can_be_stopped(tmp_path: Path) -> None:
    with office(tmp_path / "a", **PLAN) as asked:
        disagree(asked)
        held(asked)
        ask_to_stop(tmp_path / "a", asked.campaign.campaign_id, "finish")
        assert asked.goes_on().stopped
