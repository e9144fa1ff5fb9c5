from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from auto_labeling import launch
from auto_labeling.by_hand import preannotation_run
from auto_labeling.by_hand.preannotation_run import Request, preannotate_folder
from auto_labeling.errors import ConfigurationError
from auto_labeling.preannotation.rules import Rules
from auto_labeling.workspace import Workspace
from tests.support.patches import Colours, drawn
from tests.support.seen import Seen

DIGEST = hashlib.sha256(b"").hexdigest()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for at in range(5):
        drawn(folder / f"{at}.png", (60 + at, 40), [(at % 2, (5, 5, 30, 20))])
    (folder / "bad.png").write_text("no picture")
    return folder


def request(pictures: Path, **changes: object) -> Request:
    given = {
        "images": str(pictures),
        "model": "x.pt",
        "sha256": DIGEST,
        "into": pictures.parent / "out",
        "rules": Rules(at_least=0.1),
    }
    return Request(**{**given, **changes})  # type: ignore[arg-type]


def test_a_folder_is_predicted_once_whatever_is_written(pictures: Path) -> None:
    detector, out = Colours(), pictures.parent / "out"
    assert preannotate_folder(request(pictures), detector).predicted == 5
    content = json.loads((out / "annotations.json").read_text())
    assert [one["bbox"] for one in content["annotations"]] == [[5, 5, 25, 15]] * 5
    assert (out / "quarantined.csv").read_text().splitlines()[1].startswith(f"{pictures}/bad.png,")
    for form in ("yolo", "pascal_voc"):
        run = preannotate_folder(request(pictures, format=form), detector)
        assert (run.predicted, len(run)) == (0, 5)
    assert len(list((out / "labels").iterdir())) == len(list((out / "Annotations").iterdir())) == 5
    assert len(detector.seen) == 5
    stricter = request(pictures, rules=Rules(at_least=0.95))
    assert preannotate_folder(stricter, detector).predicted == 0
    assert json.loads((out / "annotations.json").read_text())["annotations"] == []
    assert preannotate_folder(request(pictures, rules=Rules(tile="32px")), detector).predicted == 5


def test_what_is_not_there_any_more_is_not_suggested_any_more(pictures: Path) -> None:
    out, detector = pictures.parent / "out", Colours()
    for form in ("coco", "yolo", "pascal_voc"):
        preannotate_folder(request(pictures, format=form), detector)
    (out / "labels" / "mine.txt").write_text("of somebody else")
    drawn(pictures / "0.jpg", (60, 40), [])
    for form in ("yolo", "pascal_voc"):
        preannotate_folder(request(pictures, format=form), detector)
    assert sorted(one.name for one in (out / "labels").iterdir()) == [
        *("0-1.txt", "0-2.txt", "1.txt", "2.txt", "3.txt", "4.txt", "mine.txt")
    ]
    assert len(list((out / "Annotations").iterdir())) == 6
    for path in pictures.iterdir():
        path.write_text("no picture")
    for form in ("coco", "yolo", "pascal_voc"):
        assert len(preannotate_folder(request(pictures, format=form), detector)) == 0
    content = json.loads((out / "annotations.json").read_text())
    assert (content["images"], content["annotations"]) == ([], [])
    assert [one.name for one in (out / "labels").iterdir()] == ["mine.txt"]
    assert list((out / "Annotations").iterdir()) == []
    assert (out / "classes.txt").read_text() == "red\ngreen\n"
    assert len((out / "quarantined.csv").read_text().splitlines()) == 1 + 7


def test_what_cannot_be_is_said_before_anything_is_predicted(pictures: Path) -> None:
    detector = Colours()
    with pytest.raises(ConfigurationError, match="into: expected a folder"):
        preannotate_folder(request(pictures, into=pictures / "bad.png"), detector)
    with pytest.raises(ConfigurationError, match="got 'gren'; did you mean 'green'"):
        preannotate_folder(request(pictures, rules=Rules(thresholds={"gren": 0.5})), detector)
    assert not detector.seen


def test_a_format_that_is_none_is_refused(pictures: Path) -> None:
    with pytest.raises(ConfigurationError, match="expected coco, yolo or pascal_voc, got 'xml'"):
        request(pictures, format="xml")


@pytest.mark.slow
def test_the_flow_writes_suggestions(
    workspace: Workspace, pictures: Path, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector = Colours()
    monkeypatch.setattr(preannotation_run, "detector_of", lambda *_, **__: detector)
    with launch.prefect(workspace):
        from flows.preannotate import PreannotateRun, preannotate

        run = PreannotateRun(
            images=str(pictures),
            model="x.pt",
            sha256=DIGEST,
            into=str(pictures.parent / "out"),
            format="yolo",
            confidence_threshold=0.1,
            classes={"red": "warm"},
        )
        assert preannotate(run) == run.into
        assert preannotate(run) == run.into
        with pytest.raises(ValidationError):
            PreannotateRun(images="a", model="b", sha256="short", into="c")
    assert (pictures.parent / "out" / "classes.txt").read_text() == "warm\ngreen\n"
    assert len(detector.seen) == 5
    assert [state for _, state, *_ in seen.flow_runs()[-2:]] == ["Completed"] * 2
