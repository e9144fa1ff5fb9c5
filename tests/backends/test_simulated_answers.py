"""A simulated answer depends on (seed, annotator, item, ordinal), and nobody answers twice."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auto_labeling.backends.simulated.crew import crew
from auto_labeling.errors import ConfigurationError, DataError, RejectedError
from auto_labeling.ports import Replays
from auto_labeling.records import CancelResult, EventKind, LabelSchema
from tests.backends.town import CLASSES, ITEMS, SCHEMA, Town

FEW = ITEMS[:6]


def expected(town: Town, opinions: int) -> set[tuple[Any, ...]]:
    return {(item, *pair) for item in FEW for pair in town.backend.replay(item, opinions)}


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_order_time_key_or_unit_changes_an_answer(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    unit = data.draw(st.sampled_from(["item", "chunk"]))
    town = Town(
        tmp_path_factory.mktemp("town"),
        campaign=data.draw(st.sampled_from(["c", "another campaign"])),
        unit=unit,
        skip=0.2,
    )
    wanted = [(item, ordinal) for item in FEW for ordinal in range(3)]
    for item, ordinal in data.draw(st.permutations(wanted)):
        upload = town.upload([item], first=ordinal)
        made = town.backend.create([upload])
        town.clock.sleep(data.draw(st.sampled_from([0, 1, 5000])))
        if data.draw(st.booleans()):
            [result] = town.backend.cancel(made.values()).values()
            if result is CancelResult.CANCELLED:
                town.backend.create([upload])
    assert town.said() == expected(town, 3)


def test_a_chunk_with_several_opinions_gives_the_same_answers(tmp_path: Path) -> None:
    town = Town(tmp_path, unit="chunk")
    town.backend.create([town.upload(FEW[:4], opinions=3), town.upload(FEW[4:], opinions=3)])
    assert town.said() == expected(town, 3)


def test_another_process_gives_the_same_answers(tmp_path: Path) -> None:
    program = (
        "import json, pathlib, sys; from tests.backends.town import *; "
        "town = Town(pathlib.Path(sys.argv[1])); "
        "town.backend.create(town.uploads(ITEMS[:6][::-1], 3)); "
        "print(json.dumps(sorted(town.said(), key=str)))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "there")],
        capture_output=True,
        check=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env={"PYTHONHASHSEED": "7", "PYTHONPATH": "."},
    ).stdout
    town = Town(tmp_path / "here")
    assert {tuple(one) for one in json.loads(printed)} == expected(town, 3)


def test_another_seed_gives_other_answers(tmp_path: Path) -> None:
    said = [expected(Town(tmp_path / str(seed), seed=seed), 3) for seed in (0, 1)]
    assert said[0] != said[1]


def test_replay_is_part_of_the_port_and_costs_nothing(tmp_path: Path) -> None:
    town = Town(tmp_path)
    assert isinstance(town.backend, Replays)
    assert len(town.backend.replay("i0", 9)) == 4
    assert town.events() == []


def test_opinions_across_uploads_go_to_different_people_until_all_have_answered(
    tmp_path: Path,
) -> None:
    town = Town(tmp_path)
    for ordinal in range(6):
        town.backend.create([town.upload(["i0"], first=ordinal)])
        town.clock.sleep(3600)
    people = [event.person for event in town.events()]
    assert people == [name for name, _ in town.backend.replay("i0", 4)]


def test_people_freed_by_a_withdrawal_are_asked_again(tmp_path: Path) -> None:
    town = Town(tmp_path)
    first = town.upload(["i0"], opinions=3)
    town.backend.cancel(town.backend.create([first]).values())
    town.backend.create([town.upload(["i0"], opinions=3, first=3)])
    assert town.said() == {("i0", *pair) for pair in town.backend.replay("i0", 3)}


def test_a_second_copy_asks_others_first_and_repeats_people_only_then(tmp_path: Path) -> None:
    town = Town(tmp_path)
    upload = town.upload(["i0"], opinions=3)
    town.backend.create([upload])
    town.backend.create([upload])
    counts = Counter(event.person for event in town.events())
    assert sorted(counts.values()) == [1, 1, 2, 2]
    assert counts[town.backend.replay("i0", 4)[3][0]] == 1


def test_an_assignee_answers_and_nobody_else(tmp_path: Path) -> None:
    town = Town(tmp_path)
    last = town.backend.replay("i0", 4)[3]
    town.backend.create([town.upload(["i0"], assignee=last[0])])
    assert town.said() == {("i0", *last)}


def test_an_assignee_who_has_answered_does_not_answer_again(tmp_path: Path) -> None:
    town = Town(tmp_path)
    name = town.backend.replay("i0", 1)[0][0]
    town.backend.create([town.upload(["i0"])])
    town.backend.create([town.upload(["i0"], first=1, assignee=name)])
    assert len(town.events()) == 1


def test_an_unknown_assignee_is_refused_and_nothing_is_made(tmp_path: Path) -> None:
    town = Town(tmp_path)
    uploads = [town.upload(["i1"]), town.upload(["i0"], assignee="nobody")]
    with pytest.raises(RejectedError, match=r"assignee: expected one of .*, got .*nobody"):
        town.backend.create(uploads)
    assert not town.backend.find([upload.key for upload in uploads])


def test_one_more_person_leaves_the_answers_of_the_others(tmp_path: Path) -> None:
    four = Town(tmp_path / "4")
    five = Town(tmp_path / "5", annotators=(0.6, 0.7, 0.8, 0.9, 0.5))
    for item in FEW:
        without = [one for one in five.backend.replay(item, 5) if one[0] != "annotator-5"]
        assert without == four.backend.replay(item, 4)


def test_people_are_as_often_right_as_configured() -> None:
    matrix: list[list[float]] = [[0.5, 0.5, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0.25, 0.75]]
    drawn = {
        person.name: {
            truth: Counter(person.opinion(0, str(n), 0, truth, SCHEMA) for n in range(4000))
            for truth in CLASSES
        }
        for person in crew([0.6, {"name": "mia", "confusion": matrix}], {})
    }
    for at, truth in enumerate(CLASSES):
        assert drawn["annotator-1"][truth][truth] / 4000 == pytest.approx(0.6, abs=0.03)
        for other in set(CLASSES) - {truth}:
            share = drawn["annotator-1"][truth][other] / 4000
            assert share == pytest.approx(0.4 / 3, abs=0.03)
        for column, chosen in enumerate(CLASSES):
            share = drawn["mia"][truth][chosen] / 4000
            assert share == pytest.approx(matrix[at][column], abs=0.03)


def test_people_err_independently_of_each_other() -> None:
    right = [
        [person.opinion(0, str(n), 0, "ant", SCHEMA) == "ant" for n in range(4000)]
        for person in crew([0.6, 0.6], {})
    ]
    both = sum(one and two for one, two in zip(*right, strict=True))
    assert both / 4000 == pytest.approx(0.36, abs=0.03)


def test_everybody_gets_a_fair_share_of_first_turns(tmp_path: Path) -> None:
    town = Town(tmp_path)
    first = Counter(town.backend.replay(item, 1)[0][0] for item in ITEMS)
    assert len(first) == 4


def test_abstaining_is_an_answer_with_a_name(tmp_path: Path) -> None:
    town = Town(tmp_path, abstain=1.0)
    assert {value for _, value in town.backend.replay("i0", 4)} == {"cannot tell"}


def test_each_class_of_several_is_judged_by_itself(tmp_path: Path) -> None:
    town = Town(
        tmp_path,
        schema=LabelSchema(task="multi", classes=CLASSES),
        truth=["id,label", "i0,dog|ant", "i1,", *(f"n{n},bee" for n in range(1000))],
        annotators=({"name": "mia", "accuracy": 1.0}, {"name": "li", "accuracy": 0.9}),
    )
    assert dict(town.backend.replay("i0", 2))["mia"] == ("ant", "dog")
    assert dict(town.backend.replay("i1", 2))["mia"] == ()
    said = [dict(town.backend.replay(f"n{n}", 2))["li"] for n in range(1000)]
    for name in CLASSES:
        share = sum((name in (value or ())) == (name == "bee") for value in said) / 1000
        assert share == pytest.approx(0.9, abs=0.05)


def test_a_confusion_matrix_must_fit_the_classes(tmp_path: Path) -> None:
    two = {"name": "mia", "confusion": [[1, 0], [0, 1]]}
    with pytest.raises(ConfigurationError, match="'mia' has 2 rows for 4 classes"):
        Town(tmp_path, annotators=(two,))


def test_an_item_without_truth_is_named(tmp_path: Path) -> None:
    town = Town(tmp_path)
    with pytest.raises(DataError, match="expected a label for item 'i999'"):
        town.backend.create([town.upload(["i999"])])


def test_nothing_is_asked_before_the_tool_is_prepared(tmp_path: Path) -> None:
    town = Town(tmp_path / "one")
    other = town.settings.open(replace(town.place, folder=tmp_path / "two"))
    with pytest.raises(RejectedError, match="call prepare first"):
        other.create([town.upload(["i0"])])


@pytest.mark.parametrize(
    ("campaign", "schema"), [("other", SCHEMA), ("c", replace(SCHEMA, abstain=()))]
)
def test_one_file_serves_one_campaign(tmp_path: Path, campaign: str, schema: LabelSchema) -> None:
    with pytest.raises(RejectedError, match="use another folder"):
        Town(tmp_path).backend.prepare(campaign, schema)


def test_edits_are_later_versions_of_the_same_answer(tmp_path: Path) -> None:
    town = Town(tmp_path, edit=1.0)
    town.backend.create(town.uploads(ITEMS, 2))
    events = town.events()
    given = {event.answer_id: event for event in events if event.kind is EventKind.SUBMITTED}
    edits = [event for event in events if event.kind is EventKind.EDITED]
    assert {event.answer_id for event in edits} == set(given)
    assert len(given) == len(edits) == 2 * len(ITEMS)
    assert all(edit.at > given[edit.answer_id].at for edit in edits)
    assert all(edit.person == given[edit.answer_id].person for edit in edits)
    changed = [edit for edit in edits if edit.value != given[edit.answer_id].value]
    assert 0 < len(changed) < len(edits)
