"""What docs/cvat.md says is done, is done: on a CVAT, by people who answer."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest
from PIL import Image

from auto_labeling import assemble
from auto_labeling.files import sha256_of
from auto_labeling.workspace import Workspace
from tests.cvat.campaigns import Desk
from tests.cvat.people import Login, Office
from tests.cvat.test_hooks import called
from tests.support.pages import Reader
from tests.support.served import wait_for
from tests.support.shades import write_pictures

PAGE = Path(__file__).parents[1] / "docs" / "cvat.md"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), called]


class Guest(Reader):
    """Somebody who follows the page, and the people of its CVAT."""

    def __init__(self, office: Office, shades: Mapping[str, str]) -> None:
        super().__init__(PAGE)
        self.office = office
        self.mia, self.li, _ = office.crew
        self.shades = shades  # how the content hash of a picture begins -> its shade
        self.told = False
        self.acts = {
            "Mia and Li look at the photos": self.two_draw,
            "Mia and Li finish their jobs": self.all_is_answered,
            "the project is told whom to call": self.await_webhook,
            "Mia and Li finish their jobs, and the campaign ends": self.answers_end_it,
            "Mia answers whatever comes": self.keep_answering,
        }

    @property
    def places(self) -> Mapping[str, str]:
        """What stands on the page -> what it is here."""
        return {
            "http://127.0.0.1:8080": self.office.url,
            '"chief"': f'"{self.office.admin.name}"',
            "user: chief": f"user: {self.office.admin.name}",
            "--user chief": f"--user {self.office.admin.name}",
            "user: mia": f"user: {self.mia.name}",
            "user: li": f"user: {self.li.name}",
        }

    def typed_here(self, line: str) -> str:
        return line.replace("--project 12", f"--project {max(self.projects('shades'), default=0)}")

    def two_draw(self) -> None:
        """Both accept what is suggested, also that there is nothing."""
        jobs = [job for job in self.office.jobs(self.names["task"]) if job["type"] != "annotation"]
        for job, who in zip(jobs, (self.mia, self.li), strict=True):
            self.give(job, who)
            self.office.call("PATCH", f"/api/jobs/{job['id']}", {"state": "completed"}, who=who)

    def give(self, job: Mapping[str, Any], who: Login) -> None:
        number = self.office.call("GET", "/api/users/self", who=who)["id"]
        self.office.call("PATCH", f"/api/jobs/{job['id']}", {"assignee": number})

    def all_is_answered(self, campaign: str = "shades") -> None:
        for project in self.projects(campaign):
            labels = self.office.labels(project)
            made = [one for one in self.office.tasks(project) if "being made" not in one["name"]]
            for job in [job for task in made for job in self.office.jobs(task["id"])]:
                if job["state"] == "new" and not job.get("consensus_replicas"):
                    self.answer(job, labels)

    def answer(self, job: Mapping[str, Any], labels: Mapping[str, int]) -> None:
        names = [one.name for one in (self.mia, self.li)]
        if not job["assignee"]:
            self.give(job, self.mia)
        given = (job["assignee"] or {"username": names[0]})["username"]
        desk = Desk(self.office, (self.mia, self.li)[names.index(given)], labels)
        shades = [self.shades[name] for name in desk.pictures(job)]
        desk.tag(job, dict(enumerate(shades, int(job["start_frame"]))))
        desk.turn(job, "completed")

    def answers_end_it(self) -> None:
        def is_over() -> bool:
            self.all_is_answered()
            return assemble.unstopped(Workspace.of()) == []

        wait_for(is_over, "the campaign has ended")

    def await_webhook(self) -> None:
        wait_for(lambda: self.is_told("shades"), "the project is told")

    def keep_answering(self) -> None:
        """From here on Mia works beside the page, once an answer of hers is heard of at once."""

        def answer() -> None:
            with suppress(httpx.HTTPError):  # a task that is being made; the next look is as good
                self.told = self.told or self.is_told("pipeline")
                if self.told:
                    self.all_is_answered("pipeline")

        self.keep_at_it(answer)

    def projects(self, campaign: str) -> list[int]:
        found = self.office.rows("/api/projects")
        return [one["id"] for one in found if one["name"].startswith(f"{campaign}-")]

    def is_told(self, campaign: str) -> bool:
        """Whether the campaign's project calls whoever serves."""
        return any(
            self.office.rows("/api/webhooks", project_id=project)
            for project in self.projects(campaign)
        )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cvat: Office) -> Path:
    """What the page takes for granted: photos, pictures, a password."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CVAT_PASSWORD", cvat.admin.password)
    monkeypatch.delenv("AUTO_LABEL_WORKSPACE", raising=False)
    for name, count in (("photos", 3), ("more", 2)):
        (tmp_path / name).mkdir()
        for at in range(count):
            Image.new("RGB", (40, 20), (90 * at, 0, 0)).save(tmp_path / name / f"{at}.png")
    return tmp_path


@pytest.fixture
def reader(folder: Path, cvat: Office) -> Iterator[Guest]:
    shades = write_pictures(folder / "pictures")
    with Guest(cvat, {sha256_of(one)[:16]: shade for one, shade in shades.items()}) as one:
        yield one
        cvat.projects += [*one.projects("shades"), *one.projects("pipeline")]


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_the_page_from_top_to_bottom(
    folder: Path, reader: Guest, capsys: pytest.CaptureFixture[str]
) -> None:
    reader.follow(reader.places, capsys)

    coco = json.loads((folder / "coco" / "annotations.json").read_text())
    assert [one["file_name"] for one in coco["images"]] == ["0.png", "1.png", "2.png"]
    assert [one["bbox"] for one in coco["annotations"]] == [[4, 4, 12, 8], [0, 0, 40, 20]]
    assert (folder / "yolo/labels/2.txt").read_text() == ""
    assert (folder / "voc/Annotations/0.xml").exists()
    for name, boxes in (("cvat/annotations.xml", 2), ("street.xml", 1)):
        assert len(list(ET.parse(folder / name).iter("box"))) == boxes
    assert (folder / "street.labels.json").exists()
    with (folder / "labels.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 18
    assert all(row["label"] == reader.shades[row["item"][:16]] for row in rows)
    assert len(list(ET.parse(folder / "labels.xml").iter("tag"))) == 18
    assert (folder / "shades.xml").exists()
