"""What a connection to CVAT makes of refusals, of sessions, and of servers that are none."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from auto_labeling.backends.cvat.client import Client
from auto_labeling.backends.cvat.settings import CVAT
from auto_labeling.errors import (
    BlockedError,
    ConfigurationError,
    RejectedError,
    TransientError,
)
from auto_labeling.records import Item
from tests.contracts.asking import upload_of
from tests.cvat.people import Login, Office
from tests.cvat.room import Room, said
from tests.support.cvat_server import CvatServer


def client_of(server: CvatServer, **told: Any) -> Client:
    return Client(server.url, lambda: server.admin.password, **{"user": "admin"} | told)


@pytest.fixture
def room(server: CvatServer, tmp_path: Path) -> Iterator[Room]:
    mia = server.add_user("mia")
    admin = Login(server.admin.name, server.admin.password)
    office = Office(server.url, admin, (Login(mia.name, mia.password),))
    yield Room(office, tmp_path)
    office.close()


@contextmanager
def answering(status: int, body: bytes, kind: str = "text/html") -> Iterator[str]:
    """Run something that answers everything alike, and give its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            self.rfile.read(length)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer  # noqa: N815 - http.server asks for these names

        def log_message(self, *_: Any) -> None:
            pass

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{running.server_port}"
    finally:
        running.shutdown()
        running.server_close()


def test_nothing_is_called_before_it_is_needed(tmp_path: Path) -> None:
    Client("http://127.0.0.1:1", lambda: pytest.fail("the secret was read"), user="admin")


def test_a_wrong_password_is_a_persons_to_mend_and_is_read_anew(server: CvatServer) -> None:
    secrets = iter(["wrong", server.admin.password])
    client = Client(server.url, lambda: next(secrets), user="admin")
    with pytest.raises(BlockedError, match=r"refused the login for .*Put a valid password"):
        client.people()
    assert "admin" in client.people()


def test_a_token_does_as_well_until_it_is_revoked(server: CvatServer) -> None:
    token = server.token(server.admin)
    client = Client(server.url, lambda: token)
    assert "admin" in client.people()
    server.expire(server.admin)
    with pytest.raises(BlockedError, match=r"refused the login.*backend.token"):
        client.people()
    token = server.token(server.admin)
    assert "admin" in client.people()


def test_a_session_that_has_ended_is_begun_again(server: CvatServer) -> None:
    client = client_of(server)
    client.people()
    server.expire(server.admin)
    with pytest.raises(TransientError, match="the session has ended"):
        client.people()
    assert "admin" in client.people()


def test_what_an_account_may_not_do_is_a_persons_to_mend(server: CvatServer) -> None:
    number = client_of(server).make_project("theirs", [{"name": "cat"}])["id"]
    plain = server.add_user("plain")
    client = Client(server.url, lambda: plain.password, user="plain")
    with pytest.raises(BlockedError, match=r"may not see or change project \d+ \(You do not have"):
        client.project(number)


def test_what_is_gone_is_said_to_be_gone(server: CvatServer) -> None:
    client = client_of(server)
    with pytest.raises(BlockedError, match="project 999 is gone"):
        client.project(999)
    client.delete_task(999)
    assert client.request("action=create&target=task&target_id=999") is None


def test_a_refusal_says_what_the_server_had_against_it(server: CvatServer) -> None:
    client = client_of(server)
    with pytest.raises(RejectedError, match="answered 400: All label names must be unique"):
        client.make_project("twice", [{"name": "cat"}, {"name": "cat"}])
    with pytest.raises(RejectedError, match="answered 400: name: "):
        client.make_project("", [])


def test_an_organization_is_a_place_of_its_own(server: CvatServer) -> None:
    ours = client_of(server)
    sdk = ours._sdk.api_client
    sdk.organizations_api.create({"slug": "lab", "name": "Lab"})
    theirs = client_of(server, organization="lab")
    theirs.make_project("within", [{"name": "cat"}])
    assert len(theirs.projects("within")) == 1
    assert set(theirs.people()) == {"admin"}


@pytest.mark.parametrize(
    ("status", "body", "error", "match"),
    [
        (404, b"<html>nothing here</html>", BlockedError, "does not answer as a CVAT does"),
        (404, b'{"detail": "Not found."}', BlockedError, "the list of users is gone"),
        (302, b"", BlockedError, "does not answer as a CVAT does"),
        (200, b"<html>hello</html>", BlockedError, "does not answer as a CVAT does"),
        (500, b"<html>oh</html>", TransientError, "it answered 500"),
        (502, b"<html>oh</html>", TransientError, "it answered 502"),
        (429, b"{}", TransientError, "it answered 429"),
    ],
)
def test_what_is_no_cvat_is_said_to_be_none(
    status: int, body: bytes, error: type[Exception], match: str
) -> None:
    with answering(status, body) as url, pytest.raises(error, match=match):
        Client(url, lambda: "secret", user="admin").people()


def test_a_server_that_is_away_comes_back(server: CvatServer) -> None:
    client = client_of(server, timeout_s=2.0)
    client.people()
    server.stop()
    with pytest.raises(TransientError, match="the list of users"):
        client.people()
    server.start()
    assert "admin" in client.people()


def test_a_server_that_never_answers_is_given_up_on() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        client = Client(url, lambda: "secret", user="admin", timeout_s=0.2)
        with pytest.raises(TransientError, match="timed out"):
            client.people()


def test_no_call_is_made_twice(server: CvatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of(server)
    client.people()
    server.calls.clear()
    server.stop()
    with pytest.raises(TransientError):
        client.people()
    server.start()
    assert list(server.calls) == []


@pytest.mark.parametrize("url", ["http://a b", "http://[::1"])
def test_an_address_that_is_none_is_a_persons_to_mend(url: str) -> None:
    with pytest.raises(BlockedError, match=r"Mend backend.url"):
        Client(url, lambda: "secret", user="admin").people()


def test_a_secret_is_in_no_message(server: CvatServer) -> None:
    for secret in ("hunter2-hunter2", "snöwman\n☃", "hunter2\nhunter2"):
        for user in ("admin", None):
            with pytest.raises(BlockedError, match="refused the login") as refusal:
                Client(server.url, lambda secret=secret: secret, user=user).people()
            assert secret.partition("\n")[0] not in str(refusal.value)


@pytest.mark.parametrize(
    ("told", "match"),
    [
        ({"url": "localhost:8080"}, "url: expected http"),
        ({"url": "https://"}, "url: expected http"),
        ({"url": "https://me:secret@cvat.example"}, "url: expected no login in it"),
        ({"url": "HTTPS://me:secret@cvat.example"}, "url: expected no login in it"),
        ({"url": "me:secret@cvat.example"}, "url: expected no login in it"),
        ({"user": "admin"}, "expected both or none, got only user"),
        ({"password": {"env": "P"}}, "expected both or none, got only password"),
        ({"items_per_job": 0}, "items_per_job: expected at least 1, got 0"),
        ({"quality_of_images": 101}, "quality_of_images: expected 1 to 100, got 101"),
        ({"timeout_s": 0}, "timeout_s: expected above zero"),
    ],
)
def test_settings_are_checked(told: dict[str, Any], match: str) -> None:
    with pytest.raises(ConfigurationError, match=match):
        CVAT(**told)


# --- what only a server of ours can be made to do ---


def test_a_task_that_the_server_could_not_make_is_named_and_gone(
    server: CvatServer, room: Room
) -> None:
    backend = room.backend()
    server.fail_next_creation("OSError: [Errno 28] No space left")
    uploads = room.uploads(2)
    with pytest.raises(BlockedError, match=r"could not be made: OSError: \[Errno 28\] No space"):
        backend.create(uploads)
    assert backend.find([upload.key for upload in uploads]) == {}
    assert room.tasks() == []
    assert len(backend.create(uploads)) == 2


def test_pictures_are_waited_for(server: CvatServer, room: Room) -> None:
    backend = room.backend()
    server.delay_creations(queued_s=0.1, started_s=0.1)
    [upload] = room.uploads(1)
    assert backend.find([upload.key]) == {}
    ref = backend.create([upload])[upload.key]
    assert backend.find([upload.key]) == {upload.key: (ref,)}


def test_pictures_on_the_servers_share_are_not_sent(server: CvatServer, room: Room) -> None:
    share = server.share
    assert share is not None
    items = []
    for number in (2, 1):
        path = share / "a b" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (8 * number, 8)).save(path)
        items.append(Item(item_id=f"i{number}", uri=str(path)))
    backend = room.backend(share=str(share))
    upload = upload_of(items)
    ref = backend.create([upload])[upload.key]
    meta = room.office.call("GET", f"/api/tasks/{ref.remote_id}/data/meta")
    assert [frame["name"] for frame in meta["frames"]] == ["a b/2.png", "a b/1.png"]
    assert meta["storage"] == "share"
    elsewhere = upload_of(room.items(1))
    assert backend.create([elsewhere]).keys() == {elsewhere.key}


def test_pictures_in_a_cloud_storage_are_not_sent(server: CvatServer, room: Room) -> None:
    bucket = room.folder / "bucket"
    (bucket / "day 1").mkdir(parents=True)
    Image.new("RGB", (24, 8)).save(bucket / "day 1" / "z.png")
    Image.new("RGB", (8, 8)).save(bucket / "a.png")
    backend = room.backend(cloud_storage=server.add_cloud_storage(bucket))
    uris = ["s3://bucket/day%201/z.png", "s3://bucket/a.png"]
    upload = upload_of([Item(item_id=uri, uri=uri) for uri in uris])
    ref = backend.create([upload])[upload.key]
    meta = room.office.call("GET", f"/api/tasks/{ref.remote_id}/data/meta")
    assert [frame["width"] for frame in meta["frames"]] == [24, 8]
    job = room.crew.job(ref)
    room.crew.tag(job, 0, ["yes"])
    room.crew.turn(job, "completed")
    assert said(backend.changes(None)[0]) == [
        ("submitted", uris[0], "yes"),
        ("skipped", uris[1], None),
    ]
