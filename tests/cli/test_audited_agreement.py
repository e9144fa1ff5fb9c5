"""How an audit shows agreement, of labels and of drawings, without a tool."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from auto_labeling.auditing import audit
from auto_labeling.cli import audited, screen
from auto_labeling.cli.auditable import Auditable
from auto_labeling.formats.opinions import LabeledTask, Opinion
from auto_labeling.records import LabelSchema, Value
from auto_labeling.shapes import Box

LABELS = LabelSchema(task="single", classes=("fish", "fowl", "fruit"))
BOXES = LabelSchema(task="boxes", classes=("car", "van"))


def tasks_of(answers: Sequence[Mapping[str, Value]]) -> list[LabeledTask]:
    return [
        LabeledTask(
            task_id=str(at),
            item=None,
            opinions=tuple(
                Opinion(answer_id=f"{at}-{who}", author=who, person=who, at=at, value=value)
                for who, value in said.items()
            ),
        )
        for at, said in enumerate(answers)
    ]


def shown(
    schema: LabelSchema, answers: Sequence[Mapping[str, Value]], capsys: pytest.CaptureFixture[str]
) -> tuple[str, dict[str, Any]]:
    """Return what stands on the screen, and what a program is told."""
    read = Auditable(
        tool="label_studio",
        noun="task",
        number=7,
        title="tests",
        schema=schema,
        tasks=tasks_of(answers),
        picture=lambda _: None,
        lead="A task: there",
        kept=str,
        teaches=str,
    )
    found = audit(read.tasks, schema, read.picture)
    audited.show(read, found, "http://tool", 2)
    out = capsys.readouterr().out
    screen.print_json(audited.as_json(read, found))
    return out, json.loads(capsys.readouterr().out)


def drawn(x: float, label: str = "car") -> Box:
    return Box(label=label, x=x, y=0.1, width=0.2, height=0.2)


def test_labels(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    rng = np.random.default_rng(0)
    truth = rng.choice(LABELS.classes, 60).tolist()
    answers: list[dict[str, Value]] = [
        {
            who: name if rng.random() < right else "fowl"
            for who, right in {"mia": 0.95, "li": 0.9, "sam": 0.5}.items()
        }
        for name in truth
    ]
    out, told = shown(LABELS, answers, capsys)
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert any(line.startswith("beyond chance Krippendorff's alpha 0.") for line in lines)
    assert any("Fleiss' kappa 0." in line and "Gwet's AC1 0." in line for line in lines)
    assert any(line.startswith("class (lowest 2 of 3) alpha") for line in lines)
    at = next(at for at, line in enumerate(lines) if line.startswith("together (lowest 2 of 3)"))
    assert all("sam" in line for line in lines[at + 1 : at + 3])  # mia and li agree best
    assert any(line.startswith("taken for each other") for line in lines)
    agreement = told["agreement"]
    assert agreement["tasks"] == 60
    assert set(agreement["classes"]) == set(LABELS.classes)
    assert agreement["drawn"] is None
    assert {frozenset(one["people"]) for one in agreement["pairs"]} == {
        frozenset(pair) for pair in (("mia", "li"), ("mia", "sam"), ("li", "sam"))
    }
    assert {one["one"] for one in agreement["confused"]} <= set(LABELS.classes)
    low, high = (agreement["kappas"]["fleiss"][end] for end in ("low", "high"))
    assert low < agreement["kappas"]["fleiss"]["value"] < high
    assert {one["person"] for one in told["people"]} == {"mia", "li", "sam"}
    assert all(0 < one["agreement"]["agreeing"]["value"] < 1 for one in told["people"])


def test_drawings(capsys: pytest.CaptureFixture[str]) -> None:
    pictures: list[dict[str, Value]] = [
        {"mia": (drawn(x), drawn(x + 0.3, "van")), "li": (drawn(x + 0.01),)}
        for x in (0.05, 0.1, 0.3, 0.4)
    ]
    out, told = shown(BOXES, [*pictures, {"mia": (), "li": ()}], capsys)
    assert "F1 66.7% (66.7 to 66.7%) on 5 tasks, however these were chosen" in out
    assert "mean IoU 0.90" in out
    assert "van, not drawn" in out
    agreement = told["agreement"]
    assert agreement["kappas"] is None
    assert agreement["drawn"]["f1"]["value"] == pytest.approx(2 / 3)
    assert agreement["classes"]["van"]["n"] == 5
    assert agreement["alpha"] == agreement["drawn"]["alpha"]


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([{"mia": "fish"}], "unknown: no task has answers of several people"),
        ([{"mia": "fish", "li": "fish"}] * 3, "unknown: all answers are the same"),
        ([], "unknown: no task has answers of several people"),
    ],
    ids=["one person", "all agree", "nothing"],
)
def test_what_is_unknown_is_said(
    answers: Sequence[Mapping[str, Value]], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out, told = shown(LABELS, answers, capsys)
    assert said in out
    assert "nan" not in out
    assert told["agreement"]["alpha"]["value"] is None
