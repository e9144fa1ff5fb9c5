"""The blind slice: drawn by lot, whatever a strategy would choose, and answered unseen."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import chisquare
from sqlalchemy import select

from auto_labeling import config
from auto_labeling.campaign import blind_slice
from auto_labeling.campaign.context import unwatched
from auto_labeling.campaign.projection import projection
from auto_labeling.campaign.rounds import Step
from auto_labeling.campaign.schema import asks, picks
from auto_labeling.errors import ConfigurationError, TransientError
from auto_labeling.ports import Traits
from auto_labeling.records import Purpose
from tests.support.campaigns import CLASSES, drive, driving, ledger_of, template, tiny
from tests.support.examination import examined
from tests.support.office import Office, office

PEOPLE = [{"user": name} for name in ("mia", "li", "sam", "bo")]
HELDOUT = {"heldout": "heldout.csv"}


def picked(path: Path, campaign: str, **overrides: Any) -> list[Any]:
    """Run a campaign to its end, look at it from all sides, and return its picks."""
    tiny(path, campaign_id=campaign, **overrides)
    drive(path, campaign)
    examined(path, campaign)
    with ledger_of(path) as ledger, ledger.read() as connection:
        return list(connection.execute(select(picks).order_by(picks.c.round, picks.c.rank)))


def ordered(path: Path) -> Counter[str]:
    """Return how many asks there are of each item."""
    with ledger_of(path) as ledger, ledger.read() as connection:
        return Counter(connection.scalars(select(asks.c.item)))


def slice_of(rows: list[Any]) -> list[str]:
    return [row.item for row in rows if row.blind]


def test_items_of_the_slice_are_answered_by_several_people_and_others_are_not(
    tmp_path: Path,
) -> None:
    plan = {"slice": 4, "share": "20%", "opinions": 3}
    backend = {"annotators": [1.0] * 5}  # nobody errs, so that no tie asks for more
    rows = picked(tmp_path / "ws", "c", quality={"agreement": plan}, backend=backend)
    asked = ordered(tmp_path / "ws")
    assert len(slice_of(rows)) == 4
    assert {asked[row.item] for row in rows if row.blind} == {3}
    assert {asked[row.item] for row in rows if not row.blind} == {1}


@pytest.mark.slow
def test_who_is_in_the_slice_does_not_depend_on_the_strategy(tmp_path: Path) -> None:
    plan = {"agreement": {"slice": 8, "share": "30%"}}
    found = []
    for kind in ("margin", "least_confident"):
        path, strategy = tmp_path / kind, {"scorer": {"kind": kind}, "batch": 6}
        found.append(picked(path, "c", quality=plan, strategy=strategy, pool=HELDOUT))
    one, other = found
    assert slice_of(one) == slice_of(other)
    assert {row.item for row in one} != {row.item for row in other}
    assert all(row.purpose == Purpose.TRAIN for row in one)


@pytest.mark.slow
def test_items_that_judge_are_drawn_by_lot_anyway_and_serve_first(tmp_path: Path) -> None:
    rows = picked(tmp_path / "ws", "c", quality={"agreement": {"slice": 30, "share": "20%"}})
    blind = [row for row in rows if row.blind]
    assert blind
    assert {row.purpose for row in blind} == {Purpose.CONTROL}
    larger = {"agreement": {"slice": 30, "share": "50%"}}
    rows = picked(tmp_path / "larger", "c", quality=larger)
    purposes = Counter(row.purpose for row in rows if row.blind)
    assert purposes[Purpose.CONTROL] == sum(row.purpose == Purpose.CONTROL for row in rows)
    assert purposes[Purpose.TRAIN] == sum(purposes.values()) - purposes[Purpose.CONTROL] > 0


@pytest.mark.slow
@pytest.mark.parametrize("share", ["5%", "10%", "34%"])
def test_the_share_holds_over_the_whole_campaign(tmp_path: Path, share: str) -> None:
    plan = {"agreement": {"slice": 40, "share": share}}
    stop = {"max_rounds": 6}
    rows = picked(
        tmp_path / "ws", "c", quality=plan, pool=HELDOUT, stop=stop, budget={"answers": 200}
    )
    for number in range(1, 7):
        so_far = [row for row in rows if row.round <= number]
        exact = int(share[:-1]) / 100 * len(so_far)
        assert exact <= len(slice_of(so_far)) < exact + 1


@pytest.mark.slow
def test_a_whole_pool_is_asked_about_though_the_slice_is_kept_back(tmp_path: Path) -> None:
    plan = {"agreement": {"slice": 400, "share": "20%"}}
    more = {"stop": {"max_rounds": 30}, "budget": {"answers": 400, "money": "20.00"}}
    rows = picked(tmp_path / "ws", "c", quality=plan, pool=HELDOUT, **more)
    assert sorted(row.item for row in rows) == [f"p{at:03d}" for at in range(40)]
    assert len(slice_of(rows)) == 8


def test_a_slice_of_everything_is_drawn_by_lot_alone(tmp_path: Path) -> None:
    plan = {"agreement": {"slice": 400, "share": "99%"}}
    rows = picked(tmp_path / "ws", "c", quality=plan, pool=HELDOUT, budget={"answers": 200})
    assert len(slice_of(rows)) == len(rows) == 18


@pytest.mark.slow
def test_a_small_budget_is_never_passed(tmp_path: Path) -> None:
    plan = {"agreement": {"slice": 40, "share": "50%", "opinions": 4}}
    for answers in (1, 2, 3, 7, 20):
        path = tmp_path / str(answers)
        rows = picked(path, "c", quality=plan, budget={"answers": answers}, pool=HELDOUT)
        assert sum(ordered(path).values()) <= answers
        assert rows


def test_the_lot_of_an_item_stays_when_the_pool_grows(tmp_path: Path) -> None:
    numbers = []
    for points in (40, 60):
        path = tmp_path / str(points)
        campaign = tiny(path, points=points)
        with driving(path, campaign) as opened:
            numbers.append(blind_slice._numbers(opened))
    assert np.array_equal(numbers[0], numbers[1][:40])
    assert len(set(numbers[1])) == 60


def test_every_item_is_as_likely_as_any_other(tmp_path: Path) -> None:
    campaign = tiny(tmp_path / "ws", pool=HELDOUT, quality={"agreement": {"slice": 4}})
    drawn: Counter[int] = Counter()
    with driving(tmp_path / "ws", campaign) as opened:
        everything = np.arange(40)
        for seed in range(400):
            again = replace(opened, config=replace(opened.config, seed=seed), batch_override=40)
            lot = blind_slice.draw(again, 1, everything, 0, 0)
            assert not set(lot.drawn.tolist()) & set(lot.free.tolist())
            drawn.update(lot.drawn.tolist())
    counts = np.array([drawn[at] for at in range(40)])
    assert counts.sum() == 1_600
    assert chisquare(counts).pvalue > 0.001


@pytest.mark.slow
@pytest.mark.parametrize("step", [Step.SELECT, Step.RESERVE, Step.REORDER])
@pytest.mark.parametrize("where", ["before", "between"])
def test_a_step_that_is_made_again_draws_the_same(tmp_path: Path, step: Step, where: str) -> None:
    plan = {"agreement": {"slice": 6, "share": "50%"}}
    struck: list[str] = []

    def strike(now: str) -> None:
        if now == f"{step}:{where}" and len(struck) < 2:
            struck.append(now)
            raise TransientError("the power went")

    outcomes = []
    for name, watch in (("calm", unwatched), ("struck", strike)):
        path = tmp_path / name
        campaign = tiny(path, campaign_id="c", quality=plan, pool=HELDOUT, backend={"skip": 0.2})
        drive(path, campaign, watch=watch)
        examined(path, campaign)
        with ledger_of(path) as ledger:
            outcomes.append(projection(ledger, campaign))
    assert struck
    assert outcomes[0] == outcomes[1]


def test_a_skip_in_the_slice_is_made_up_for(tmp_path: Path) -> None:
    plan = {"agreement": {"slice": 9, "share": "99%"}}
    skipping = {"skip": 0.4, "annotators": [1.0] * 6}
    rows = picked(tmp_path / "ws", "c", quality=plan, backend=skipping)
    asked = ordered(tmp_path / "ws")
    assert max(asked[item] for item in slice_of(rows)) > 2


def second_round(opened: Office, **traits: Any) -> None:
    """Answer the first round; from the second on the tool has queues."""
    opened.shelf.traits = Traits(has_queues=True, **traits)
    for at, item in enumerate(opened.items):
        for name in ("li", "sam"):
            opened.act(item, name, CLASSES[at % len(CLASSES)])
    opened.goes_on()


@pytest.mark.parametrize("chunk", [1, 4])
def test_raters_are_given_the_slice_and_others_the_rest(tmp_path: Path, chunk: int) -> None:
    plan = {"slice": 6, "share": "34%", "raters": ["mia", "bo"]}
    batch = {"strategy": {"batch": 6}, "quality": {"overlap": 2, "agreement": plan}}
    with office(tmp_path / "a", people=PEOPLE, pool=HELDOUT, **batch) as asked:
        second_round(asked, unit="chunk" if chunk > 1 else "item", chunk_size=chunk)
        login_of = asked.campaign.pseudonyms.login_of
        blind = set(slice_of(asked.rows(picks, round=2)))
        assert len(blind) == 2
        rows = asked.rows(asks, round=2)
        given = Counter(login_of(row.assignee) for row in rows if row.item in blind)
        assert given == {"mia": 2, "bo": 2}
        others = {login_of(row.assignee) for row in rows if row.item not in blind}
        assert others - {"mia", "bo"}
        units = {row.upload for row in rows if row.item in blind}
        assert not units & {row.upload for row in rows if row.item not in blind}


def test_nobody_is_shown_a_suggestion_of_the_slice(tmp_path: Path) -> None:
    plan = {"preannotate": {"blind": "0%"}, "quality": {"agreement": {"slice": 9, "share": "40%"}}}
    more = {"pool": HELDOUT, "strategy": {"batch": 6}, **plan}
    with office(tmp_path / "a", **more) as asked:
        for at, item in enumerate(asked.items):
            for name in ("li", "sam"):
                asked.act(item, name, CLASSES[at % len(CLASSES)])
        first = len(asked.shelf.uploads)
        asked.goes_on()
        sent = asked.shelf.uploads[first:]
        blind = set(slice_of(asked.rows(picks, round=2)))
        shown = {one.item_id for upload in sent for one in upload.suggestions}
        assert {item.item_id for upload in sent for item in upload.items} == shown | blind
        assert len(blind) == 2
        assert not shown & blind


def test_the_logins_of_raters_are_nowhere_in_the_ledger(tmp_path: Path) -> None:
    people = [{"user": "mia-meyer"}, {"user": "bo-brown"}]
    plan = {"slice": 6, "raters": ["mia-meyer", "bo-brown"]}
    path = tmp_path / "ws"
    campaign = tiny(path, people=people, quality={"agreement": plan})
    with driving(path, campaign) as opened:
        agreement = opened.config.quality.agreement
        assert agreement is not None
        assert agreement.raters == ("person-1", "person-2")
        opened.ledger.close()
        content = b"".join(one.read_bytes() for one in opened.workspace.glob("ledger.db*"))
    assert b"meyer" not in content


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"slice": 0}, r"slice: expected at least 1, got 0"),
        ({"slice": 9, "opinions": 1}, r"opinions: expected at least 2, got 1"),
        ({"slice": 9, "share": "0%"}, r"share: expected more than 0%"),
        ({"slice": 9, "share": "all"}, r"share: expected a share such as 5% or .05, got 'all'"),
        ({"slice": 9, "raters": ["mia"]}, r"raters: expected at least 2 people"),
        ({"slice": 9, "raters": ["mia", "bo"]}, r"agreement\.raters: expected users of `people`"),
        (
            {"slice": 9, "hold_if": {"alpha_upper_below": 0.6, "after": 10}},
            r"hold_if\.after: expected at most the 9 items of the slice, got 10",
        ),
        ({"slice": 9, "hold_if": {"alpha_upper_below": 6, "after": 9}}, r"alpha_upper_below"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(plan: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        config.parse(template() | {"quality": {"agreement": plan}})


def test_more_opinions_than_there_are_people_are_refused(tmp_path: Path) -> None:
    plan = {"agreement": {"slice": 9, "opinions": 5}}
    with pytest.raises(ConfigurationError, match=r"quality\.agreement\.opinions: .*4 people"):
        tiny(tmp_path / "ws", quality=plan)
