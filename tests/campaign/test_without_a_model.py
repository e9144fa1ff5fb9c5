"""Campaigns that buy labels, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auto_labeling import assemble
from auto_labeling.campaign import labels
from auto_labeling.errors import ConfigurationError
from auto_labeling.reporting.report import render
from auto_labeling.shapes import Box
from auto_labeling.workspace import Workspace
from tests.support.campaigns import drive, ledger_of, tiny
from tests.support.examination import examined
from tests.support.office import office

BOXES: dict[str, Any] = {
    "labels": {"task": "boxes"},
    "backend": {
        "kind": "label_studio",
        "url": "http://127.0.0.1:9",
        "token": {"env": "NOBODY_ASKS_FOR_IT"},
        "truth": None,
        "annotators": None,
    },
}
NO_MODEL: dict[str, Any] = {"model": {"kind": "none"}}


def test_every_batch_is_chosen_cold_and_nothing_is_judged(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, **NO_MODEL)
    drive(path, campaign)
    examined(path, campaign)
    said = assemble.account_of(Workspace.of(path), campaign)
    assert said.items["labeled"] == 18
    assert list(said.curve) == []
    assert {line.model for line in said.rounds} == {None}
    with ledger_of(path) as ledger, ledger.read() as connection:
        assert {label.purpose for label in labels.read(connection, campaign)} == {"train"}
    assert "18" in render(said)


def test_boxes_are_bought_and_the_drawing_most_agreed_with_is_the_label(tmp_path: Path) -> None:
    def box(x: float) -> tuple[Box, ...]:
        return (Box(label="ant", x=x, y=0.1, width=0.2, height=0.2),)

    with office(tmp_path / "a", **NO_MODEL, **BOXES, quality={"overlap": 3}) as asked:
        for item in asked.items:
            for person, x in (("mia", 0.1), ("li", 0.11), ("sam", 0.6)):
                asked.act(item, person, box(x))
        first = asked.items[0]
        asked.goes_on()
        assert asked.label(first) in (box(0.1), box(0.11))
        assert asked.account().committed_answers == 9


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"stop": {"target": {"metric": "accuracy", "at_least": 0.9}}},
            "there will be no accuracy",
        ),
        ({"preannotate": {}}, "preannotate: without a model"),
        ({**BOXES, "model": None}, r"model: \{kind: none\}"),
        (
            {**BOXES, "quality": {"consensus": {"kind": "majority"}}},
            "majority decides labels.task single or multi",
        ),
        ({"quality": {"consensus": {"kind": "most_agreed"}}}, "most_agreed: expected the task"),
    ],
)
def test_what_needs_a_model_or_another_rule_is_said_first(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        tiny(tmp_path / "ws", **{**NO_MODEL, **change})
