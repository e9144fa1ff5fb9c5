"""What the campaign file may say about simulated annotators, and what is wrong with the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from auto_labeling.backends.simulated import truth
from auto_labeling.backends.simulated.crew import crew
from auto_labeling.backends.simulated.settings import Simulated
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.records import LabelSchema
from tests.backends.town import ITEMS, SCHEMA, Town


def no_ids() -> list[str]:
    raise AssertionError("the pool was read, though the truth names its items")


@pytest.mark.parametrize(
    ("annotators", "complaint"),
    [
        ((), "annotators: expected at least one"),
        ((1.2,), r"annotators\[0\].accuracy: expected a number from 0 to 1, got 1.2"),
        ((0.8, {"name": "mia"}), r"annotators\[1\]: expected exactly one of accuracy, confusion"),
        (({"accuracy": 0.8, "confusion": [[1]]},), "expected exactly one of accuracy, confusion"),
        (({"accurracy": 0.8},), r"unknown keys \['accurracy'\]"),
        (({"accuracy": 1, "name": "a"}, {"accuracy": 1, "name": "a"}), "a name is used twice"),
        (({"confusion": [[0.5, 0.4], [0, 1]]},), r"confusion\[0\]: expected shares that sum to 1"),
        (({"confusion": [[1, 0]]},), "confusion: expected a square"),
        (({"confusion": []},), "confusion: expected a square"),
        (({"confusion": "ab"},), "confusion: expected a square"),
        (({"confusion": [[2, -1], [0, 1]]},), "expected a number from 0 to 1, got 2"),
        (({"accuracy": 1, "seconds": 0},), "seconds: expected seconds above 0"),
        (({"accuracy": 1, "skip": "often"},), "skip: expected a number from 0 to 1, got 'often'"),
        (({"accuracy": 1, "hours": "always"},), r"annotators\[0\].hours: expected such as"),
        (({"accuracy": 1, "tz": "UTC"},), "tz: means nothing without hours"),
    ],
)
def test_annotators_that_cannot_be_are_refused(annotators: Any, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        Simulated(annotators=annotators, truth="t.csv")


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"skip": 1.1}, "skip: expected a number from 0 to 1"),
        ({"outage": 1.0}, "outage: expected at most 0.9"),
        ({"unit": "task"}, "unit: expected item or chunk"),
        ({"overlap": "never"}, "overlap: expected at_creation or later"),
        ({"chunk_size": 0}, "chunk_size: expected at least 1"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        Simulated(annotators=(0.9,), truth="t.csv", **settings)


def test_a_person_s_own_habits_come_before_everybody_s() -> None:
    mia, other = crew(
        [{"name": "mia", "accuracy": 1, "skip": 0.1}, 0.9], {"skip": 0.3, "edit": 0.2}
    )
    assert (mia.skip, mia.edit) == (0.1, 0.2)
    assert (other.skip, other.edit) == (0.3, 0.2)


def test_somebody_who_abstains_needs_a_word_for_it(tmp_path: Path) -> None:
    schema = LabelSchema(task="single", classes=SCHEMA.classes)
    with pytest.raises(ConfigurationError, match=r"labels\.abstain names no such answer"):
        Town(tmp_path, abstain=0.1, schema=schema)


def test_a_confusion_matrix_is_for_one_class_an_item(tmp_path: Path) -> None:
    people = ({"name": "mia", "confusion": [[1]]},)
    schema = LabelSchema(task="multi", classes=("a",))
    with pytest.raises(ConfigurationError, match="fits one class an item or an object"):
        Town(tmp_path, annotators=people, schema=schema, truth=["id,label", "i0,a"])


def test_truth_by_id_never_reads_the_pool(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("label,id\nant,7\n01,8\n", encoding="utf-8-sig")
    told = truth.read(path, no_ids, "single")
    assert (told["7"], told["8"]) == ("ant", "01")
    assert "9" not in told


def test_truth_from_parquet_takes_numbers_and_lists(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pd.DataFrame({"id": [7, 8], "label": [3, 4], "other": [0, 0]}).to_parquet(path)
    assert truth.read(path, no_ids, "single")["7"] == "3"
    pd.DataFrame({"id": [7, 8], "label": [["a", "b", "a"], []]}).to_parquet(path)
    told = truth.read(path, no_ids, "multi")
    assert (told["7"], told["8"]) == (("a", "b"), ())


def test_truth_without_ids_follows_the_pool(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("label\nant\nbee\n", encoding="utf-8")
    told = truth.read(path, lambda: ["y", "x"], "single")
    assert (told["y"], told["x"]) == ("ant", "bee")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("label\nant\n", "expected a label for each of the 2 items of the pool, got 1"),
        ("id,class\nx,ant\n", "expected a column 'label', got"),
        ("id,label\nx,ant\nx,bee\n", "the id 'x' stands in two rows"),
        ("id,label\nx,\n", "row 1: the label is missing"),
        ("id,label\nx\n", "row 1: expected 2 cells, got 1"),
        ("", "expected a CSV file with a header"),
        ("label\n[1", "expected a label for each"),
    ],
)
def test_truth_that_cannot_be_is_refused(tmp_path: Path, content: str, complaint: str) -> None:
    (tmp_path / "t.csv").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=complaint):
        truth.read(tmp_path / "t.csv", lambda: ["x", "y"], "single")


def test_truth_that_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"truth: cannot read .*t\.csv \(No such file"):
        truth.read(tmp_path / "t.csv", no_ids, "single")
    (tmp_path / "t.parquet").write_text("no parquet", encoding="utf-8")
    with pytest.raises(DataError, match="expected a Parquet file"):
        truth.read(tmp_path / "t.parquet", no_ids, "single")


def test_a_true_class_that_is_not_in_the_schema_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"expected labels out of .* got \['cow'\]"):
        Town(tmp_path, truth=["label", *(["cow"] * len(ITEMS))])


def test_truth_is_read_anew_when_the_pool_has_grown(tmp_path: Path) -> None:
    town = Town(tmp_path, truth=["id,label", "i0,ant"])
    town.backend.create([town.upload(["i0"])])
    (tmp_path / "truth.csv").write_text("id,label\ni0,ant\ni1,bee\n", encoding="utf-8")
    town.backend.create([town.upload(["i1"])])
    assert {event.item_id for event in town.events()} == {"i0", "i1"}
