"""What became of suggestions, told from what was kept of them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from auto_labeling import assemble
from auto_labeling.campaign.reviewing import Pair
from auto_labeling.campaign.suggestion_account import line_of, share_difference
from auto_labeling.records import Value
from auto_labeling.shapes import Box
from auto_labeling.workspace import Workspace
from tests.support.campaigns import drive, tiny

RNG = 7


def car(x: float, label: str = "car") -> Box:
    return Box(label=label, x=x, y=0.2, width=0.2, height=0.4, score=0.5)


def pair(
    suggested: Value | None, answered: Value, *, blind: bool = False, seconds: float = math.nan
) -> Pair:
    return Pair(suggested, answered, blind, None, item=str(id(answered)), seconds=seconds)


def test_every_object_is_counted_once() -> None:
    pairs = [
        pair((car(0.1), car(0.5)), (car(0.1), car(0.51)), seconds=4.0),
        pair((car(0.1), car(0.7)), (car(0.1, "van"), car(0.4)), seconds=8.0),
        pair((car(0.1), car(0.5)), (car(0.12),), blind=True, seconds=20.0),
        pair(None, (car(0.1),), seconds=90.0),  # nothing was sure enough to be shown
        pair(None, (), blind=True),
        pair((car(0.1),), ("cannot_tell",)),  # type: ignore[arg-type]
    ]
    line = line_of(pairs, np.random.default_rng(RNG), draws=True, abstain=("cannot_tell",))
    assert line is not None
    assert line.objects is not None
    made = line.objects
    assert (line.shown, line.blind, line.suggested) == (2, 1, 4)
    assert (made.accepted, made.adjusted, made.relabeled, made.deleted) == (1, 1, 1, 1)
    assert made.drawn == 1
    assert (line.agreed, line.blind_agreed) == (0.5, 0.5)
    assert line.anchoring.value == 0.0
    assert (line.seconds, line.blind_seconds) == (6.0, 20.0)
    # 10 to draw each: .8 to accept, 5 to adjust, 2 to relabel, 1.8 to delete, 1 to notice the last.
    assert made.saved.value == pytest.approx((9.2 + 5 + 8 - 1.8 - 1) / 2)


def test_classes_are_agreed_with_or_not() -> None:
    pairs = [pair("ant", "ant"), pair("ant", "bee"), pair("bee", "bee", blind=True)]
    line = line_of(pairs, np.random.default_rng(RNG), draws=False)
    assert line is not None
    assert (line.agreed, line.blind_agreed, line.objects) == (0.5, 1.0, None)
    assert line.anchoring.value == -0.5
    assert math.isnan(line.seconds)
    sets = [pair(("ant", "bee"), ("bee", "ant")), pair(("ant",), ())]
    together = line_of(sets, np.random.default_rng(RNG), draws=False)
    assert together is not None
    assert together.agreed == 0.5
    assert math.isnan(together.anchoring.value), "nobody was blind"


def test_where_nobody_saw_one_there_is_nothing_to_tell() -> None:
    unseen = [pair("ant", "ant", blind=True), pair(None, "bee")]
    assert line_of(unseen, np.random.default_rng(RNG), draws=False) is None


@pytest.mark.parametrize(("p", "q", "n", "m"), [(0.9, 0.7, 80, 20), (0.98, 0.95, 200, 25)])
def test_the_limits_of_a_difference_hold_as_often_as_they_say(
    p: float, q: float, n: int, m: int
) -> None:
    rng = np.random.default_rng(0)
    draws = zip(rng.binomial(n, p, 2000), rng.binomial(m, q, 2000), strict=True)
    found = [share_difference((one, n), (other, m)) for one, other in draws]
    covered = np.mean([one.low <= p - q <= one.high for one in found])
    assert covered >= 0.94
    assert np.mean([one.high - one.low for one in found]) < 0.5


def test_opinions_on_one_item_count_as_one() -> None:
    alike = [Pair("ant", "ant", False, None, item="a")] * 50
    other = [Pair("ant", "ant", True, None, item=str(at)) for at in range(10)]
    line = line_of([*alike, *other], np.random.default_rng(RNG), draws=False)
    assert line is not None
    assert line.shown == 50
    assert line.anchoring.low < -0.9, "one item is nearly nothing"


def test_a_campaign_tells_what_became_of_its_suggestions(tmp_path: Path) -> None:
    path = tmp_path / "w"
    name = tiny(path, preannotate={"blind": "30%"}, stop={"max_rounds": 4})
    drive(path, name)
    account = assemble.account_of(Workspace.of(path), name)
    line = account.suggestions
    assert line is not None
    assert line is account.suggestions, "it is reckoned once"
    assert line.shown > 0 < line.blind
    assert 0.5 < line.agreed <= 1
    assert line.seconds > 0
    assert account.objects == {}


def test_a_campaign_without_suggestions_has_none(tmp_path: Path) -> None:
    path = tmp_path / "w"
    name = tiny(path, stop={"max_rounds": 2})
    drive(path, name)
    assert assemble.account_of(Workspace.of(path), name).suggestions is None
