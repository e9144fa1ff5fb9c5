"""What docs/label-studio.md says is done, is done: on a real server, by people who answer."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from auto_labeling import assemble
from auto_labeling.cli import entry
from auto_labeling.studio import Person, Studio
from auto_labeling.workspace import Workspace
from tests.support.pages import Reader
from tests.support.real_data import DATA, needs
from tests.support.served import wait_for
from tests.support.studio import tasks_of

PAGE = Path(__file__).parents[1] / "docs" / "label-studio.md"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


class Guest(Reader):
    """Somebody who follows the page, and the people of its Label Studio."""

    typed = "train\npredict\nrecommend\nquit\n"

    def __init__(self, studio: Studio, people: Mapping[str, Person]) -> None:
        super().__init__(PAGE)
        self.studio = studio
        self.people = people
        self.told = False
        self.acts = {
            "Mia and Li answer": self.two_answer,
            "Mia looks at the photos": self.one_draws,
            "Mia answers all that waits": self.all_is_answered,
            "the project is told whom to call": self.await_webhook,
            "Mia answers all that waits, and the campaign ends": self.answers_end_it,
            "Mia answers whatever comes": self.keep_answering,
        }

    def typed_here(self, line: str) -> str:
        return line.replace("--project 12", f"--project {self.names['project']}")

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

    def all_is_answered(self, campaign: str = "reviews") -> None:
        for project in self.projects(campaign):
            for task in tasks_of(self.studio, project):
                if not task["annotations"]:
                    name = "good" if "good" in task["data"]["text"] else "poor"
                    self.answer(task, "mia", [choice("label", "item", name)])

    def answers_end_it(self) -> None:
        self.all_is_answered()
        wait_for(lambda: assemble.unstopped(Workspace.of()) == [], "the campaign has ended")

    def await_webhook(self) -> None:
        wait_for(lambda: self.is_told("reviews"), "the project is told")

    def keep_answering(self) -> None:
        """From here on Mia works beside the page, once an answer of hers is heard of at once."""

        def answer() -> None:
            with suppress(httpx.HTTPError):  # a busy server; the next look is as good
                self.told = self.told or self.is_told("pipeline")
                if self.told:
                    self.all_is_answered("pipeline")

        self.keep_at_it(answer)

    def projects(self, campaign: str) -> list[int]:
        with self.studio.client() as admin:
            found = admin.get("/api/projects/").raise_for_status().json()["results"]
        return [one["id"] for one in found if one["title"].startswith(f"{campaign}-")]

    def is_told(self, campaign: str) -> bool:
        """Whether the campaign's project calls whoever serves."""
        with self.studio.client() as admin:
            return any(
                admin.get("/api/webhooks/", params={"project": project}).raise_for_status().json()
                for project in self.projects(campaign)
            )

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


@pytest.fixture
def reader(folder: Path, studio: Studio, crew: tuple[Person, Person, Person]) -> Iterator[Guest]:
    with Guest(studio, dict(zip(("mia", "li", "sam"), crew, strict=True))) as one:
        yield one


@needs(DATA / "text")
def test_the_larger_campaign_can_be_planned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = (PAGE.parents[1] / "configs" / "trec_label_studio.yaml").read_text(encoding="utf-8")
    (tmp_path / "trec.yaml").write_text(said.replace("../../shared/data", str(DATA)))
    words = ["plan", str(tmp_path / "trec.yaml"), "--workspace", str(tmp_path / "workspace")]
    assert entry.main(words) == 0
    assert "5,452 items" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_the_page_from_top_to_bottom(
    folder: Path,
    studio: Studio,
    reader: Guest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    reader.follow({"http://127.0.0.1:8080": studio.url}, capsys)

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
    assert len(rows) == 4
    assert {row["label"] for row in rows} == {"good", "poor"}
