from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import update

from auto_labeling.campaign.schema import campaigns, configurations
from auto_labeling.serving import app as app_room
from auto_labeling.serving.secret import HEADER, SIGNATURE, Secret
from tests.cvat.recordings import recorded
from tests.serving.conftest import SECRET, SIGNING, Counter
from tests.serving.test_calls import eventually, woken
from tests.support.campaigns import driving, tiny
from tests.support.shades import campaign_of, write_pictures

PATH = "/webhooks/cvat"
PROJECT = 34
"""Of the recorded deliveries."""
UPDATED = {"event": "update:job", "job": {"project_id": PROJECT, "note": "canary"}}


def deliveries() -> list[Any]:
    """Return what a real server delivered, signed with `not-a-secret`."""
    return [
        pytest.param(one["request_body_text"].encode(), one["request_headers"], id=str(one["seq"]))
        for one in recorded("13")
        if one.get("direction")
    ]


def signed(content: bytes, key: str = SIGNING) -> dict[str, str]:
    digest = hmac.new(key.encode(), content, hashlib.sha256).hexdigest()
    return {SIGNATURE: f"sha256={digest}"}


def send(counter: Counter, body: Any, headers: Mapping[str, str] | None = None) -> Any:
    """Deliver a body as CVAT does: with a signature, and without our secret."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    shown = signed(content) if headers is None else headers
    return counter.client.post(PATH, content=content, headers={HEADER: "", **shown})


def in_cvat(counter: Counter, project: int, *, kind: Any = None) -> str:
    """Return a campaign in a project of CVAT."""
    folder = counter.workspace.root.with_name("pictures")
    pictures = dict.fromkeys(folder.iterdir(), "") if folder.exists() else None
    keys = campaign_of(pictures or write_pictures(folder, 6), folder.with_suffix(".csv"))
    settings = {"kind": "cvat", "url": "http://127.0.0.1:9", "truth": None, "annotators": None}
    campaign = tiny(counter.workspace.root, **keys | {"backend": settings})
    counter.put_into(campaign, project)
    return campaign


@pytest.mark.parametrize(("content", "headers"), deliveries())
def test_what_a_real_server_delivered_is_heard(
    counter: Counter, content: bytes, headers: Mapping[str, str]
) -> None:
    campaign = in_cvat(counter, PROJECT)
    assert Secret("not-a-secret").has_signed(content, headers["X-Signature-256"])
    assert not Secret("not-a-secret").has_signed(content + b" ", headers["X-Signature-256"])
    answer = send(counter, content, headers)
    assert (answer.status_code, answer.text) == (200, "ok")
    is_ping = json.loads(content)["event"] == "ping"
    assert woken(counter, campaign) == (not is_ping)
    assert eventually(lambda: counter.sent == ([] if is_ping else [("tick", campaign)]))


def test_there_are_recorded_deliveries_of_every_kind() -> None:
    events = [json.loads(one.values[0])["event"] for one in deliveries()]
    assert set(events) == {"ping", "update:job", "update:task"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {SIGNATURE: ""},
        {SIGNATURE: "sha256="},
        {SIGNATURE: "sha256=" + "0" * 64},
        {SIGNATURE: signed(json.dumps(UPDATED).encode())[SIGNATURE].removeprefix("sha256=")},
        {SIGNATURE: signed(json.dumps(UPDATED).encode())[SIGNATURE].upper()},
        {SIGNATURE: "gr\u00fc\u00df".encode()},
        signed(b""),
        signed(json.dumps(UPDATED).encode(), "another key"),
        signed(json.dumps(UPDATED).encode(), SECRET),
        {HEADER: SECRET},
    ],
)
def test_who_does_not_sign_is_not_heard(
    counter: Counter, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    campaign = in_cvat(counter, PROJECT)
    with caplog.at_level(logging.DEBUG):
        answer = send(counter, UPDATED, headers)
    assert answer.status_code == 401
    assert not woken(counter, campaign)
    assert counter.sent == []
    assert "canary" not in answer.text + caplog.text


def test_one_bit_of_a_body_breaks_its_signature(counter: Counter) -> None:
    content = json.dumps(UPDATED).encode()
    for at in range(0, len(content), 7):
        other = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
        assert send(counter, other, signed(content)).status_code == 401


def test_a_signature_is_of_no_use_elsewhere(counter: Counter) -> None:
    content = json.dumps({"action": "ANNOTATION_CREATED", "project": {"id": 1}}).encode()
    for path in ("/webhook", "/webhooks/label-studio", "/train", "/predict"):
        headers = {HEADER: "", **signed(content)}
        assert counter.client.post(path, content=content, headers=headers).status_code == 401


@pytest.mark.parametrize("event", ["update:job", "update:task", "delete:task"])
def test_an_event_wakes_the_campaigns_of_its_project(counter: Counter, event: str) -> None:
    one, sibling, other = (in_cvat(counter, number) for number in (7, 7, 8))
    elsewhere = tiny(counter.workspace.root)
    counter.put_into(elsewhere, 7)  # a project of Label Studio may have the same number
    answer = send(counter, {"event": event, event.partition(":")[2]: {"project_id": 7}})
    assert answer.status_code == 200
    assert [woken(counter, at) for at in (one, sibling, other, elsewhere)] == [1, 1, 0, 0]
    assert eventually(lambda: sorted(counter.sent) == sorted([("tick", one), ("tick", sibling)]))


def test_label_studio_means_its_own_projects(counter: Counter) -> None:
    ours = tiny(counter.workspace.root)
    counter.put_into(ours, 7)
    theirs = in_cvat(counter, 7)  # the newer one
    counter.post("/webhook", {"action": "ANNOTATION_CREATED", "project": {"id": 7}})
    assert (woken(counter, ours), woken(counter, theirs)) == (True, False)
    assert counter.register.in_label_studio(7) == [ours]


def test_a_kind_that_is_a_bare_word_is_understood(counter: Counter) -> None:
    campaign = in_cvat(counter, 7)
    with counter.ledger.write() as connection:
        mine = configurations.c.campaign == campaign
        body = {"name": "tiny", "backend": "cvat"}
        connection.execute(update(configurations).where(mine).values(body=body))
    assert counter.register.in_cvat(7) == [campaign]


@pytest.mark.parametrize(
    "body",
    [
        {"event": "ping", "webhook": {"id": 9, "project_id": 7}},
        {"event": "create:task", "task": {"project_id": 7}},
        {"event": "update:project", "project": {"id": 7, "project_id": 7}},
        {"event": "update:job", "job": {"project_id": None}},
        {"event": "update:job", "job": {"project_id": 99}},
        {"event": "update:job", "job": ["canary"]},
        {"event": "update:job"},
        {"event": "x" * 1000},
    ],
)
def test_what_no_person_did_wakes_nobody(counter: Counter, body: Mapping[str, Any]) -> None:
    campaign = in_cvat(counter, 7)
    assert send(counter, body).status_code == 200
    assert not woken(counter, campaign)
    assert counter.sent == []


def test_a_campaign_that_has_stopped_sleeps_on(counter: Counter) -> None:
    campaign = in_cvat(counter, PROJECT)
    with counter.ledger.write() as connection:
        mine = campaigns.c.campaign == campaign
        connection.execute(update(campaigns).where(mine).values(stopped_at=1))
    assert send(counter, UPDATED).status_code == 200
    assert not woken(counter, campaign)


def test_an_event_that_is_replayed_is_one_hint(counter: Counter) -> None:
    campaign = in_cvat(counter, PROJECT)
    for _ in range(10):
        assert send(counter, UPDATED).status_code == 200
    assert woken(counter, campaign)
    assert not woken(counter, campaign)
    assert eventually(lambda: counter.sent)
    assert set(counter.sent) == {("tick", campaign)}


def test_a_driven_campaign_is_woken_and_not_ticked(counter: Counter) -> None:
    campaign = in_cvat(counter, PROJECT)
    with driving(counter.workspace.root, campaign):
        send(counter, UPDATED)
        assert eventually(lambda: not counter.errands._ticking)
        assert counter.sent == []
        assert woken(counter, campaign)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"canary", b"[1]", b'"canary"', b"\xff\xfe", b"[" * 100_000, b"{}"]
)
def test_what_is_no_event_is_refused_without_an_echo(
    counter: Counter, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = send(counter, content)
    assert answer.status_code == 400
    assert "canary" not in answer.text + caplog.text


def test_a_body_may_not_be_endless(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_room, "LONGEST_EVENT", 1000)
    assert send(counter, b" " * 1001).status_code == 413
    assert send(counter, b" " * 1000).status_code == 400


def test_of_who_does_not_sign_nothing_is_read(counter: Counter) -> None:
    said: list[Any] = []

    async def read() -> Any:
        raise AssertionError("the body was read")

    async def answer(message: Any) -> None:
        said.append(message)

    scope = {"type": "http", "method": "POST", "path": PATH, "headers": [], "query_string": b""}
    asyncio.run(counter.client.app(scope, read, answer))  # type: ignore[arg-type]
    assert said[0]["status"] == 401


def test_nothing_of_an_event_is_kept(counter: Counter, caplog: pytest.LogCaptureFixture) -> None:
    in_cvat(counter, PROJECT)
    with caplog.at_level(logging.DEBUG):
        assert send(counter, UPDATED).status_code == 200
    assert "canary" not in caplog.text
    files = [path for path in counter.workspace.root.rglob("*") if path.is_file()]
    assert len(files) > 3
    assert not any(b"canary" in path.read_bytes() for path in files)
