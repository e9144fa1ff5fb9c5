"""A project of CVAT is told to call whoever serves its campaign."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auto_labeling.backends.cvat.settings import CVAT, Project
from auto_labeling.errors import BlockedError, TransientError
from auto_labeling.records import LabelSchema
from auto_labeling.secrets import LocalSecrets
from auto_labeling.serving.secret import Secret
from auto_labeling.serving.telling import CVATTeller
from tests.cvat.people import Login, Office
from tests.cvat.receiver import Receiver, receiving

EVENTS = ["delete:task", "update:job", "update:task"]
CATS = LabelSchema(task="single", classes=("cat", "dog"))
KEY = Secret("a key of these tests")
called = pytest.mark.skipif("CVAT_URL" in os.environ, reason="a CVAT elsewhere cannot call us")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def project(cvat: Office) -> int:
    return cvat.make_project(CATS)


def tool(cvat: Office, folder: Path, who: Login | None = None, **settings: Any) -> CVAT:
    """Return the settings with which somebody's campaign reaches the server."""
    person = who or cvat.admin
    password = folder / f"password of {person.name}"
    password.write_text(person.password)
    told = {"url": cvat.url, "user": person.name, "password": {"file": str(password)}}
    return CVAT(**told | settings)  # type: ignore[arg-type]


def teller(receiver: Receiver, key: Secret = KEY) -> CVATTeller:
    return CVATTeller(public_url=receiver.url, signing=key, secrets=LocalSecrets())


def hooks(cvat: Office, project: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cvat.call("GET", "/api/webhooks", project_id=project)["results"]
    return found


def test_it_is_made_once_and_signs_with_our_key(
    cvat: Office, project: int, receiver: Receiver, tmp_path: Path
) -> None:
    ours = teller(receiver)
    assert ours.hook("tiny-0badcafe", tool(cvat, tmp_path), project)
    for campaign in ("tiny-0badcafe", "another in this project"):
        assert not ours.hook(campaign, tool(cvat, tmp_path), project)
    [hook] = hooks(cvat, project)
    assert hook["target_url"] == f"{receiver.url}/webhooks/cvat"
    assert (hook["type"], hook["is_active"], hook["events"]) == ("project", True, EVENTS)
    assert KEY.value not in str(hook)


@called
def test_a_key_that_is_drawn_anew_is_told(
    cvat: Office, project: int, receiver: Receiver, tmp_path: Path
) -> None:
    for key in (KEY, Secret("another key")):
        teller(receiver, key).hook("tiny-0badcafe", tool(cvat, tmp_path), project)
        [hook] = hooks(cvat, project)
        cvat.call("POST", f"/api/webhooks/{hook['id']}/ping")
        delivered = receiver.next()
        assert delivered is not None
        assert delivered.path == "/webhooks/cvat"
        assert key.has_signed(delivered.body, delivered.signature)


def test_what_somebody_changed_or_made_twice_is_put_right(
    cvat: Office, project: int, receiver: Receiver, tmp_path: Path
) -> None:
    ours = teller(receiver)
    ours.hook("tiny-0badcafe", tool(cvat, tmp_path), project)
    [first] = hooks(cvat, project)
    changed = {"is_active": False, "events": ["create:task"]}
    cvat.call("PATCH", f"/api/webhooks/{first['id']}", changed)
    again = {key: first[key] for key in ("target_url", "type", "project_id", "events")}
    cvat.call("POST", "/api/webhooks", again)
    assert not ours.hook("tiny-0badcafe", tool(cvat, tmp_path), project)
    [left] = hooks(cvat, project)
    assert (left["id"], left["is_active"], left["events"]) == (first["id"], True, EVENTS)


def test_webhooks_of_others_are_left_alone(
    cvat: Office, project: int, receiver: Receiver, tmp_path: Path
) -> None:
    other = cvat.make_project(CATS)
    theirs = [
        {"target_url": f"{receiver.url}/theirs", "project_id": project},
        {"target_url": f"{receiver.url}/webhooks/cvat", "project_id": other},
    ]
    made = [
        cvat.call("POST", "/api/webhooks", {"type": "project", "events": ["create:task"], **one})
        for one in theirs
    ]
    assert teller(receiver).hook("tiny-0badcafe", tool(cvat, tmp_path), project)
    for before in made:
        now = cvat.call("GET", f"/api/webhooks/{before['id']}")
        assert now == before


def test_who_may_not_is_told_what_to_do(
    cvat: Office, project: int, receiver: Receiver, tmp_path: Path
) -> None:
    ours = teller(receiver)
    with pytest.raises(BlockedError, match="may not see or change"):
        ours.hook("tiny-0badcafe", tool(cvat, tmp_path, cvat.crew[0]), project)
    wrong = Login(cvat.admin.name, "a guess")
    with pytest.raises(BlockedError, match="refused the login") as refused:
        ours.hook("tiny-0badcafe", tool(cvat, tmp_path, wrong), project)
    assert "a guess" not in str(refused.value)
    with pytest.raises((BlockedError, TransientError)):
        ours.hook("tiny-0badcafe", tool(cvat, tmp_path, url="http://127.0.0.1:9"), project)
    assert hooks(cvat, project) == []


def test_an_adopted_project_is_told_like_any_other(
    cvat: Office, project: int, receiver: Receiver, tmp_path: Path
) -> None:
    adopting = tool(cvat, tmp_path, project=Project(adopt=project))
    assert teller(receiver).hook("tiny-0badcafe", adopting, project)
    assert len(hooks(cvat, project)) == 1
