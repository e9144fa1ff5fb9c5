"""What docs/label-studio.md says is done, is done: on a real server, by people who answer."""

from __future__ import annotations

import csv
import gc
import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from auto_labeling import assemble
from auto_labeling.cli import entry
from auto_labeling.studio import Person, Studio
from auto_labeling.studio.port import bound
from auto_labeling.workspace import Workspace
from tests.support.served import PATIENCE_S, wait_for
from tests.support.studio import tasks_of

PAGE = Path(__file__).parents[1] / "docs" / "label-studio.md"
DATA = Path(os.environ.get("AUTO_LABELING_DATA", PAGE.parents[2] / "shared" / "data")).absolute()
BLOCKS = re.compile(r"^```(python|yaml|sh)\n(.*?)^```$|^<!-- (.*?) -->$", re.DOTALL | re.MULTILINE)
SAID = re.compile(r"^print\(.*\)  # (.*)$", re.MULTILINE)
WAITS = 4
TYPED = "train\npredict\nrecommend\nquit\n"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


class Reader:
    """Somebody who does what the page says, line by line, in an empty folder.

    As a context: what they have left running ends with the block.
    """

    def __init__(self, studio: Studio, people: Mapping[str, Person]) -> None:
        self.studio = studio
        self.people = people
        self.names: dict[str, Any] = {}
        self.acts: dict[str, Callable[[], object]] = {
            "Mia and Li answer": self.two_answer,
            "Mia looks at the photos": self.one_draws,
            "Mia answers all that waits": self.all_is_answered,
            "the project is told whom to call": self.await_webhook,
            "Mia answers all that waits, and the campaign ends": self.answers_end_it,
            "Mia answers whatever comes": self.keep_answering,
        }
        self.gone_home = threading.Event()
        self.working: list[Future[None]] = []
        self.running = ExitStack()
        self.port = self.running.enter_context(bound("127.0.0.1", 0)).getsockname()[1]

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.gone_home.set()
        self.running.close()
        self.names.clear()
        gc.collect()  # now, and not in a test that forbids the connection the SDK leaves open
        for one in self.working:
            one.result()

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
            plain = ["--plain"] if words[0] in ("run", "tick", "serve") else []
            if words[-1] == "&":
                self.leave_running([*words[:-1], *plain, "--port", str(self.port)])
                continue
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("sys.stdin", io.StringIO(TYPED))
                assert entry.main([*words, *plain]) in (0, WAITS), line

    def leave_running(self, words: list[str]) -> None:
        """Start a command that serves, and return once it does."""
        with Path("served.log").open("wb") as log:
            command = [sys.executable, "-m", "auto_labeling.cli", *words]
            server = subprocess.Popen(command, stdout=log, stderr=log)
        self.running.callback(end, server)

        def answers() -> bool:
            assert server.poll() is None, Path("served.log").read_text()
            try:
                address = f"http://127.0.0.1:{self.port}/health"
                return httpx.get(address, trust_env=False).is_success
            except httpx.HTTPError:
                return False

        wait_for(answers, "it serves")

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

        def work() -> None:
            told = False
            while not self.gone_home.wait(0.2):
                with suppress(httpx.HTTPError):  # a busy server; the next look is as good
                    told = told or self.is_told("pipeline")
                    if told:
                        self.all_is_answered("pipeline")

        people = self.running.enter_context(ThreadPoolExecutor(1))
        self.working.append(people.submit(work))

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


def end(server: subprocess.Popen[bytes]) -> None:
    """End a server as Ctrl-C does."""
    server.send_signal(signal.SIGINT)
    try:
        server.wait(PATIENCE_S)
    finally:
        server.kill()


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
def reader(folder: Path, studio: Studio, crew: tuple[Person, Person, Person]) -> Iterator[Reader]:
    with Reader(studio, dict(zip(("mia", "li", "sam"), crew, strict=True))) as one:
        yield one


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


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_the_page_from_top_to_bottom(
    folder: Path,
    studio: Studio,
    reader: Reader,
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = PAGE.read_text(encoding="utf-8").replace("http://127.0.0.1:8080", studio.url)
    found = BLOCKS.findall(page.replace("http://127.0.0.1:9090", f"http://127.0.0.1:{reader.port}"))
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
    assert len(rows) == 4
    assert {row["label"] for row in rows} == {"good", "poor"}
