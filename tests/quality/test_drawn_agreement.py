"""How far people agree who draw, against counts by hand and what chance has to give."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from auto_labeling.formats.masks import mask_of
from auto_labeling.ports import Vote
from auto_labeling.quality.agreement.drawings import Drawings, DrawnAgreement, every_class
from auto_labeling.quality.agreement.matching import Matches, matches
from auto_labeling.quality.overlaps import agreement
from auto_labeling.shapes import Box, Polygon, Shape


def box(x: float, y: float = 0.1, label: str = "car", size: float = 0.2) -> Box:
    return Box(label=label, x=x, y=y, width=size, height=size)


def drawn(said: Mapping[str, Mapping[str, Sequence[Shape]]]) -> list[Vote]:
    return [
        Vote(item_id=picture, person=who, value=tuple(shapes))
        for picture, by in said.items()
        for who, shapes in by.items()
    ]


def match(one: Sequence[Shape], other: Sequence[Shape]) -> Matches:
    return matches([one, other], np.array([[0, 1]]))


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def found(said: Mapping[str, Mapping[str, Sequence[Shape]]]) -> DrawnAgreement:
    return Drawings.of(drawn(said), random()).agreement(random())


def scenes(
    n: int, people: int, seed: int, *, sees: float = 0.9, moves: float = 0.005
) -> list[Vote]:
    """Return pictures of three objects, each of which a person sees or not, and moves a little."""
    rng = random(seed)
    votes = []
    for picture in range(n):
        objects = rng.uniform(0, 0.7, size=(3, 2))
        for person in range(people):
            seen = objects[rng.random(3) < sees]
            at = np.clip(seen + rng.normal(0, moves, seen.shape), 0, 0.75)
            shapes = tuple(box(float(x), float(y)) for x, y in at)
            votes.append(Vote(item_id=f"i{picture}", person=f"p{person}", value=shapes))
    return votes


def test_what_two_drawings_have_in_common() -> None:
    half = box(0.3)  # of one box the half
    both = match([box(0.2), box(0.6)], [box(0.2), half, box(0.6, label="van")])
    assert (both.objects, both.shapes) == (1, 5)
    assert both.alike == agreement([box(0.2), box(0.6)], [box(0.2), half, box(0.6, label="van")])
    assert (both.iou, both.dice) == (1.0, 1.0)
    near = match([box(0.2)], [box(0.25)])
    assert near.iou == pytest.approx(0.6)
    assert near.dice == pytest.approx(0.75)
    assert match([box(0.2)], []).terms.tolist() == [[1, 0, 0, 1, 0, 0]]
    assert match([], []).alike == 1.0


def test_many_at_once_are_what_each_is_alone() -> None:
    """Also where boxes are crowded, so that each touches several, and classes are mixed."""
    rng = random(4)
    drawings = [
        [box(*rng.uniform(0, 0.4, 2).tolist(), label=str(rng.choice(["car", "van"])))
         for _ in range(rng.integers(0, 7))]
        for _ in range(30)
    ]  # fmt: skip
    pairs = rng.integers(30, size=(200, 2))
    together = matches(drawings, pairs)
    for at, (one, other) in enumerate(pairs.tolist()):
        alone = agreement(drawings[one], drawings[other])
        assert together.alike[at] == pytest.approx(alone)
        assert match(drawings[one], drawings[other]).terms[0] == pytest.approx(together.terms[at])


def test_an_object_is_not_given_away_to_one_that_is_hardly_touched() -> None:
    """The greatest sum of all overlaps would pair both boxes with what is not theirs."""
    one = [box(0.20, size=0.2), box(0.28, size=0.2)]
    other = [box(0.24, size=0.2), box(0.12, size=0.2)]
    pairs = match(one, other)
    by_hand = max(
        sum(match([a], [b]).objects for a, b in zip(one, some, strict=True))
        for some in itertools.permutations(other)
    )
    assert pairs.objects == by_hand == 1


def test_all_that_was_drawn_by_the_other_too_is_f1_one() -> None:
    same = {"a": {"ann": [box(0.1)], "bob": [box(0.1)]}, "b": {"ann": [], "bob": []}}
    figures = found(same)
    assert (figures.f1.value, figures.iou.value, figures.dice.value) == (1.0, 1.0, 1.0)
    assert figures.alpha.value == 1.0
    assert figures.alpha.n == 2


def test_alpha_by_hand() -> None:
    """Three pictures of two people: 1 - Do / De with all pairs of different pictures."""
    said = {
        "a": {"ann": [box(0.1)], "bob": [box(0.15)]},
        "b": {"ann": [box(0.5), box(0.1, 0.6)], "bob": [box(0.5)]},
        "c": {"ann": [], "bob": [box(0.3)]},
    }
    votes = drawn(said)
    apart = {True: [], False: []}
    for one, other in itertools.combinations(votes, 2):
        shapes = ([s for s in vote.value if isinstance(s, Box)] for vote in (one, other))
        apart[one.item_id == other.item_id].append(1 - agreement(*shapes))
    alpha = 1 - np.mean(apart[True]) / np.mean(apart[False])
    assert found(said).alpha.value == pytest.approx(alpha)


def test_people_who_draw_at_random_agree_by_chance_alone() -> None:
    """Alpha is about 0 of drawings that hang on no picture, also where many must overlap."""
    rng = random(3)
    said = {
        f"i{at}": {who: [box(float(rng.normal(0.4, 0.03)), 0.4)] for who in "abc"}
        for at in range(150)
    }
    figures = found(said)
    assert figures.f1.value > 0.5  # as agreement goes that is a lot
    assert figures.alpha.low < 0.01
    assert figures.alpha.high > -0.01
    assert abs(figures.alpha.value) < 0.05


@pytest.mark.slow
def test_the_limits_hold_what_many_pictures_say_and_close_in() -> None:
    truth = Drawings.of(scenes(800, 2, seed=99), random()).agreement(random())
    few = [Drawings.of(scenes(50, 2, seed=at), random()).agreement(random()) for at in range(20)]
    for name in ("alpha", "f1", "iou"):
        value = getattr(truth, name).value
        held = [getattr(one, name).low <= value <= getattr(one, name).high for one in few]
        assert sum(held) >= 15, name  # 19 are expected
        wide, narrow = getattr(few[0], name), getattr(truth, name)
        assert narrow.high - narrow.low < 0.5 * (wide.high - wide.low)


def test_who_sees_less_agrees_less() -> None:
    votes = scenes(120, 3, seed=5)
    rng = random(1)
    votes = [
        Vote(item_id=one.item_id, person=one.person, value=one.value[: int(rng.integers(1, 3))])
        if one.person == "p2"
        else one
        for one in votes
    ]
    drawings = Drawings.of(votes, random())
    by = dict(drawings.one_against_others(random()))
    assert by["p2"].f1.high < by["p0"].f1.low
    assert by["p2"].iou.value == pytest.approx(by["p0"].iou.value, abs=0.05)  # of what both drew
    one, other, best = max(drawings.every_pair(random()), key=lambda pair: pair[2].f1.value)
    assert {one, other} == {"p0", "p1"}
    assert best.f1.n == 120


def test_each_class_by_itself() -> None:
    said = {
        "a": {"ann": [box(0.1), box(0.6, label="van")], "bob": [box(0.1)]},
        "b": {"ann": [box(0.3)], "bob": [box(0.3)]},
        "c": {"ann": [], "bob": []},
    }
    figures = dict(every_class(drawn(said), ("car", "van", "bus"), random()))
    assert list(figures) == ["car", "van"]  # nobody drew a bus
    assert figures["car"].f1.value == 1.0
    assert figures["van"].f1.value == 0.0
    assert math.isnan(figures["van"].iou.value)  # no van was drawn by both


def test_outlines_and_masks() -> None:
    pixels = np.zeros((40, 40), dtype=bool)
    pixels[10:20, 10:20] = True
    moved = np.roll(pixels, 2, axis=1)
    masks = {
        at: {"ann": [mask_of("cell", pixels)], "bob": [mask_of("cell", moved)]} for at in "abc"
    }
    assert found(masks).iou.value == pytest.approx(80 / 120)
    corners = ((0.1, 0.1), (0.5, 0.1), (0.5, 0.5), (0.1, 0.5))
    outline = Polygon(label="cell", points=corners)
    outlines = {"a": {"ann": [outline], "bob": [outline]}, "b": {"ann": [], "bob": [outline]}}
    assert found(outlines).f1.value == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"a": {"ann": [box(0.1)]}, "b": {"bob": [box(0.1)]}},
    ],
    ids=["nothing", "nothing shared"],
)
def test_where_nothing_is_shared_nothing_is_known(
    said: Mapping[str, Mapping[str, Sequence[Shape]]],
) -> None:
    figures = found(said)
    for one in (figures.alpha, figures.f1, figures.iou, figures.dice):
        assert math.isnan(one.value)
        assert one.n == 0
    drawings = Drawings.of(drawn(said), random())
    assert list(drawings.every_pair(random())) == []
    assert list(drawings.one_against_others(random())) == []


def test_empty_pictures_alone_are_beyond_no_chance() -> None:
    figures = found({at: {"ann": [], "bob": []} for at in "abc"})
    assert math.isnan(figures.alpha.value)
    assert math.isnan(figures.f1.value)
    assert figures.alpha.n == 3


def test_who_could_not_tell_has_not_answered_and_the_last_word_counts() -> None:
    votes = [
        Vote(item_id="a", person="ann", value=("cannot_tell",)),
        Vote(item_id="a", person="bob", value=(box(0.1),)),
        Vote(item_id="b", person="ann", value=(box(0.1),)),
        Vote(item_id="b", person="bob", value=(box(0.7),)),
        Vote(item_id="b", person="bob", value=(box(0.1),)),
    ]
    drawings = Drawings.of(votes, random())
    assert drawings.pictures == ("b",)
    assert drawings.agreement(random()).f1.value == 1.0
    assert drawings.alike().tolist() == [1.0]
