from __future__ import annotations

import io
import math
from collections.abc import Mapping

import numpy as np
import pytest
from PIL import Image

from auto_labeling.auditing import Audit, audit
from auto_labeling.formats.opinions import LabeledTask, Opinion
from auto_labeling.records import Item, LabelSchema, Value
from auto_labeling.shapes import Box

SCHEMA = LabelSchema(task="single", classes=("fish", "fowl"))
WORDS = {
    "fish": ["swims", "gills", "water", "fins", "scales", "river", "sea", "net"],
    "fowl": ["flies", "wings", "feathers", "nest", "beak", "egg", "farm", "perch"],
}


def task(number: int, said: Mapping[str, Value | None], item: Item | None = None) -> LabeledTask:
    opinions = tuple(
        Opinion(answer_id=f"{number}-{who}", author=who, person=who, at=at, value=value)
        for at, (who, value) in enumerate(said.items())
    )
    return LabeledTask(task_id=str(number), item=item, opinions=opinions)


def text(number: int, words: str) -> Item:
    return Item(item_id=str(number), text=words)


def figures(*tasks: LabeledTask, schema: LabelSchema = SCHEMA, **pictures: bytes) -> Audit:
    return audit(tasks, schema, pictures.get)


def library(n: int, wrong: int = 0) -> list[LabeledTask]:
    """Return texts about fish and fowl; the first `wrong` of them carry the other label."""
    rng = np.random.default_rng(0)
    tasks = []
    for number in range(n):
        truth = SCHEMA.classes[number % 2]
        words = " ".join([*rng.choice(WORDS[truth], 5), f"note{number}", f"page{number * 7}"])
        label = truth if number >= wrong else SCHEMA.classes[1 - number % 2]
        tasks.append(task(number, {"mia": label}, text(number, words)))
    return tasks


def test_who_answered_what() -> None:
    found = figures(
        task(1, {"mia": "fish", "li": "fish"}),
        task(2, {"mia": "fish", "li": "fowl"}),
        task(3, {"mia": "fowl", "sam": None}),
        task(4, {}),
    )
    assert (found.tasks, found.answered, found.undecided) == (4, 3, ("2",))
    assert (found.answers, found.skips, found.agreement.votes.items) == (5, 1, 2)
    assert found.agreement.votes.percent.value == 0.5
    people = {one.person: one for one in found.people}
    assert (people["mia"].answers, people["mia"].agreement.agreeing.value) == (3, 0.5)
    assert (people["sam"].answers, people["sam"].skips) == (0, 1)
    assert math.isnan(people["sam"].agreement.agreeing.value)


def test_overwritten_answers_are_named() -> None:
    changed = Opinion(answer_id="9", author="mia", person="boss", at=1, value="fish")
    found = figures(LabeledTask(task_id="5", item=None, opinions=(changed,)))
    [one] = found.overwrites
    assert (one.task_id, one.answer_id, one.author, one.by) == ("5", "9", "mia", "boss")
    assert [(work.person, work.overwrote) for work in found.people] == [("boss", 1)]


def test_wrong_labels_are_found_among_texts() -> None:
    found = figures(*library(160, wrong=6))
    assert found.suspicion.judged == 160
    assert set(found.suspected[:6]) == {str(at) for at in range(6)}
    first = found.suspicion.suspects[0]
    assert {first.label, first.likelier} == set(SCHEMA.classes)
    assert first.probability < 0.5


def test_with_few_labels_nobody_is_suspected_and_that_is_said() -> None:
    found = figures(*library(20, wrong=3))
    assert found.suspected == ()
    assert found.suspicion.why_not == (
        "expected 50 different labeled items or more and two classes with 5 or more, got 20 and 2"
    )


def test_duplicates_do_not_vouch_for_one_another() -> None:
    """Fifty copies of one text with a wrong label are one item, not fifty witnesses."""
    copies = [
        task(1000 + at, {"mia": "fowl"}, text(at, "swims gills water fins scales"))
        for at in range(50)
    ]
    found = figures(*library(120), *copies)
    assert len({*found.suspected} & {one.task_id for one in copies}) == 50


def test_equal_and_near_contents_are_grouped() -> None:
    long = "the heron stood in the shallow water of the old mill pond and did not move at all"
    found = figures(
        task(1, {"mia": "fish"}, text(1, "Swims in water")),
        task(2, {"mia": "fowl"}, text(2, "swims  IN water ")),
        task(3, {}, text(3, long)),
        task(4, {}, text(4, f"{long} today")),
        task(5, {}, text(5, "something else altogether")),
        task(6, {}, None),
        task(7, {}, None),
    )
    assert [(one.task_ids, one.equal, one.labels) for one in found.duplicates] == [
        (("1", "2"), True, ("fish", "fowl")),
        (("3", "4"), False, ()),
    ]
    assert found.compared == 5


def png(levels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(levels.astype(np.uint8)).save(buffer, "png")
    return buffer.getvalue()


def test_pictures_are_compared_by_what_they_show() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 200, (2, 16, 16))
    pictures = {"a": png(one), "b": png(one), "c": png(one + 30), "d": png(other), "e": b"broken"}
    tasks = [
        task(at, {}, Item(item_id=str(at), uri=uri)) for at, uri in enumerate([*pictures, "gone"])
    ]
    found = figures(*tasks, **pictures)
    assert [(group.task_ids, group.equal) for group in found.duplicates] == [
        (("0", "1", "2"), False)
    ]
    assert found.compared == 4


def test_labels_have_kappas_pairs_classes_and_what_is_confused() -> None:
    """Mia and Li agree on three of four; Sam answers two of these."""
    found = figures(
        task(1, {"mia": "fish", "li": "fish", "sam": "fish"}),
        task(2, {"mia": "fowl", "li": "fowl"}),
        task(3, {"mia": "fish", "li": "fish", "sam": "fowl"}),
        task(4, {"mia": "fish", "li": "fowl"}),
    )
    agreement = found.agreement
    assert agreement.kappas is not None
    [first, *others] = agreement.pairs
    assert first[:2] == ("mia", "li")
    assert (first[2].agreeing.value, first[2].beyond_chance.value) == (0.75, 0.5)
    assert {pair[:2] for pair in others} == {("mia", "sam"), ("li", "sam")}
    assert agreement.people["sam"].agreeing.value == 0.5
    assert agreement.votes.by_class["fish"].value == pytest.approx(agreement.votes.alpha.value)
    [pair] = agreement.votes.confused
    assert ({pair.one, pair.other}, pair.items) == ({"fish", "fowl"}, ("3", "4"))


def test_drawings_are_compared_shape_by_shape() -> None:
    left, right = ({"x": x, "y": 0.1, "width": 0.2, "height": 0.2} for x in (0.1, 0.6))
    car, van, moved = Box(label="car", **left), Box(label="van", **left), Box(label="car", **right)
    found = figures(
        task(1, {"mia": (car, moved), "li": (car,)}),
        task(2, {"mia": (car,), "li": (van,)}),
        task(3, {"mia": (), "li": ()}),
        schema=LabelSchema(task="boxes", classes=("car", "van")),
    )
    agreement = found.agreement
    assert agreement.kappas is None
    assert agreement.drawn is not None
    assert agreement.drawn.f1.value == pytest.approx(2 / 5)  # of five shapes two were drawn twice
    assert agreement.drawn.iou.value == 1.0
    assert agreement.drawn.alpha.n == 3
    assert agreement.votes.by_class["van"].n == 3
    [(one, other, both)] = agreement.pairs
    assert ({one, other}, both.agreeing.value) == ({"li", "mia"}, pytest.approx(2 / 5))
    assert found.undecided == ()


def test_an_empty_project_is_no_error() -> None:
    found = figures()
    assert (found.tasks, found.answers, found.duplicates, found.people) == (0, 0, (), ())
    assert math.isnan(found.agreement.votes.alpha.value)
    assert found.agreement.pairs == ()
    assert found.suspicion.why_not is not None
