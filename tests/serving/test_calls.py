from __future__ import annotations

import json
import logging
import time
from base64 import b64encode

import pytest

from auto_labeling.campaign.waking import FileWaker
from auto_labeling.serving import app as app_room
from auto_labeling.serving.app import CAMPAIGN_HEADER
from auto_labeling.serving.secret import HEADER
from tests.serving.conftest import HOSTS, SECRET, Counter
from tests.support.campaigns import driving, tiny

HINT = {"action": "ANNOTATION_CREATED", "project": {"id": 12, "task_data_password": "canary"}}
GUARDED = ["/setup", "/predict", "/train", "/webhook", "/webhooks/label-studio"]
RECEIVERS = ["/webhook", "/webhooks/label-studio"]


def woken(counter: Counter, campaign: str) -> bool:
    """Whether a driver that waits now would stop waiting."""
    return FileWaker(counter.workspace, lambda _: None).wait(campaign, 0.1)


def eventually(true: object) -> bool:
    end = time.monotonic() + 10
    while not true() and time.monotonic() < end:  # type: ignore[operator]
        time.sleep(0.01)
    return bool(true())  # type: ignore[operator]


def basic(password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"auto-label:{password}".encode()).decode()}


@pytest.mark.parametrize("path", GUARDED)
@pytest.mark.parametrize(
    "headers",
    [
        {HEADER: ""},
        {HEADER: "a guess"},
        {HEADER: SECRET[:-1]},
        {HEADER: SECRET + "x"},
        {HEADER: "", **basic("a guess")},
        {HEADER: "", "Authorization": "Basic %%%"},
        {HEADER: "", "Authorization": "Basic \u00e9".encode("latin-1")},
        {HEADER: "", "Authorization": f"Bearer {SECRET}"},
        {HEADER: "gr\u00fc\u00df".encode()},
    ],
)
def test_nobody_is_heard_without_the_secret(
    counter: Counter, path: str, headers: dict[str, str]
) -> None:
    campaign = tiny(counter.workspace.root)
    answer = counter.post(path, HINT, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic")
    assert not woken(counter, campaign)
    assert counter.sent == []


def test_versions_are_guarded_and_health_is_not(counter: Counter) -> None:
    assert counter.client.get("/versions", headers={HEADER: ""}).status_code == 401
    answer = counter.client.get("/health", headers={HEADER: ""})
    assert answer.json() == {"status": "UP", "model_class": "auto-labeling", "training": "none"}


@pytest.mark.parametrize("headers", [{HEADER: SECRET}, {HEADER: "", **basic(SECRET)}])
@pytest.mark.parametrize("path", RECEIVERS)
def test_a_hint_wakes_the_campaign_of_its_project(
    counter: Counter, path: str, headers: dict[str, str]
) -> None:
    campaign, other = tiny(counter.workspace.root), tiny(counter.workspace.root)
    counter.put_into(campaign, 12)
    assert counter.post(path, HINT, headers=headers).status_code == 204
    assert woken(counter, campaign)
    assert not woken(counter, other)
    assert eventually(lambda: counter.sent == [("tick", campaign)])


def test_a_hint_without_a_payload_says_in_a_header_whose_it_is(counter: Counter) -> None:
    campaign, other = tiny(counter.workspace.root), tiny(counter.workspace.root)
    told = {"action": "ANNOTATION_CREATED"}
    counter.post("/webhook", told, headers={CAMPAIGN_HEADER: campaign})
    assert woken(counter, campaign)
    assert not woken(counter, other)
    counter.post("/webhook", told | {"project": {"id": 99}})
    assert not woken(counter, campaign)
    counter.post("/webhook", told, headers={CAMPAIGN_HEADER: "../../etc"})
    assert woken(counter, campaign)
    assert woken(counter, other)


def test_a_hint_of_a_number_that_several_servers_have_wakes_the_campaigns_of_all(
    counter: Counter,
) -> None:
    campaigns = [tiny(counter.workspace.root) for _ in range(2)]
    for campaign, host in zip(campaigns, HOSTS, strict=True):
        counter.put_into(campaign, 12, host)
    assert counter.post("/webhook", HINT).status_code == 204
    assert all(woken(counter, campaign) for campaign in campaigns)


def test_a_hint_ten_times_is_a_hint(counter: Counter) -> None:
    campaign = tiny(counter.workspace.root)
    counter.put_into(campaign, 12)
    for _ in range(10):
        counter.post("/webhook", HINT)
    assert woken(counter, campaign)
    assert not woken(counter, campaign)
    assert eventually(lambda: counter.sent)
    assert set(counter.sent) == {("tick", campaign)}


def test_a_driven_campaign_is_woken_and_not_ticked(counter: Counter) -> None:
    campaign = tiny(counter.workspace.root)
    counter.put_into(campaign, 12)
    with driving(counter.workspace.root, campaign):
        counter.post("/webhook", HINT)
        assert eventually(lambda: not counter.errands._ticking)
        assert counter.sent == []
        assert woken(counter, campaign)


@pytest.mark.parametrize("action", ["PROJECT_UPDATED", "TASKS_CREATED", "LABEL_LINK_CREATED"])
def test_what_no_person_did_wakes_nobody(counter: Counter, action: str) -> None:
    campaign = tiny(counter.workspace.root)
    assert counter.post("/webhook", {"action": action}).status_code == 204
    assert not woken(counter, campaign)


def test_a_training_is_begun_once(counter: Counter) -> None:
    campaign = tiny(counter.workspace.root)
    counter.put_into(campaign, 12)
    counter.errands._training[campaign] = "running"
    for path, body in (
        ("/train", {"project": "12.5", "annotations": []}),
        ("/webhook", {"action": "START_TRAINING", "project": {"id": 12}}),
    ):
        answer = counter.post(path, body)
        assert (answer.status_code, answer.json()) == (200, {"status": "already running"})
    assert counter.sent == []
    assert counter.client.get("/health").json()["training"] == "running"


@pytest.mark.parametrize(("succeeds", "state"), [(True, "done"), (False, "failed")])
def test_what_became_of_a_training_is_shown(counter: Counter, succeeds: bool, state: str) -> None:
    campaign = tiny(counter.workspace.root)
    counter.put_into(campaign, 12)
    counter.errand_succeeds = succeeds
    answer = counter.post("/train", {"project": "12.5"})
    assert (answer.status_code, answer.json()) == (202, {"status": "started"})
    assert eventually(lambda: counter.client.get("/health").json()["training"] == state)
    assert counter.client.get("/versions").json()["training"] == {campaign: state}
    assert counter.sent == [("retrain", campaign)]
    assert counter.post("/train", {"project": "12.5"}).status_code == 202


def test_a_training_of_nobody_or_of_any_of_several_is_refused(counter: Counter) -> None:
    assert counter.post("/train", {"project": "99.1"}).status_code == 404
    for host in HOSTS:
        counter.put_into(tiny(counter.workspace.root), 12, host)
    answer = counter.post("/train", {"project": "12.5"})
    assert answer.status_code == 409
    assert "of several servers" in answer.json()["detail"]
    assert counter.sent == []


@pytest.mark.parametrize("path", GUARDED)
@pytest.mark.parametrize(
    "body", [b"", b"{", b"canary", b"[1]", b'"canary"', b"\xff\xfe", b"[" * 100_000]
)
def test_what_is_no_json_object_is_refused_without_an_echo(
    counter: Counter, path: str, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = counter.client.post(path, content=body)
    assert answer.status_code == 400
    assert "canary" not in answer.text + caplog.text


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/predict", {"tasks": "canary"}),
        ("/predict", {"tasks": ["canary"]}),
        ("/predict", {"tasks": [{"data": "canary"}]}),
        ("/predict", {}),
        ("/webhook", {"action": ["canary"]}),
        ("/webhook", {}),
    ],
)
def test_what_has_another_shape_is_refused_without_an_echo(
    counter: Counter, path: str, body: object
) -> None:
    answer = counter.post(path, body)
    assert answer.status_code == 400
    assert "canary" not in answer.text


@pytest.mark.parametrize("path", GUARDED)
def test_a_body_may_be_large_but_not_endless(
    counter: Counter, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LONGEST", "LONGEST_HINT"):
        monkeypatch.setattr(app_room, name, 1000)
    assert counter.client.post(path, content=b" " * 1001).status_code == 413
    assert counter.client.post(path, content=b" " * 1000).status_code == 400


def test_what_goes_wrong_is_logged_by_its_kind_alone(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: object) -> None:
        raise ValueError("canary")

    monkeypatch.setattr(type(counter.register), "in_label_studio", lambda *_: broken(None))
    with caplog.at_level(logging.DEBUG, logger="auto_labeling"):
        answer = counter.post("/webhook", HINT)
    assert answer.status_code == 500
    assert answer.json() == {"detail": "ValueError"}
    ours = [one.getMessage() for one in caplog.records if one.name.startswith("auto_labeling")]
    assert ours == ["/webhook: ValueError"]


def test_nothing_of_a_hint_is_kept(counter: Counter, caplog: pytest.LogCaptureFixture) -> None:
    campaign = tiny(counter.workspace.root)
    counter.put_into(campaign, 12)
    with caplog.at_level(logging.DEBUG):
        assert counter.post("/webhook", HINT).text == ""
    assert "canary" not in caplog.text
    files = [path for path in counter.workspace.root.rglob("*") if path.is_file()]
    assert len(files) > 3
    for path in files:
        content = path.read_bytes()
        assert b"canary" not in content
        assert json.dumps(HINT).encode() not in content


def test_a_hint_is_answered_in_milliseconds(counter: Counter) -> None:
    campaign = tiny(counter.workspace.root)
    counter.put_into(campaign, 12)
    counter.post("/webhook", HINT)
    begun = time.perf_counter()
    for _ in range(20):
        counter.post("/webhook", HINT)
    # Label Studio gives up after a second.
    assert (time.perf_counter() - begun) / 20 < 0.5
