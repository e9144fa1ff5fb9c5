"""The guided loop on a real server: what it learns, what it writes, and what it leaves alone."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from auto_labeling.errors import DataError
from auto_labeling.guided.manager import ActiveLearningManager
from auto_labeling.studio import Person, Studio
from tests.support.studio import answer, project_of, tasks_of

pytestmark = pytest.mark.slow
WORDS = {"yes": ["splendid", "wonderful", "gladly"], "no": ["broken", "awful", "refund"]}
THEIRS = {"model_version": "theirs", "score": 0.1, "result": []}


def text_of(number: int) -> tuple[str, str]:
    truth = "yes" if number % 2 else "no"
    words = np.random.default_rng(number).choice(WORDS[truth], 2)
    return " ".join([*words, f"order{number}"]), truth


class Impatient:
    """A clock in whose pauses something happens."""

    def __init__(self, happens: Callable[[int], object]) -> None:
        self.happens, self.pauses = happens, 0

    def now(self) -> int:
        return self.pauses * 2_000_000

    def sleep(self, seconds: float) -> None:
        self.happens(self.pauses)
        self.pauses += 1


@pytest.fixture
def project(studio: Studio, crew: tuple[Person, Person, Person]) -> int:
    """Make a project of sixty texts, of which Mia has answered the first twenty."""
    number = project_of(studio, [text_of(at)[0] for at in range(60)])
    for at, task in enumerate(tasks_of(studio, number)[:20]):
        answer(studio, task["id"], text_of(at)[1], token=crew[0].token)
    return number


def predictions_of(studio: Studio, project: int) -> dict[int, list[dict[str, Any]]]:
    return {task["id"]: task["predictions"] for task in tasks_of(studio, project)}


def test_what_is_left_is_shown_and_served_by_uncertainty(
    studio: Studio, crew: tuple[Person, Person, Person], project: int
) -> None:
    _, li, _ = crew
    ids = [task["id"] for task in tasks_of(studio, project)]
    with studio.client() as admin:
        admin.post("/api/predictions/", json={"task": ids[30], **THEIRS}).raise_for_status()
    manager = ActiveLearningManager(studio.url, studio.token)
    assert project in [one.number for one in manager.projects()]
    with pytest.raises(DataError, match="call choose first"):
        manager.train()
    manager.choose(project)
    assert manager.backends() == []
    with pytest.raises(DataError, match="call train first"):
        manager.predict()

    done = manager.train()
    assert (done.labels, done.unlabeled) == (20, 40)
    assert manager.predict() == manager.predict() == 40
    shown = predictions_of(studio, project)
    assert [len(shown[one]) for one in ids] == [0] * 20 + [1] * 10 + [2] + [1] * 29
    ours = {
        task: one
        for task, several in shown.items()
        for one in several
        if one["model_version"] == done.version
    }
    assert len(ours) == 40
    said = [ours[one]["result"][0]["value"]["choices"] for one in ids[20:]]
    right = sum(one == [text_of(at)[1]] for at, one in enumerate(said, start=20))
    assert right >= 36
    assert all(0.5 <= one["score"] <= 1 for one in ours.values())

    least = manager.recommend(5)
    scores = [ours[int(one.task_id)]["score"] for one in least]
    assert scores == sorted(scores)
    assert max(scores) <= min(
        one["score"] for task, one in ours.items() if str(task) not in {r.task_id for r in least}
    )
    assert predictions_of(studio, project) == shown  # they were there already
    served = []
    with studio.client(li.token) as browser:
        for _ in range(3):
            task = browser.get(f"/api/projects/{project}/next").raise_for_status().json()
            served.append(ours[task["id"]]["score"])
            answer(studio, task["id"], "yes", token=li.token)
    # With several people Label Studio draws among the first few, so that they do not collide.
    assert max(served) <= sorted(one["score"] for one in ours.values())[8]

    again = manager.train()
    assert again.labels == 23
    assert again.version != done.version
    manager.recommend(1)
    versions = {
        one["model_version"] for each in predictions_of(studio, project).values() for one in each
    }
    assert versions == {again.version, "theirs"}
    assert [len(task["annotations"]) for task in tasks_of(studio, project)[:20]] == [1] * 20


class Agrees(BaseHTTPRequestHandler):
    """An ML backend that says yes to everything."""

    def do_GET(self) -> None:
        body = json.dumps({"status": "UP", "model_version": "1", "results": []}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


def test_models_that_others_connected_are_named_with_their_state(
    studio: Studio, project: int
) -> None:
    manager = ActiveLearningManager(studio.url, studio.token)
    manager.choose(project)
    with ThreadingHTTPServer(("127.0.0.1", 0), Agrees) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        try:
            with studio.client() as admin:
                told = {"project": project, "url": url, "title": "their model"}
                admin.post("/api/ml/", json=told).raise_for_status()
            [there] = manager.backends()
        finally:
            server.shutdown()
            thread.join()
    [gone] = manager.backends()
    assert (there.title, there.url, there.works) == ("their model", url, True)
    assert (gone.title, gone.works) == ("their model", False)


def test_waiting_ends_with_the_answers_or_with_the_time(
    studio: Studio, crew: tuple[Person, Person, Person], project: int
) -> None:
    ids = [task["id"] for task in tasks_of(studio, project)]

    def happens(pause: int) -> None:
        if pause in (1, 2, 3):
            answer(studio, ids[20 + pause], "no", token=crew[1].token)

    clock = Impatient(happens)
    manager = ActiveLearningManager(studio.url, studio.token, clock=clock)
    manager.choose(project)
    told: list[int] = []
    assert manager.wait(3, progress=told.append) == 3
    assert told == [0, 0, 1, 2, 3]
    manager.choose(project)
    assert manager.wait(1, timeout_s=4) == 0


def test_a_project_that_cannot_be_learned_from_is_refused(studio: Studio) -> None:
    manager = ActiveLearningManager(studio.url, studio.token)
    manager.choose(project_of(studio, ["one", "two"]))
    with pytest.raises(DataError, match="expected labels of two classes or more"):
        manager.train()
    of_a_campaign = project_of(studio)
    boxes = """<View><Image name="i" value="$photo"/>
      <RectangleLabels name="box" toName="i"><Label value="car"/></RectangleLabels></View>"""
    with studio.client() as admin:
        task = {"data": {"text": "ours", "al_key": "k", "al_item": "i"}}
        admin.post(f"/api/projects/{of_a_campaign}/import", json=[task]).raise_for_status()
        made = admin.post("/api/projects/", json={"title": "boxes", "label_config": boxes})
    with pytest.raises(DataError, match="expected one without a campaign"):
        manager.choose(of_a_campaign)
    with pytest.raises(DataError, match="expected one class of each text or picture, got boxes"):
        manager.choose(int(made.raise_for_status().json()["id"]))
