"""What docs/label-studio.md says is done, is done: on a real server, by people who answer."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from auto_labeling.cli import entry
from auto_labeling.studio import Person, Studio
from tests.support.studio import tasks_of

PAGE = Path(__file__).parents[1] / "docs" / "label-studio.md"
DATA = Path(os.environ.get("AUTO_LABELING_DATA", PAGE.parents[2] / "shared" / "data")).absolute()
BLOCKS = re.compile(r"^```(python|yaml|sh)\n(.*?)^```$|^<!-- (.*?) -->$", re.DOTALL | re.MULTILINE)
SAID = re.compile(r"^print\(.*\)  # (.*)$", re.MULTILINE)
WAITS = 4

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


class Reader:
    """Somebody who does what the page says, line by line, in an empty folder."""

    def __init__(self, studio: Studio, people: Mapping[str, Person]) -> None:
        self.studio = studio
        self.people = people
        self.names: dict[str, Any] = {}
        self.acts: dict[str, Callable[[], None]] = {
            "Mia and Li answer": self.two_answer,
            "Mia looks at the photos": self.one_draws,
            "Mia answers all that waits": self.all_is_answered,
        }

    def python(self, block: str, capsys: pytest.CaptureFixture[str]) -> None:
        """Run a block; every line that it prints is the one that the page says."""
        capsys.readouterr()
        exec(compile(block, PAGE.name, "exec"), self.names)
        assert capsys.readouterr().out.splitlines() == SAID.findall(block)

    def shell(self, block: str) -> None:
        """Run the commands of a block."""
        for line in block.splitlines():
            project = f"--project {self.names['project']}"
            program, *words = shlex.split(line.replace("--project 12", project), comments=True)
            assert program == "auto-label"
            plain = ["--plain"] if words[0] in ("run", "tick") else []
            assert entry.main([*words, *plain]) in (0, WAITS), line

    def two_answer(self) -> None:
        """The second text is disputed, the last two are seen by nobody."""
        said = {
            "I would come again": {"mia": "good", "li": "good"},
            "Cold soup, cold tea": {"mia": "poor", "li": "good"},
            "Never again": {"li": "poor"},
        }
        for task in tasks_of(self.studio, self.names["project"]):
            for person, name in said.get(task["data"]["text"], {}).items():
                self.answer(task, person, [choice("tone", "review", name)])

    def one_draws(self) -> None:
        """Mia accepts what is suggested, also that there is nothing; the last she does not see."""
        size = {"original_width": 40, "original_height": 20, "image_rotation": 0}
        for task in tasks_of(self.studio, self.names["street"]):
            for prediction in task["predictions"]:
                self.answer(task, "mia", [{**one, **size} for one in prediction["result"]])

    def all_is_answered(self) -> None:
        with self.studio.client() as admin:
            projects = admin.get("/api/projects/").json()["results"]
        [project] = [one["id"] for one in projects if one["title"].startswith("reviews-")]
        for task in tasks_of(self.studio, project):
            if not task["annotations"]:
                name = "good" if "good" in task["data"]["text"] else "poor"
                self.answer(task, "mia", [choice("label", "item", name)])

    def answer(self, task: Mapping[str, Any], person: str, result: list[Any]) -> None:
        with self.studio.client(self.people[person].token) as browser:
            path = f"/api/tasks/{task['id']}/annotations/"
            browser.post(path, json={"result": result}).raise_for_status()


def choice(control: str, shown: str, name: str) -> dict[str, Any]:
    tied = {"from_name": control, "to_name": shown, "type": "choices"}
    return tied | {"value": {"choices": [name]}}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, studio: Studio) -> Path:
    """What the page takes for granted: a table, photos, a token."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", studio.token)
    monkeypatch.delenv("AUTO_LABEL_WORKSPACE", raising=False)
    with (tmp_path / "reviews.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text"])
        writer.writerows([[f"{'good' if at % 2 else 'cold'} soup, table {at}"] for at in range(40)])
    (tmp_path / "photos").mkdir()
    for at in range(2):
        Image.new("L", (40, 20), at).save(tmp_path / "photos" / f"{at}.png")
    return tmp_path


def test_the_larger_campaign_can_be_planned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if not (DATA / "text").is_dir():
        pytest.skip(f"{DATA / 'text'} is absent: set AUTO_LABELING_DATA")
    said = (PAGE.parents[1] / "configs" / "trec_label_studio.yaml").read_text(encoding="utf-8")
    (tmp_path / "trec.yaml").write_text(said.replace("../../shared/data", str(DATA)))
    words = ["plan", str(tmp_path / "trec.yaml"), "--workspace", str(tmp_path / "workspace")]
    assert entry.main(words) == 0
    assert "5,452 items" in capsys.readouterr().out


def test_the_page_from_top_to_bottom(
    folder: Path,
    studio: Studio,
    crew: tuple[Person, Person, Person],
    capsys: pytest.CaptureFixture[str],
) -> None:
    reader = Reader(studio, dict(zip(("mia", "li", "sam"), crew, strict=True)))
    page = PAGE.read_text(encoding="utf-8").replace("http://127.0.0.1:8080", studio.url)
    found = BLOCKS.findall(page)
    assert {kind for kind, _, _ in found} == {"python", "yaml", "sh", ""}
    for kind, block, act in found:
        if kind == "python":
            reader.python(block, capsys)
        elif kind == "yaml":
            (folder / "campaign.yaml").write_text(block)
        elif kind == "sh":
            reader.shell(block)
        else:
            reader.acts[act]()

    coco = json.loads((folder / "coco" / "annotations.json").read_text())
    assert [one["file_name"] for one in coco["images"]] == ["photos/0.png", "photos/1.png"]
    assert [one["bbox"] for one in coco["annotations"]] == [[4, 4, 12, 8]]
    assert (folder / "yolo/labels/photos/0.txt").read_text() == "0 0.25 0.4 0.3 0.4\n"
    assert (folder / "yolo/labels/photos/1.txt").read_text() == ""
    assert (folder / "voc/Annotations/photos/0.xml").exists()
    assert (folder / "tasks.label_config.text.xml").exists()
    assert len((folder / "tasks.jsonl").read_text().splitlines()) == 4
    assert len(json.loads((folder / "labels.json").read_text())) == 8
    with (folder / "labels.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8
    assert {row["label"] for row in rows} == {"good", "poor"}
