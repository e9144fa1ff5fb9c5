"""What goes wrong around a campaign on a real Label Studio: one clear sentence each."""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import select

from auto_labeling.backends.label_studio import backend as backend_room
from auto_labeling.backends.label_studio.client import Client
from auto_labeling.backends.label_studio.settings import LabelStudio, Project
from auto_labeling.backends.label_studio.steering import SteeringClient
from auto_labeling.campaign.driver import perform
from auto_labeling.campaign.rounds import RoundState, Step
from auto_labeling.campaign.schema import answers, asks, quarantine
from auto_labeling.campaign.steps.collecting import sync
from auto_labeling.campaign.transition import state_of
from auto_labeling.campaign.upload import repair
from auto_labeling.errors import BlockedError, ConfigurationError, DataError, TransientError
from auto_labeling.records import CampaignId, Item
from auto_labeling.studio import Person, Studio, sign_up
from tests.backends.annotators import place
from tests.contracts.asking import text_items, upload_of
from tests.studio.room import CAMPAIGN, SCHEMA, Room, begin, suggested
from tests.support.campaigns import drive_until, driving, ledger_of
from tests.support.studio import answer, project_of, tasks_of

pytestmark = pytest.mark.slow

SENTENCE = re.compile(r"[^\n]{10,300}")
takes_personal_tokens = pytest.mark.filterwarnings("ignore:The `parse_obj` method is deprecated")
"""The SDK exchanges them in an old-fashioned way."""


@pytest.fixture
def room(studio: Studio, crew: tuple[Person, ...], tmp_path: Path) -> Room:
    return Room(studio, crew, tmp_path)


@pytest.fixture
def begun(room: Room) -> tuple[Room, Path, str]:
    """A campaign whose first round waits for people."""
    path, token = room.folder / "workspace", room.folder / "token"
    token.write_text(room.studio.token)
    campaign = begin(path, room.studio.url, token, room.title, strategy={"batch": 3})
    drive_until(path, campaign, RoundState.SENT)
    return room, path, campaign


def blocked(call: Any) -> BlockedError:
    """Return the error that stops a call until a person has acted."""
    with pytest.raises(BlockedError) as caught:
        call()
    assert SENTENCE.fullmatch(caught.value.reason)
    assert SENTENCE.fullmatch(caught.value.remedy)
    return caught.value


def rows(path: Path, table: Any) -> list[Any]:
    with ledger_of(path) as ledger, ledger.read() as connection:
        return list(connection.execute(select(table)).all())


def test_a_class_that_somebody_added_is_put_aside_with_the_reason(
    begun: tuple[Room, Path, str],
) -> None:
    room, path, campaign = begun
    room.change_config('<Choice value="ant" />', '<Choice value="ant" /><Choice value="cow" />')
    strange, *others = room.tasks()
    room.answer(strange["id"], "cow")
    for task in others:
        room.answer(task["id"], "bee")
    with driving(path, campaign) as opened:
        assert perform(opened, Step.COLLECT).wait_until is not None
    [aside] = rows(path, quarantine)
    assert aside.reason.endswith("expected classes out of ['ant', 'bee', 'cat'], got ['cow']")
    assert len(rows(path, answers)) == len(others)
    assert sorted(ask.state for ask in rows(path, asks)) == ["answered", "answered", "sent"]


def test_a_changed_configuration_blocks_until_it_is_put_back(
    begun: tuple[Room, Path, str],
) -> None:
    room, path, campaign = begun
    for task in room.tasks():
        room.answer(task["id"], "bee")
    drive_until(path, campaign, RoundState.COLLECTED)
    room.change_config('value="ant"', 'value="cow"')
    error = blocked(lambda: drive_until(path, campaign, RoundState.SENT))
    assert "['ant', 'bee', 'cat']" in error.reason
    assert "cow" in error.reason
    assert error.remedy.startswith("Put it back as it was")
    with ledger_of(path) as ledger:
        assert state_of(ledger, campaign).blocked_reason == error.reason
    room.change_config('value="cow"', 'value="ant"')
    drive_until(path, campaign, RoundState.SENT)
    with ledger_of(path) as ledger:
        assert state_of(ledger, campaign).blocked_reason is None


def test_an_answer_is_read_under_the_tags_that_people_see_now(room: Room) -> None:
    backend = room.backend()
    first, second = (upload_of([item]) for item in text_items(2))
    refs = backend.create([first, second])
    room.change_config('name="label"', 'name="topic"')
    topic = {"from_name": "topic", "to_name": "item", "type": "choices"}
    room.answer(refs[first.key].remote_id, "", result=[topic | {"value": {"choices": ["no"]}}])
    room.answer(refs[second.key].remote_id, "yes")  # by a page that was open before
    events, _ = backend.changes(None)
    assert [(event.key, event.value) for event in events if event.problem is None] == [
        (first.key, "no")
    ]
    [problem] = [event.problem for event in events if event.problem is not None]
    assert problem.endswith(
        "expected choices from 'topic', got choices from 'label' that say ['yes']"
    )


def test_a_number_that_is_another_projects_by_now_blocks(room: Room) -> None:
    backend = room.backend()
    [upload] = [upload_of(text_items(1))]
    kept = next(room.folder.rglob("project.json"))
    told = json.loads(kept.read_text()) | {"made_at": "2020-01-01T00:00:00Z"}
    kept.write_text(json.dumps(told))
    backend = room.backend(prepare=False)
    error = blocked(lambda: backend.create([upload]))
    assert f"project {room.project} is another one by now" in error.reason
    assert room.tasks() == []


def test_two_campaigns_in_one_project_leave_each_others_tasks_alone(room: Room) -> None:
    project = project_of(room.studio)
    settings = LabelStudio(url=room.studio.url, token={}, project=Project(adopt=project))
    one, other = (
        settings.open(place(room.folder / name, room.studio.token)) for name in ("one", "other")
    )
    one.prepare(CAMPAIGN, SCHEMA)
    other.prepare(CampaignId("other-0badcafe"), SCHEMA)
    items = text_items(1)
    [theirs] = one.create([upload_of(items)]).values()
    [further] = other.create([upload_of(items, ordinal=1)]).values()
    assert theirs.remote_id != further.remote_id
    answer(room.studio, int(theirs.remote_id), "yes", token=room.crew[0].token)
    assert other.changes(None)[0] == []
    assert [event.value for event in one.changes(None)[0]] == ["yes"]


def test_a_server_that_gives_fewer_tasks_a_page_is_read_to_the_end(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Client._page

    def shorter(client: Client, *told: Any) -> Any:
        return whole(client, *told[:-1], min(told[-1], 3))

    monkeypatch.setattr(Client, "_page", shorter)
    backend = room.backend()
    refs = backend.create([upload_of([item]) for item in text_items(8)])
    assert backend.find(refs).keys() == refs.keys()
    for ref in refs.values():
        room.answer(ref.remote_id, "yes")
    assert len(backend.changes(None)[0]) == len(refs)


def test_pictures_are_shown_from_where_the_server_finds_them(
    studio: Studio, crew: tuple[Person, ...], tmp_path: Path
) -> None:
    assert studio.documents is not None
    folder = studio.documents / "shown"
    folder.mkdir()
    for path in (folder / "0.png", studio.documents / "bare.png"):
        path.write_bytes(b"\x89PNG\r\n\x1a\n")
    room = Room(studio, crew, tmp_path)
    backend = room.backend(kinds=frozenset({"image"}), files=str(studio.documents))
    uris = [str(folder / "0.png"), str(studio.documents / "bare.png")]
    backend.create([upload_of([Item(item_id=uri, uri=uri)]) for uri in uris])
    shown = [task["data"]["image"] for task in room.tasks()]
    assert sorted(one.split("/")[2] for one in shown) == ["local-files", "upload"]
    with studio.client() as admin:
        assert all(admin.get(one).content == b"\x89PNG\r\n\x1a\n" for one in shown)


def test_a_picture_that_is_gone_blocks_until_it_is_back(room: Room) -> None:
    backend = room.backend(kinds=frozenset({"image"}))
    upload = upload_of([Item(item_id="1", uri="one.png")])
    error = blocked(lambda: backend.create([upload]))
    assert "one.png cannot be read (No such file or directory)" in error.reason
    assert room.tasks() == []
    (room.folder / "one.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    backend.create([upload])
    [task] = room.tasks()
    with room.studio.client() as admin:
        assert admin.get(task["data"]["image"]).content == b"\x89PNG\r\n\x1a\n"


def test_answers_of_people_who_are_gone_or_unknown_count(begun: tuple[Room, Path, str]) -> None:
    room, path, campaign = begun
    gone = sign_up(room.studio, f"{uuid.uuid4().hex[:8]}@example.org")
    first, second, _ = room.tasks()
    by_gone = Room(room.studio, (gone,), room.folder, room.title)
    by_gone.answer(first["id"], "ant")
    by_gone.answer(second["id"], "bee")
    room.call("DELETE", f"/api/users/{gone.id}/")
    with driving(path, campaign) as opened:
        assert sync(opened) == 2
        assert sync(opened) == 0
    given = rows(path, answers)
    assert sorted(json.loads(row.value) for row in given) == ["ant", "bee"]
    assert {row.unsolicited for row in given} == {False}
    assert len({row.person for row in given}) == 1


@takes_personal_tokens
@pytest.mark.parametrize("kind", ["legacy", "personal"])
def test_a_revoked_token_blocks_until_its_file_holds_a_new_one(
    begun: tuple[Room, Path, str], kind: str
) -> None:
    room, path, campaign = begun
    boss = sign_up(room.studio, f"{uuid.uuid4().hex[:8]}@example.org")
    file = room.folder / "token"
    with room.studio.client(boss.token) as browser:
        personal = browser.post("/api/token/").raise_for_status().json()["token"]
        file.write_text(boss.token if kind == "legacy" else personal)
        with driving(path, campaign) as opened:
            assert sync(opened) >= 0
            if kind == "legacy":
                browser.post("/api/current-user/reset-token").raise_for_status()
            else:
                browser.post("/api/token/blacklist", json={"refresh": personal}).raise_for_status()
                forget_bearer(opened.backend)
            error = blocked(lambda: perform(opened, Step.COLLECT))
            assert "refused the token" in error.reason
            assert "backend.token" in error.remedy
            assert boss.token not in str(error)
            assert state_of(opened.ledger, campaign).blocked_reason == error.reason
            file.write_text(room.studio.token)
            assert perform(opened, Step.COLLECT).wait_until is not None


def forget_bearer(backend: Any) -> None:
    """Let the five minutes pass for which a bearer is good."""
    backend._client._sdk._client_wrapper._tokens_client._access_token = None


def token(*, expires: int) -> str:
    """Return a personal token, whose signature nobody has made."""
    claims = json.dumps({"token_type": "refresh", "exp": expires}).encode()
    parts = [b'{"alg":"HS256","typ":"JWT"}', claims, b"signature"]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def test_an_expired_personal_token_blocks(room: Room) -> None:
    expired = token(expires=1_000_000_000)
    error = blocked(lambda: at(room, room.studio.url, expired))
    assert "refused the token" in error.reason
    assert expired not in str(error)


def test_a_project_that_is_deleted_under_us_blocks(begun: tuple[Room, Path, str]) -> None:
    room, path, campaign = begun
    project = room.project
    room.call("DELETE", f"/api/projects/{project}/")
    with driving(path, campaign) as opened:
        error = blocked(lambda: perform(opened, Step.COLLECT))
        assert error.reason == f"{room.studio.url}: project {project} is gone"
        blocked(lambda: opened.backend.prepare(campaign, opened.config.labels))
        blocked(lambda: opened.backend.find(["0" * 32]))
        blocked(lambda: opened.backend.create([upload_of(text_items(1))]))


def test_a_task_that_somebody_deleted_is_made_again_while_answers_are_due(
    begun: tuple[Room, Path, str],
) -> None:
    room, path, campaign = begun
    answered, lost, waiting = room.tasks()
    room.answer(answered["id"], "bee")
    with driving(path, campaign) as opened:
        sync(opened)
        for task in (answered, lost):
            room.call("DELETE", f"/api/tasks/{task['id']}/")
        repair(opened)
        [still, anew] = room.tasks()
        assert (still["id"], anew["data"]["al_key"]) == (waiting["id"], lost["data"]["al_key"])
        room.answer(anew["id"], "cat")
        assert sync(opened) == 1
    assert sorted(json.loads(row.value) for row in rows(path, answers)) == ["bee", "cat"]


@pytest.mark.parametrize("kinds", [frozenset({"text"}), frozenset({"text", "row"})])
def test_markup_in_texts_is_shown_and_never_run(room: Room, kinds: frozenset[str]) -> None:
    backend = room.backend(kinds=kinds)
    text = "<script>alert(1)</script><img src=x onerror=alert(2)> & $text {{x}}"
    upload = upload_of([Item(item_id="<b>1</b>", text=text)])
    ref = backend.create([upload])[upload.key]
    [task] = room.tasks()
    if "row" in kinds:
        assert "<script" not in task["data"]["html"]
        assert "<img" not in task["data"]["html"]
        assert "&lt;script&gt;alert(1)" in task["data"]["html"]
    else:  # a Text tag shows what it is given letter by letter
        assert task["data"]["text"] == text
    room.answer(ref.remote_id, "yes")
    [event], _ = backend.changes(None)
    assert (event.item_id, event.value) == ("<b>1</b>", "yes")


def test_tasks_of_five_megabytes_go_up_a_few_at_a_time(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    send = Client.import_tasks

    def counted(client: Client, project: int, tasks: list[Any]) -> list[int]:
        sizes.append(len(tasks))
        return send(client, project, tasks)

    monkeypatch.setattr(Client, "import_tasks", counted)
    monkeypatch.setattr(backend_room, "_IMPORT_BYTES", 11_000_000)
    backend = room.backend()
    uploads = [upload_of([Item(item_id=f"{n}", text="äbc  " * 1_000_000)]) for n in range(3)]
    refs = backend.create(uploads)
    assert sizes == [2, 1]
    assert backend.find(refs) == {key: (ref,) for key, ref in refs.items()}
    ref = refs[uploads[1].key]
    room.answer(ref.remote_id, "no")
    [event], _ = backend.changes(None)
    assert (event.key, event.value) == (ref.key, "no")


@pytest.mark.parametrize(
    ("value", "score", "said"),
    [
        ("yes", 17.0, "expected a score in [0, 1], got 17"),
        ("yes", float("nan"), "expected a score in [0, 1], got nan"),
        ("cow", 0.5, "expected classes out of ['yes', 'no'], got ['cow']"),
        (("yes",), 0.5, "expected one class, got ('yes',)"),
    ],
)
def test_a_suggestion_that_is_none_never_leaves(
    room: Room, value: Any, score: float, said: str
) -> None:
    backend = room.backend()
    [good, bad] = text_items(2)
    uploads = [upload_of([good]), suggested(upload_of([bad]), value, bad, score=score)]
    with pytest.raises(DataError, match=re.escape(said)):
        backend.create(uploads)
    assert room.tasks() == []


@contextmanager
def serving(status: int, body: bytes) -> Iterator[tuple[str, list[str]]]:
    """Run a server that always says the same, and yield its address and what it is asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer  # noqa: N815  (the names under which http.server looks for it)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def at(room: Room, url: str, key: str = "t") -> None:
    """Prepare a campaign at some address."""
    settings = LabelStudio(url=url, token={}, project=Project(title=room.title))
    settings.open(place(room.folder, key)).prepare(CAMPAIGN, SCHEMA)


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b"<html>Hello</html>"), (404, b"Not Found"), (404, b'{"detail": "Not Found"}')],
)
def test_an_address_of_something_else_blocks(room: Room, status: int, body: bytes) -> None:
    with serving(status, body) as (url, _):
        error = blocked(lambda: at(room, url))
    assert "does not answer as a Label Studio does" in error.reason
    assert "backend.url" in error.remedy


@pytest.mark.parametrize(
    ("body", "got"),
    [
        (b"[]", "a list"),
        (b"[7]", "a list"),
        (b"null", "null"),
        (b"7", "a single value"),
        (b'{"detail": "Hello"}', "an object of another kind"),
        (b'{"tasks": [{}]}', "an object of another kind"),
        (b"<html>Hello</html>", "a page"),
        (b"", "none"),
    ],
)
def test_what_no_label_studio_says_blocks(body: bytes, got: str) -> None:
    calls: list[Callable[[SteeringClient], Any]] = [
        lambda client: client.project(1),
        lambda client: client.make_project(title="Hello"),
        lambda client: client.import_tasks(1, [{}]),
        lambda client: list(client.tasks(1, fields="id")),
        lambda client: client.newest_change(1),
        lambda client: client.upload(1, "hello.txt", b"Hello"),
    ]
    lists: list[Callable[[SteeringClient], Any]] = [
        lambda client: client.people(),
        lambda client: client.ml_backends(1),
    ]
    with serving(200, body) as (url, _):
        for call in calls + (lists if body != b"[]" else []):
            error = blocked(partial(call, SteeringClient(url, lambda: "t")))
            assert error.reason.startswith(f"{url} does not answer as a Label Studio does (")
            assert error.reason.endswith(f": expected its JSON, got {got})")
            assert "backend.url" in error.remedy


def test_a_mistake_of_ours_is_not_the_servers() -> None:
    with pytest.raises(TypeError, match="colour"):
        Client("http://127.0.0.1:1", lambda: "t").make_project(colour="blue")


def test_a_personal_token_is_exchanged_where_the_server_is(room: Room) -> None:
    with serving(401, b"{}") as (url, asked):
        blocked(lambda: at(room, f"{url}/studio", token(expires=4_000_000_000)))
    assert asked == ["/studio/api/token/refresh/"]


def test_a_server_that_cannot_be_reached_is_tried_again(room: Room) -> None:
    with pytest.raises(TransientError, match=r"http://127\.0\.0\.1:1: .* refused"):
        at(room, "http://127.0.0.1:1")


@pytest.mark.parametrize("url", ["http://", "label.lan", "http://me:secret@label.lan"])
def test_an_address_that_is_none_is_refused(room: Room, url: str) -> None:
    with pytest.raises(ConfigurationError, match="url: expected") as refused:
        at(room, url)
    assert "secret" not in str(refused.value)


@takes_personal_tokens
def test_a_personal_token_does_as_well(room: Room) -> None:
    person = sign_up(room.studio, f"{uuid.uuid4().hex[:8]}@example.org")
    with room.studio.client(person.token) as browser:
        personal = browser.post("/api/token/").raise_for_status().json()["token"]
    folder = place(room.folder, personal)
    settings = LabelStudio(url=room.studio.url, token={}, project=Project(title=room.title))
    backend = settings.open(folder)
    backend.prepare(CAMPAIGN, SCHEMA)
    upload = upload_of(text_items(1))
    ref = backend.create([upload])[upload.key]
    room.answer(ref.remote_id, "yes")
    [event], _ = backend.changes(None)
    assert event.value == "yes"


def test_an_adopted_project_keeps_everything_that_is_not_ours(room: Room) -> None:
    project = project_of(room.studio, [f"theirs {n}" for n in range(12)])
    theirs = [task["id"] for task in tasks_of(room.studio, project)]
    for task, label in zip(theirs, ("yes", "no", "no"), strict=False):
        answer(room.studio, task, label, token=room.crew[0].token)
    guess = {"task": theirs[5], "score": 0.4, "model_version": "theirs"}
    result = [{"from_name": "label", "to_name": "text", "type": "choices"}]
    result[0] |= {"value": {"choices": ["no"]}}
    room.call("POST", "/api/predictions/", guess | {"result": result})
    room.call("POST", "/api/dm/views/", {"project": project, "data": {"title": "their tab"}})
    before = everything(room, project, theirs)

    settings = LabelStudio(url=room.studio.url, token={}, project=Project(adopt=project))
    backend = settings.open(place(room.folder, room.studio.token))
    backend.prepare(CAMPAIGN, SCHEMA)
    items = text_items(4)
    uploads = [suggested(upload_of([item], opinions=2), "yes", item) for item in items]
    refs = backend.create(uploads)
    assert backend.find(refs).keys() == refs.keys()
    kept, answered, withdrawn, _ = (refs[upload.key] for upload in uploads)
    answer(room.studio, int(answered.remote_id), "yes", token=room.crew[1].token)
    events, cursor = backend.changes(None)
    assert [event.key for event in events] == [answered.key]
    backend.create([upload_of(items[:1], ordinal=2)])
    backend.cancel([withdrawn, answered])
    backend.changes(cursor)
    backend.prepare(CAMPAIGN, SCHEMA)

    assert everything(room, project, theirs) == before
    ours = [task for task in tasks_of(room.studio, project) if task["id"] not in theirs]
    assert {str(task["id"]) for task in ours} == {ref.remote_id for ref in refs.values()}
    marks = {str(task["id"]): {"al_key", "al_withdrawn"} & task["data"].keys() for task in ours}
    assert marks.pop(withdrawn.remote_id) == {"al_withdrawn"}
    assert set(map(frozenset, marks.values())) == {frozenset({"al_key"})}
    assert kept.remote_id in marks


COUNTED = frozenset(
    {
        "finished_task_number",
        "num_tasks_with_annotations",
        "queue_total",
        "task_number",
        "total_annotations_number",
        "total_predictions_number",
        "useful_annotation_number",
    }
)
"""What the server counts over all tasks of a project, ours as well."""


def everything(room: Room, project: int, theirs: list[int]) -> dict[str, str]:
    """Return all that a project held before we came, byte by byte."""
    row = room.call("GET", f"/api/projects/{project}/")
    tasks = [task for task in tasks_of(room.studio, project) if task["id"] in theirs]
    predictions = room.call("GET", f"/api/predictions/?project={project}")
    found = {
        "project": {name: value for name, value in row.items() if name not in COUNTED},
        "tasks": tasks,
        "annotations": [room.call("GET", f"/api/tasks/{one}/annotations/") for one in theirs],
        "predictions": [one for one in predictions if one["task"] in theirs],
        "views": room.call("GET", f"/api/dm/views/?project={project}"),
        "webhooks": room.call("GET", f"/api/webhooks/?project={project}"),
        "storages": room.call("GET", f"/api/storages/?project={project}"),
    }
    ago = re.compile(r'"created_ago": "[^"]*"')
    return {name: ago.sub("", json.dumps(value, indent=1)) for name, value in found.items()}
