"""What of an export becomes a label; the rest of its promises are those of every source."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.pool.label_studio_export import LabelStudioExport
from auto_labeling.pool.snapshot import ingest, ingest_labeled
from auto_labeling.pool.table import Table
from auto_labeling.records import LabelSchema
from tests.pool.written import annotation, write_csv, write_export, write_png

SCHEMA = LabelSchema(task="single", classes=("cat", "dog"))
EXPORT = LabelStudioExport(export="project.json")


def reasons(found: Any) -> dict[str, str]:
    return {one.where: one.reason for one in found.quarantined}


def test_the_majority_decides_and_what_it_does_not_is_left_out(tmp_path: Path) -> None:
    write_export(
        tmp_path / "project.json",
        [
            ("mews", [annotation("cat", 1), annotation("cat", 2), annotation("dog", 3)]),
            ("barks", [annotation("dog", 1), annotation("cat", 2)]),
            ("sleeps", [annotation(None, 1), annotation("dog", 2)]),
            ("purrs", []),
            ("eats", [annotation("dog", 1, 1), annotation("cat", 1, 9)]),
            ("digs", [annotation("cow", 1)]),
            ("both", [annotation("cat dog", 1)]),
        ],
    )
    found = EXPORT.read(tmp_path, SCHEMA)
    assert list(zip(found.references, found.labels or (), strict=True)) == [
        ("1", "cat"),
        ("3", "dog"),
        ("5", "cat"),
    ]
    assert reasons(found) == {
        "project.json, task 2": "people do not agree, and there is no majority",
        "project.json, task 4": "it has no label",
        "project.json, task 6": "its label is not one of labels.classes",
        "project.json, task 7": "most people chose several classes",
    }


def test_a_label_may_need_several_people(tmp_path: Path) -> None:
    write_export(
        tmp_path / "project.json",
        [
            ("mews", [annotation("cat", 1, 1), annotation("cat", 1, 2)]),
            ("barks", [annotation("dog", 1), annotation("dog", 2)]),
        ],
    )
    found = LabelStudioExport(export="project.json", at_least=2).read(tmp_path, SCHEMA)
    assert found.references == ["2"]
    assert reasons(found) == {"project.json, task 1": "1 of 2 people have answered it"}


def test_what_was_overwritten_is_the_word_of_who_did_it(tmp_path: Path) -> None:
    changed = annotation("dog", 1, updated_by=9, updated_at="2026-11-21T12:00:00Z")
    write_export(tmp_path / "project.json", [("mews", [changed, annotation("dog", 9)])])
    found = LabelStudioExport(export="project.json", at_least=2)
    with pytest.raises(DataError, match="1 of 2 people"):
        found.read(tmp_path, SCHEMA)


def test_of_several_fields_and_tags_one_has_to_be_named(tmp_path: Path) -> None:
    size = annotation("big", 1)
    size["result"][0]["from_name"] = "size"
    told = {"id": 1, "data": {"title": "T", "body": "mews"}, "annotations": [size]}
    told["annotations"].append(annotation("cat", 2))
    write_export(tmp_path / "project.json", [told])
    with pytest.raises(DataError, match=r"expected field to name one of \['title', 'body'\]"):
        EXPORT.read(tmp_path)
    source = LabelStudioExport(export="project.json", field="body")
    with pytest.raises(DataError, match=r"expected control to name one of \['size', 'label'\]"):
        source.read(tmp_path)
    named = LabelStudioExport(export="project.json", field="body", control="label")
    assert named.read(tmp_path, SCHEMA).labels == ["cat"]


def test_what_is_no_export_is_said_without_quoting_it(tmp_path: Path) -> None:
    path = tmp_path / "project.json"
    for content in ('{"secret": 1}', "secret", '[{"id": 1, "text": "secret"}]', '["secret"]'):
        path.write_text(content)
        with pytest.raises(DataError, match="expected") as told:
            EXPORT.read(tmp_path)
        assert "secret" not in str(told.value)


KEYS = ["id", "data", "text", "annotations", "result", "value", "choices", "type", "from_name"]
JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1, 3)
    | st.sampled_from(["", "cat", "label", "choices"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(JUNK, JUNK)
def test_whatever_an_export_holds_it_is_read_or_refused(data: Any, answers: Any) -> None:
    """The shapes of junk stand where the shapes of tasks do."""
    good = annotation("cat", 1)
    tasks = [
        {"id": 1, "data": {"text": "mews"}, "annotations": [good]},
        {"id": 2, "data": data, "annotations": answers},
        {"id": 3, "data": {"text": "barks"}, "annotations": [{**good, "result": answers}]},
        {"id": 4, "data": {"text": "digs"}, "annotations": [{**good, "completed_by": data}]},
        data,
    ]
    with TemporaryDirectory() as folder:
        (Path(folder) / "project.json").write_text(json.dumps(tasks))
        for schema in (None, SCHEMA):
            try:
                found = LabelStudioExport(
                    export="project.json", field="text", control="label"
                ).read(Path(folder), schema)
            except DataError:
                assert not isinstance(data, dict)
            else:
                assert "1" in found.references


@pytest.mark.parametrize(
    "wrong", [{"export": ""}, {"at_least": 0}, {"size": 0}, {"shows": "video"}, {"colors": "cmyk"}]
)
def test_impossible_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        LabelStudioExport(**{"export": "project.json", **wrong})


def test_pictures_are_read_below_the_folder_and_nowhere_else(tmp_path: Path) -> None:
    write_png(tmp_path / "documents/pets/a b.png", 10)
    write_png(tmp_path / "documents/pets/cell #1 50%20.png", 30)
    write_png(tmp_path / "outside.png", 20)
    write_export(
        tmp_path / "project.json",
        [
            ("/data/local-files/?d=pets/a%20b.png", [annotation("cat", 1)]),
            ("/data/local-files/?d=../outside.png", [annotation("cat", 1)]),
            ("pets/cell #1 50%20.png", [annotation("cat", 1)]),
            ("/data/upload/3/c.png", [annotation("cat", 1)]),
            ("https://elsewhere.invalid/d.png", [annotation("cat", 1)]),
        ],
    )
    found = LabelStudioExport(export="project.json", files="documents").read(tmp_path, SCHEMA)
    assert found.references == ["1", "3"]
    assert found.features.shape == (2, 256)
    assert set(reasons(found).values()) == {
        "its picture is not below `files`, and nothing is downloaded"
    }


def test_the_answers_to_tasks_of_ours_label_the_items_of_the_pool(tmp_path: Path) -> None:
    rows = [{"id": f"t{row}", "words": f"text {row}"} for row in range(4)]
    write_csv(tmp_path / "pool.csv", rows)
    pool = Table(path="pool.csv", text="words")
    ingest(pool, tmp_path, tmp_path / "pool", number=1, schema=SCHEMA)
    write_export(
        tmp_path / "project.json",
        [
            {
                "id": 70 + row,
                "data": {"text": f"text {row}", "al_item": f"t{row}", "al_key": "k"},
                "annotations": [annotation("cat", 1)] if row < 3 else [],
            }
            for row in range(4)
        ],
    )
    done = ingest_labeled(EXPORT, tmp_path, tmp_path / "pool", number=2, schema=SCHEMA)
    assert dict(done.known_labels) == {"t0": "cat", "t1": "cat", "t2": "cat"}
    assert done.size == 0


def test_texts_have_the_features_that_they_have_in_a_table(tmp_path: Path) -> None:
    write_csv(tmp_path / "pool.csv", [{"words": "mews at night"}])
    write_export(tmp_path / "project.json", [("mews at night", [annotation("cat", 1)])])
    sources = (Table(path="pool.csv", text="words"), EXPORT)
    one, other = (np.concatenate(list(s.read(tmp_path).features.chunks())) for s in sources)
    assert np.array_equal(one, other)
