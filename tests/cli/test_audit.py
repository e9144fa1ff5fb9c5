"""`auto-label audit` of a project on a real server, which is the same before and after."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from auto_labeling.pool.label_studio_export import LabelStudioExport
from auto_labeling.records import LabelSchema
from auto_labeling.studio import Person, Studio
from auto_labeling.studio.environment import DATABASE
from tests.cli.conftest import Desk
from tests.pool.written import annotation, write_csv, write_export
from tests.support.studio import answer, project_of, tasks_of

WORDS = {
    "yes": ["splendid", "wonderful", "delighted", "gladly", "recommend", "superb"],
    "no": ["broken", "awful", "refund", "never", "dreadful", "waste"],
}


def text_of(number: int) -> tuple[str, str]:
    """Return a text and what it deserves."""
    rng = np.random.default_rng(number)
    truth = "yes" if number % 2 else "no"
    return " ".join([*rng.choice(WORDS[truth], 4), f"order{number}", f"shelf{7 * number}"]), truth


def labeled(studio: Studio, texts: list[str], answers: list[Mapping[Person, str]]) -> int:
    """Make a project with these texts, and answers of people to them, and return its number."""
    project = project_of(studio, texts)
    for task, said in zip(tasks_of(studio, project), answers, strict=True):
        for person, label in said.items():
            answer(studio, task["id"], label, token=person.token)
    return project


def everything(studio: Studio) -> dict[str, list[Any]]:
    """Return every row that the server holds, less when people were last seen."""
    path = studio.folder / "data" / DATABASE
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            name: connection.execute(f'SELECT * FROM "{name}" ORDER BY 1').fetchall()
            for (name,) in names
            if name not in ("htx_user", "django_session", "session_policy_sessiontimeoutpolicy")
        }
    finally:
        connection.close()


def files_of(studio: Studio) -> dict[Path, bytes]:
    media = studio.folder / "data" / "media"
    return {path: path.read_bytes() for path in media.rglob("*") if path.is_file()}


@pytest.fixture
def token(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", studio.token)


@pytest.mark.slow
@pytest.mark.usefixtures("token")
def test_a_project_of_others_is_read_and_nothing_is_written(
    studio: Studio, crew: tuple[Person, Person, Person], desk: Desk
) -> None:
    mia, li, sam = crew
    texts, truths = zip(*(text_of(number) for number in range(60)), strict=True)
    answers: list[dict[Person, str]] = [{mia: truth} for truth in truths]
    for number in range(8):
        answers[number][li] = truths[number]
    answers[1][li] = "no"
    answers[4] = {mia: "yes"}  # a wrong label that only its text gives away
    project = labeled(studio, [*texts, texts[9], texts[11].upper()], [*answers, {sam: "no"}, {}])
    tasks = tasks_of(studio, project)
    overwritten = tasks[2]["annotations"][0]["id"]
    with studio.client(sam.token) as other:
        choice = {"from_name": "label", "to_name": "text", "type": "choices"}
        given = {"result": [choice | {"value": {"choices": ["yes"]}}]}
        other.patch(f"/api/annotations/{overwritten}/", json=given).raise_for_status()
        skipped = {"result": [], "was_cancelled": True}
        other.post(f"/api/tasks/{tasks[5]['id']}/annotations/", json=skipped).raise_for_status()

    words = ("audit", "--url", studio.url, "--project", str(project))
    before, media = everything(studio), files_of(studio)
    assert len(before["task"]) >= 62  # so that it is no empty thing that stays the same
    assert len(before["task_completion"]) >= 69
    found = desk.json(*words, "--save", "kept.json")
    assert desk.type(*words) == 0, desk.err
    assert everything(studio) == before
    assert files_of(studio) == media

    assert (found["tasks"], found["answered"], found["answers"], found["skips"]) == (62, 61, 68, 1)
    assert found["undecided"] == [str(tasks[1]["id"]), str(tasks[2]["id"])]
    assert found["agreement"]["tasks"] == 7
    assert found["agreement"]["share"] == pytest.approx(5 / 7)
    [change] = found["overwritten"]
    assert (change["author"], change["by"]) == (mia.login, sam.login)
    assert (change["task_id"], change["answer_id"]) == (str(tasks[2]["id"]), str(overwritten))
    assert {one["person"] for one in found["people"]} == {mia.login, li.login, sam.login}
    wrong = [one["task"] for one in found["likely_wrong"]["labels"]]
    assert str(tasks[4]["id"]) in wrong[:3]
    groups = {tuple(one["task_ids"]): one for one in found["duplicates"]["groups"]}
    torn = groups[str(tasks[9]["id"]), str(tasks[60]["id"])]
    assert (torn["equal"], torn["labels"]) == (True, ["no", "yes"])
    assert groups[str(tasks[11]["id"]), str(tasks[61]["id"])]["equal"]

    assert "Krippendorff's alpha" in desk.out
    assert "Duplicates with different labels" in desk.out
    assert "sam@example.org" in desk.out
    assert len(desk.out.splitlines()) <= 40
    assert all(len(line) <= 100 for line in desk.out.splitlines()), desk.out
    assert studio.token not in desk.out
    assert "labeled:" not in desk.out

    kept = json.loads(Path("kept.json").read_text())
    assert [task["id"] for task in kept] == [task["id"] for task in tasks]
    Path("kept.json").write_text("of somebody else")
    assert desk.type(*words, "--save", "kept.json") == 2
    assert "--force" in desk.err
    assert Path("kept.json").read_text() == "of somebody else"
    assert desk.type(*words, "--save", "kept.json", "--force") == 0
    assert json.loads(Path("kept.json").read_text()) == kept
    line = "labeled: [{kind: label_studio, export: kept.json, field: text, control: label}]"
    assert desk.out.splitlines()[-1] == line

    with studio.client() as admin:
        native = admin.get(f"/api/projects/{project}/export", params={"exportType": "JSON"})
    Path("native.json").write_bytes(native.raise_for_status().content)
    schema = LabelSchema(task="single", classes=("yes", "no"))
    rows = [
        LabelStudioExport(export=name).read(desk.folder, schema)
        for name in ("kept.json", "native.json")
    ]
    assert [set(zip(one.references, one.labels or (), strict=True)) for one in rows] == 2 * [
        {
            (str(task["id"]), truth)
            for task, truth in zip(tasks, (*truths, "no"), strict=False)
            if str(task["id"]) not in found["undecided"] and task != tasks[4]
        }
        | {(str(tasks[4]["id"]), "yes")}
    ]
    # Its own export leaves the task out that nobody has answered.
    assert [len(one.quarantined) for one in rows] == [3, 2]


def test_the_answers_of_a_finished_project_teach_a_campaign_and_cost_nothing(desk: Desk) -> None:
    texts = [text_of(number) for number in range(80)]
    write_csv(
        Path("pool.csv"),
        [{"id": f"t{at}", "words": words} for at, (words, _) in enumerate(texts[40:])],
    )
    write_csv(
        Path("truth.csv"),
        [{"id": f"t{at}", "label": truth} for at, (_, truth) in enumerate(texts[40:])],
    )
    answers = [(words, [annotation(truth, 1)]) for words, truth in texts[:40]]
    write_export(
        Path("project.json"),
        [*answers, ("undecided words", [annotation("yes", 1), annotation("no", 2)])],
    )
    name = desk.write(
        labels={"classes": ["yes", "no"]},
        pool=None,
        labeled=[{"kind": "label_studio", "export": "project.json"}],
        stop={"max_rounds": 1},
    )
    raw = yaml.safe_load(Path(name).read_text())
    raw["pool"] = {"kind": "table", "path": "pool.csv", "text": "words"}
    raw["model"] = {"kind": "logistic_regression"}
    Path(name).write_text(yaml.safe_dump(raw))
    assert desk.type("run", name, "--plain") == 0, desk.err
    assert desk.type("export", name, "--to", "labels.csv") == 0
    rows = list(csv.DictReader(Path("labels.csv").read_text().splitlines()))
    imported = [row for row in rows if row["source"] == "imported"]
    assert len(imported) == 40
    truth = dict(texts[:40])
    assert all(row["where"].startswith("project.json, task ") for row in imported)
    assert [
        row["label"] for row in sorted(imported, key=lambda r: int(r["where"].split()[-1]))
    ] == list(truth.values())
    account = desk.json("status", name)
    assert account["answers"]["imported"] == 40
    assert account["quarantined"] == 1
    assert account["budget"]["answers"] == account["answers"]["given"] == len(rows) - 40
    assert account["budget"]["cost"] == "0.30"  # six answers at five cents


@pytest.mark.slow
@pytest.mark.usefixtures("token")
def test_pictures_that_the_server_keeps_are_compared_and_no_others(
    studio: Studio, desk: Desk
) -> None:
    config = """<View><Image name="i" value="$photo"/>
      <Choices name="label" toName="i"><Choice value="a"/><Choice value="b"/></Choices></View>"""
    levels = np.random.default_rng(0).integers(0, 255, (32, 32)).astype(np.uint8)
    with studio.client() as admin:
        made = admin.post("/api/projects/", json={"title": "pictures", "label_config": config})
        project = made.raise_for_status().json()["id"]
        addresses = ["http://elsewhere.invalid/a.png", "s3://bucket/a.png", "/data/upload/9/no.png"]
        for name, picture in [("a", levels), ("b", levels), ("c", 255 - levels)]:
            buffer = io.BytesIO()
            Image.fromarray(picture).save(buffer, "png")
            sent = admin.post(
                f"/api/projects/{project}/import?commit_to_project=false",
                files={"file": (f"{name}.png", buffer.getvalue())},
            ).raise_for_status()
            [upload] = sent.json()["file_upload_ids"]
            file = admin.get(f"/api/import/file-upload/{upload}").raise_for_status().json()["file"]
            addresses.append(f"/data/{file}")
        rows = [{"data": {"photo": address}} for address in addresses]
        admin.post(f"/api/projects/{project}/import", json=rows).raise_for_status()
    ids = [str(task["id"]) for task in tasks_of(studio, project)]
    found = desk.json("audit", "--url", studio.url, "--project", str(project))
    assert found["duplicates"]["compared"] == 3
    assert [one["task_ids"] for one in found["duplicates"]["groups"]] == [ids[3:5]]
    assert found["likely_wrong"]["why_not"] is not None


@pytest.mark.slow
def test_what_cannot_be_read_is_one_sentence(
    studio: Studio, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["audit", "--url", studio.url, "--project"]
    monkeypatch.delenv("LABEL_STUDIO_API_KEY", raising=False)
    assert desk.type(*words, "1") == 6
    assert "LABEL_STUDIO_API_KEY is not set" in desk.err
    Path("token").write_text("0" * 40)
    assert desk.type(*words, "1", "--token-file", "token") == 6
    assert "refused the token" in desk.err
    assert "--project or the token" in desk.err
    Path("token").write_text(studio.token)
    assert desk.type(*words, "99999", "--token-file", "token") == 6
    assert "project 99999 is gone" in desk.err
    assert desk.type("audit", "--url", "127.0.0.1", "--project", "1") == 2
    assert desk.type(*words, "1", "--token-file", "token", "--token-env", "X") == 2
    with studio.client() as admin:
        page = '<View><Text name="t" value="$t"/></View>'
        made = admin.post("/api/projects/", json={"title": "no classes", "label_config": page})
    number = str(made.raise_for_status().json()["id"])
    assert desk.type(*words, number, "--token-file", "token") == 2
    assert "that asks for classes" in desk.err
    assert len(desk.err.splitlines()) == 1
