"""From a poll to the ledger: what people did is written once, paid once, and never lost."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from auto_labeling.campaign import driver, manifest
from auto_labeling.campaign.answers import votes
from auto_labeling.campaign.pricing import price_of_an_ask
from auto_labeling.campaign.rounds import RoundState
from auto_labeling.campaign.schema import (
    answers,
    asks,
    events,
    items,
    manifests,
    quarantine,
)
from auto_labeling.campaign.steps.collecting import sync
from auto_labeling.records import EventKind, RemoteRef
from tests.campaign.test_amendments import amend
from tests.support.campaigns import ask_to_stop
from tests.support.office import office

S = 1_000_000


def test_an_act_told_at_every_poll_is_written_once(tmp_path: Path) -> None:
    with office(tmp_path / "ws") as here:
        here.act(here.items[0], "mia", "ant")
        assert [sync(here.campaign) for _ in range(3)] == [1, 0, 0]
        assert len(here.rows(answers)) == 1
        assert here.account().committed_answers == 1


def test_what_cannot_be_read_is_put_aside_once_with_its_value(tmp_path: Path) -> None:
    with office(tmp_path / "ws") as here:
        item = here.items[0]
        here.act(item, "mia", "cow")
        assert [sync(here.campaign) for _ in range(3)] == [1, 0, 0]
        here.act(item, "mia", "sheep", kind=EventKind.EDITED)
        assert [sync(here.campaign) for _ in range(2)] == [1, 0]
        aside = here.rows(quarantine, item=item)
        assert [(row.body["answer"], row.body["value"]) for row in aside] == [
            (f"{item} by mia", '"cow"'),
            (f"{item} by mia", '"sheep"'),
        ]
        assert here.rows(answers) == []
        here.act(item, "mia", "bee", kind=EventKind.EDITED)
        assert sync(here.campaign) == 1
        assert here.state(item) == ["answered"]
        assert here.account().committed_answers == 1


def test_a_tool_that_tells_the_unreadable_for_ever_does_not_keep_the_campaign_from_its_end(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ws"
    with office(path) as here:
        here.act(here.items[0], "mia", "cow")
        ask_to_stop(path, here.campaign.campaign_id, "now")
        assert here.goes_on().stopped
        assert len(here.rows(quarantine)) == 1


def test_an_answer_to_a_foreign_task_is_put_aside(tmp_path: Path) -> None:
    with office(tmp_path / "ws") as here:
        here.act(here.items[0], "mia", "ant")
        here.shelf.told[0] = replace(here.shelf.told[0], key="foreign")
        assert [sync(here.campaign) for _ in range(2)] == [1, 0]
        assert "did not make" in here.rows(quarantine)[0].reason
        assert here.account().committed_answers == 0


def test_an_answer_too_many_is_kept_and_has_no_vote(tmp_path: Path) -> None:
    with office(tmp_path / "ws") as here:
        item = here.items[0]
        here.everybody_says("ant", "mia")
        here.act(item, "li", "bee")
        assert here.goes_on().round == 2
        assert here.label(item) == "ant"
        assert here.account().committed_answers == 3
        assert [row.person for row in here.rows(answers, unsolicited=True)] == ["person-2"]


def test_an_authors_edit_follows_their_own_answer_whoever_wrote_over_it(tmp_path: Path) -> None:
    with office(tmp_path / "ws") as here:
        item = here.items[0]
        for person, value, kind in (
            ("mia", "ant", EventKind.SUBMITTED),
            ("boss", "cat", EventKind.EDITED),
            ("mia", "bee", EventKind.EDITED),
            ("boss", "cat", EventKind.EDITED),
        ):
            here.act(item, person, value, kind=kind, answer="a")
            sync(here.campaign)
        found = here.rows(answers, item=item)
        assert [row.current for row in found] == [False, False, True, False]
        assert found[2].supersedes == found[0].fingerprint
        assert here.account().committed_answers == 1


def test_an_answer_that_comes_while_its_unit_is_withdrawn_is_paid(tmp_path: Path) -> None:
    with office(tmp_path / "ws", wait={"after": "1h"}) as here:
        item, *others = here.items
        for other in others:
            here.act(other, "mia", "ant")
        here.wait(3700)

        def answers_at_the_last_moment(now: str) -> None:
            if now == "withdraw:between" and not here.rows(answers, item=item):
                here.act(item, "mia", "bee")

        watched = replace(here.campaign, watch=answers_at_the_last_moment)
        driver.drive(watched, wait=False)
        assert here.state(item) == ["answered"]
        assert here.label(item) == "bee"
        assert here.account().committed_answers == 3


def test_what_comes_at_the_very_end_is_in_the_last_data_set(tmp_path: Path) -> None:
    with office(tmp_path / "ws", stop={"max_rounds": 1}) as here:
        item = here.items[0]
        here.everybody_says("ant", "mia")

        def thinks_again(now: str) -> None:
            if now == "finish:before":
                here.act(item, "mia", "bee", kind=EventKind.EDITED)

        assert driver.drive(replace(here.campaign, watch=thinks_again), wait=False).stopped
        assert here.label(item) == "bee"
        frozen = here.rows(manifests)
        assert len(frozen) == 2
        data = manifest.read(here.campaign.workspace, frozen[-1].digest).set_index("item")
        assert data["label"][item] == "bee"
        changed = manifest.difference(here.campaign.workspace, *(one.digest for one in frozen))
        assert changed.to_dict("index") == {item: {"before": "ant", "after": "bee"}}


def test_at_the_end_every_key_of_every_round_has_one_copy(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    with office(path) as here:
        here.everybody_says("ant", "mia")
        assert here.goes_on().round == 2
        first = here.shelf.copies[0]
        here.shelf.copies.append(RemoteRef(key=first.key, remote_id="a late one"))
        ask_to_stop(path, here.campaign.campaign_id, "now")
        assert here.goes_on().stopped
        assert [ref for ref in here.shelf.copies if ref.key == first.key] == [first]
        assert len(here.shelf.copies) == 3


def test_an_edit_after_freezing_enters_the_next_data_set(tmp_path: Path) -> None:
    with office(tmp_path / "ws", stop={"max_rounds": 3}) as here:
        first = here.items
        here.everybody_says("ant", "mia")
        assert here.goes_on().round == 2
        here.act(first[0], "mia", "bee", kind=EventKind.EDITED)
        assert here.label(first[0]) == "ant"
        here.everybody_says("ant", "mia", but=tuple(first))
        assert here.goes_on().round == 3
        assert here.label(first[0]) == "bee"
        assert here.account().committed_answers == 6


def test_an_own_deletion_takes_the_vote_away_and_not_the_cost(tmp_path: Path) -> None:
    with office(tmp_path / "ws") as here:
        first = here.items
        here.everybody_says("ant", "mia")
        here.goes_on()
        here.act(first[0], "mia", kind=EventKind.DELETED)
        here.everybody_says("ant", "mia", but=tuple(first))
        assert here.goes_on().stopped
        assert here.label(first[0]) is None
        assert here.account().committed_answers == 6


def test_a_late_answer_is_paid_from_its_own_ask_and_counts(tmp_path: Path) -> None:
    waits = {"after": "1h", "rest": "reissue"}
    with office(tmp_path / "ws", quality={"overlap": 2}, wait=waits) as here:
        item, *others = here.items
        here.everybody_says("ant", "mia")
        for other in others:
            here.act(other, "li", "ant")
        here.wait(3700)
        here.goes_on()
        # Mia's answer keeps the unit alive, so the other opinion is late and not withdrawn.
        assert here.state(item) == ["answered", "expired", "sent"]
        before = here.account()
        here.act(item, "li", "ant", newest=False)
        sync(here.campaign)
        assert here.state(item) == ["answered", "answered", "sent"]
        after = here.account()
        assert after.committed_answers == before.committed_answers + 1
        assert after.reserved_answers == before.reserved_answers - 1
        here.act(item, "bo", "bee")
        here.goes_on()
        assert here.label(item) == "ant"


def test_an_answer_to_a_withdrawn_unit_is_kept_and_not_paid(tmp_path: Path) -> None:
    with office(tmp_path / "ws", wait={"after": "1h"}) as here:
        item, *others = here.items
        for other in others:
            here.act(other, "mia", "ant")
        here.wait(3700)
        assert here.goes_on().round == 2
        assert here.state(item)[0] == "released"
        here.act(item, "mia", "bee", newest=False)
        sync(here.campaign)
        [row] = here.rows(answers, item=item)
        assert (row.unsolicited, row.ask) == (True, None)
        assert here.account().committed_answers == 2


def test_a_tie_buys_one_more_opinion(tmp_path: Path) -> None:
    with office(tmp_path / "ws", quality={"overlap": 2}) as here:
        tied, *clear = here.items
        for item in clear:
            here.act(item, "mia", "ant")
            here.act(item, "li", "ant")
        here.act(tied, "mia", "ant")
        here.act(tied, "li", "bee")
        state = here.goes_on()
        assert here.label(tied) is None
        assert (state.round, state.state) == (1, RoundState.SENT)
        assert here.state(tied) == ["answered", "answered", "sent"]
        assert [len(here.state(item)) for item in clear] == [2, 2]
        here.act(tied, "bo", "bee")
        assert here.goes_on().round == 2
        assert here.label(tied) == "bee"


def test_where_no_opinion_more_is_allowed_a_tie_is_left_without_a_label(tmp_path: Path) -> None:
    with office(tmp_path / "ws", quality={"overlap": 2, "max_overlap": 2}) as here:
        tied = here.items[0]
        for item in here.items:
            here.act(item, "mia", "ant")
            here.act(item, "li", "bee" if item == tied else "ant")
        assert here.goes_on().round == 2
        assert here.state(tied) == ["answered", "answered"]
        assert here.label(tied) is None


def test_ties_end_with_the_most_opinions_an_item_may_get(tmp_path: Path) -> None:
    quality = {"overlap": 2, "max_overlap": 3}
    with office(tmp_path / "ws", quality=quality) as here:
        first = here.items
        for item in first:
            here.act(item, "mia", "ant")
            here.act(item, "li", "bee")
        here.goes_on()
        for item in first:
            here.act(item, "bo", "cat")
        assert here.goes_on().round == 2
        assert [here.state(item) for item in first] == [["answered"] * 3] * 3
        assert [here.label(item) for item in first] == [None] * 3


def test_a_skip_is_asked_of_somebody_else_until_as_many_have_skipped_as_were_asked(
    tmp_path: Path,
) -> None:
    with office(tmp_path / "ws", quality={"overlap": 2}) as here:
        item, *others = here.items
        for other in others:
            here.act(other, "mia", "ant")
            here.act(other, "li", "ant")
        here.act(item, "mia", "ant")
        here.act(item, "li", kind=EventKind.SKIPPED)
        assert here.goes_on().round == 1
        assert here.state(item) == ["answered", "skipped", "sent"]
        here.act(item, "bo", kind=EventKind.SKIPPED)
        assert here.goes_on().round == 2
        assert here.rows(items, item=item)[0].unlabelable
        assert [row.unlabelable for row in here.rows(items, item=others[0])] == [False]
        account = here.account()
        assert account.committed_answers == 5
        # The one vote that there is stands; nobody is asked again.
        assert here.label(item) == "ant"


def test_an_item_that_everybody_skips_is_not_selected_again(tmp_path: Path) -> None:
    with office(tmp_path / "ws", stop={"max_rounds": 9}, points=12) as here:
        skipped = here.items[0]
        for _ in range(4):
            with_asks = [row.item for row in here.rows(asks, state="sent")]
            for item in with_asks:
                if item == skipped:
                    here.act(item, "mia", kind=EventKind.SKIPPED)
                else:
                    here.act(item, "mia", "ant")
            here.goes_on()
        assert here.state(skipped) == ["skipped"]
        assert here.label(skipped) is None


def test_an_abstention_is_paid_and_is_no_vote(tmp_path: Path) -> None:
    labels_of = {"abstain": ["cannot tell"]}
    with office(tmp_path / "ws", labels=labels_of, quality={"overlap": 2}) as here:
        item, *others = here.items
        for other in others:
            here.act(other, "mia", "ant")
            here.act(other, "li", "ant")
        here.act(item, "mia", "cannot tell")
        here.act(item, "li", "bee")
        assert here.goes_on().round == 1
        assert here.state(item) == ["answered", "answered", "sent"]
        here.act(item, "bo", "bee")
        here.goes_on()
        assert here.label(item) == "bee"
        assert here.account().committed_answers == 7


def test_a_skip_that_became_an_answer_is_kept_without_a_vote(tmp_path: Path) -> None:
    with office(tmp_path / "ws", quality={"overlap": 2}) as here:
        item, *_ = here.items
        here.act(item, "mia", kind=EventKind.SKIPPED)
        sync(here.campaign)
        here.act(item, "mia", "bee", kind=EventKind.EDITED)
        sync(here.campaign)
        assert here.account().committed_answers == 0
        [_, row] = here.rows(answers, item=item)
        assert (row.kind, row.current, row.unsolicited) == ("answer", True, True)


def test_people_are_paid_by_what_they_earn_and_the_dearest_is_reserved(tmp_path: Path) -> None:
    people = [
        {"user": "mia", "pay": {"hour": "18.00"}},
        {"user": "li", "pay": {"answer": "0.03"}},
    ]
    money = {"money": "6.00", "contingency": "50%", "price": "0.01"}
    with office(tmp_path / "ws", people=people, budget=money) as here:
        one, two, three = here.items
        [price] = {row.price_micros for row in here.rows(asks)}
        assert price == pytest.approx(18.0 / 3600 * 9.3 * S, rel=0.01)
        here.act(one, "mia", "ant", seconds=6.0)
        here.act(two, "li", "ant", seconds=6.0)
        here.act(three, "mia", "ant", seconds=60.0)
        sync(here.campaign)
        account = here.account()
        assert account.committed_micros == 30_000 + 30_000 + price
        assert account.contingency_used_micros == 300_000 - price
        assert account.cost_micros == 360_000


def test_what_no_fund_covers_is_told(tmp_path: Path) -> None:
    people = [{"user": "mia", "pay": {"hour": "18.00"}}]
    with office(tmp_path / "ws", people=people) as here:
        here.act(here.items[0], "mia", "ant", seconds=3600.0)
        sync(here.campaign)
        [owed] = here.rows(events, kind="owed")
        [price] = {row.price_micros for row in here.rows(asks)}
        assert owed.body == {"micros": 18 * S - price}
        account = here.account()
        assert (account.cost_micros, account.owed_micros) == (18 * S, 18 * S - price)
        assert account.free_micros == account.cap_micros - 18 * S - account.reserved_micros


def test_what_is_owed_is_not_spent_again(tmp_path: Path) -> None:
    people = [{"user": "mia", "pay": {"hour": "18.00"}}]
    with office(tmp_path / "ws", people=people) as here:
        here.act(here.items[0], "mia", "ant", seconds=36_000.0)
        for item in here.items[1:]:
            here.act(item, "mia", "bee", seconds=6.0)
        assert here.goes_on().stop_kind == "budget"


def test_what_is_reserved_by_the_hour_follows_what_people_take(tmp_path: Path) -> None:
    people = [{"user": "mia", "pay": {"hour": "18.00"}}]
    batch = {"strategy": {"batch": 20}, "budget": {"answers": 40, "money": "100.00"}}
    with office(tmp_path / "ws", people=people, **batch) as here:
        [before] = {row.price_micros for row in here.rows(asks)}
        for item in here.items:
            here.act(item, "mia", "ant", seconds=60.0)
        sync(here.campaign)
        with here.campaign.ledger.read() as connection:
            assert price_of_an_ask(connection, here.campaign) == 300_000 > before


def test_what_is_answered_besides_the_label_is_carried_along(tmp_path: Path) -> None:
    with office(tmp_path / "a") as asked:
        [item, *others] = asked.items
        asked.act(item, "mia", "ant", extra={"why": 'six legs, "and" wings'})
        for other in others:
            asked.act(other, "mia", "bee")
        asked.goes_on()
        [row] = asked.rows(answers, item=item)
        assert json.loads(row.extra) == {"why": 'six legs, "and" wings'}
        [path] = asked.campaign.workspace.glob("manifests/*/answers.*.001.parquet")
        frame = pd.read_parquet(path).set_index("item")
        assert frame.loc[item, "extra"] == row.extra
        assert frame.loc[others[0], "extra"] is None or pd.isna(frame.loc[others[0], "extra"])


def test_who_takes_back_and_answers_anew_has_one_vote_whatever_else_comes(tmp_path: Path) -> None:
    with office(tmp_path / "ws", quality={"overlap": 2}) as here:
        item = here.items[0]
        for answer, kind in (
            ("first", EventKind.SUBMITTED),
            ("first", EventKind.DELETED),
            ("second", EventKind.SUBMITTED),
            ("third", EventKind.SUBMITTED),
        ):
            value = None if kind is EventKind.DELETED else "ant"
            here.act(item, "mia", value, kind=kind, answer=answer)
            sync(here.campaign)
        with here.campaign.ledger.read() as connection:
            assert len(votes(connection, here.campaign.campaign_id)) == 1
        here.account()


def test_an_amended_price_is_that_of_later_asks(tmp_path: Path) -> None:
    people = [{"user": "mia", "pay": {"answer": "0.10"}}]
    with office(tmp_path / "ws", people=people) as here:
        item, *others = here.items
        amend(here.campaign, {"people": [{"user": "mia", "pay": {"answer": "0.02"}}]})
        for one in (item, *others):
            here.act(one, "mia", "ant")
        here.goes_on()
        assert here.account().committed_micros == 100_000 * (1 + len(others))
        here.act(here.items[-1], "mia", "bee")
        sync(here.campaign)
        assert here.account().committed_micros == 100_000 * (1 + len(others)) + 20_000
