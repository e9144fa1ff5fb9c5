"""Files for Label Studio and Prodigy, from whatever people have their samples in."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from auto_labeling import LabelStudioExporter, ProdigyExporter
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.shapes import Box

TEXTS = ["Cold soup", "I would come again"]
CAR = Box(label="car", x=0.1, y=0.2, width=0.3, height=0.4)


def tasks_in(path: Path) -> list[dict[str, Any]]:
    return list(json.loads(path.read_text(encoding="utf-8")))


def lines_in(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_tasks_with_predictions_that_label_studio_accepts(tmp_path: Path) -> None:
    told = [{"prediction": "poor", "score": 0.8, "source": "mail"}, {"prediction": "good"}]
    exporter = LabelStudioExporter("Reviews", "classification")
    path = exporter.export(TEXTS, tmp_path / "tasks.json", sample_ids=[7, 8], metadata=told)
    first, second = tasks_in(path)
    assert (first["data"]["text"], first["data"]["al_item"]) == (TEXTS[0], "7")
    assert first["meta"] == {"project": "Reviews", "source": "mail"}
    assert second["meta"] == {"project": "Reviews"}
    config = (tmp_path / "tasks.label_config.text.xml").read_text(encoding="utf-8")
    sdk = importlib.import_module("label_studio_sdk.label_interface")
    read = sdk.LabelInterface(config)
    for task in (first, second):
        [prediction] = task.pop("predictions")
        assert read.validate_task(task)
        assert not read.validate_prediction(prediction, return_errors=True)
        assert prediction["score"] == (0.8 if task is first else 1.0)


def test_the_same_samples_make_the_same_file(tmp_path: Path) -> None:
    one = LabelStudioExporter().export(TEXTS, tmp_path / "one.json")
    other = LabelStudioExporter().export(samples=TEXTS, output_path=str(tmp_path / "other.json"))
    assert one.read_text() == other.read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.json", "other.json"]


@pytest.mark.parametrize(
    "data",
    [
        pd.DataFrame({"size": [1.5, 2.0], "kind": ["a", "b"]}),
        np.array([[1.5, 1.0], [2.0, 3.0]]),
        [{"size": 1.5}, {"size": 2.0}],
        [Path("a.png"), Path("b.png")],
    ],
    ids=["frame", "array", "mappings", "paths"],
)
def test_samples_may_be_anything_that_people_can_be_shown(tmp_path: Path, data: Any) -> None:
    tasks = tasks_in(LabelStudioExporter().export(data, tmp_path / "tasks.json"))
    assert len({task["data"]["al_item"] for task in tasks}) == 2
    assert len(lines_in(ProdigyExporter().export(data, tmp_path / "tasks.jsonl"))) == 2


def test_boxes_are_drawn_beforehand(tmp_path: Path) -> None:
    exporter = LabelStudioExporter(label_config_type="object_detection", labels=["car", "van"])
    told = [{"prediction": [CAR], "score": 0.5}]
    path = exporter.export([Path("0.png")], tmp_path / "tasks.json", metadata=told)
    [task] = tasks_in(path)
    [region] = task["predictions"][0]["result"]
    assert (region["type"], region["value"]["rectanglelabels"]) == ("rectanglelabels", ["car"])
    config = (tmp_path / "tasks.label_config.image.xml").read_text()
    assert config.count("<Label ") == 2


def test_prodigy_s_choices_and_its_plain_tasks(tmp_path: Path) -> None:
    frame = pd.DataFrame({"said": TEXTS, "stars": [1, 5]})
    chosen = ProdigyExporter().export(
        frame, tmp_path / "a.jsonl", text_column="said", labels=["good", "poor"]
    )
    first = lines_in(chosen)[0]
    assert first["text"] == TEXTS[0]
    assert [option["id"] for option in first["options"]] == ["good", "poor"]
    assert first["config"] == {"choice_style": "single"}
    several = ProdigyExporter().export(
        texts=TEXTS, output_path=tmp_path / "b.jsonl", task_type="multi_label", labels=["a"]
    )
    assert lines_in(several)[0]["config"] == {"choice_style": "multiple"}
    plain = lines_in(ProdigyExporter().export(TEXTS, tmp_path / "c.jsonl"))
    assert [one["text"] for one in plain] == TEXTS
    assert not {"options", "config"} & set(plain[0])


@pytest.mark.parametrize(
    ("call", "error", "why"),
    [
        (lambda to: LabelStudioExporter().export(TEXTS), ConfigurationError, "output_path"),
        (lambda to: LabelStudioExporter().export(None, to), ConfigurationError, "data or samples"),
        (lambda to: LabelStudioExporter().export([], to), DataError, "expected at least one"),
        (
            lambda to: LabelStudioExporter().export(TEXTS, to, sample_ids=["a", "a"]),
            DataError,
            "expected 2 different ones",
        ),
        (
            lambda to: LabelStudioExporter().export(TEXTS, to, metadata=[{}]),
            DataError,
            "metadata: expected one for each of 2 samples, got 1",
        ),
        (
            lambda to: LabelStudioExporter(labels=["good", "poor"]).export(
                TEXTS, to, metadata=[{"prediction": "fine"}, {}]
            ),
            DataError,
            "expected classes out of",
        ),
        (
            lambda to: LabelStudioExporter(label_config_type="ner"),
            ConfigurationError,
            "label_config_type: expected one of classification",
        ),
        (
            lambda to: ProdigyExporter().export(TEXTS, to, task_type="ner"),
            ConfigurationError,
            "task_type: expected one of classification, multi_label, got 'ner'",
        ),
        (
            lambda to: ProdigyExporter().export(TEXTS, to, text_column="said"),
            DataError,
            "text_column: there is no 'said'",
        ),
    ],
)
def test_what_cannot_be_exported_is_said(
    tmp_path: Path, call: Any, error: type[Exception], why: str
) -> None:
    with pytest.raises(error, match=why):
        call(tmp_path / "tasks.json")
    assert not list(tmp_path.iterdir())
