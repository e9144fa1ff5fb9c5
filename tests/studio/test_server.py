from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from auto_labeling.errors import BlockedError, ConfigurationError, RejectedError
from auto_labeling.studio import Person, Studio, invitation, sign_up, start
from auto_labeling.studio.environment import VARIABLE, Environment
from tests.support.studio import answer, project_of, require_studio, tasks_of

STARTS = """
import sys
from auto_labeling.studio import start

studio = start(sys.argv[1])
print(studio.process.pid, flush=True)
sys.stdin.readline()
"""
SAYS = "#!/bin/sh\necho called >> {calls}\n{then}\n"


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Environment]:
    """An environment whose Python is a shell script, and does what it is told."""

    def made(then: str) -> Environment:
        root = tmp_path / "venv"
        (root / "bin").mkdir(parents=True)
        (root / "lib/python3.11/site-packages/label_studio-9.8.7.dist-info").mkdir(parents=True)
        (root / "bin/python").write_text(SAYS.format(calls=root / "calls", then=then))
        (root / "bin/python").chmod(0o755)
        monkeypatch.setenv(VARIABLE, str(root))
        return Environment.find()

    return made


MIGRATES = 'test "$4" = version || exit 3; touch label_studio.sqlite3 .env'


def wait_until(true: Callable[[], bool], within_s: float = 120) -> bool:
    end = time.monotonic() + within_s
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    return true()


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_where_label_studio_is_missing_that_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(BlockedError, match=r"not installed in .*nowhere\. .*`make studio`") as said:
        start(tmp_path / "data")
    assert "\n" not in str(said.value)
    assert not (tmp_path / "data").exists()


def test_an_empty_database_is_made_once_and_copied(
    tmp_path: Path, fake: Callable[[str], Environment]
) -> None:
    environment = fake(MIGRATES)
    makers = [
        threading.Thread(target=environment.new_data, args=(tmp_path / f"data-{at}",))
        for at in range(4)
    ]
    for one in makers:
        one.start()
    for one in makers:
        one.join()
    for at in range(4):
        # Neither the log nor the key that signs sessions: those are each server's own.
        assert [one.name for one in (tmp_path / f"data-{at}").iterdir()] == ["label_studio.sqlite3"]
    assert (environment.root / "calls").read_text() == "called\n"
    assert (environment.root / "template" / environment.version).name == "9.8.7"


def test_a_database_that_cannot_be_made_is_said_and_made_the_next_time(
    tmp_path: Path, fake: Callable[[str], Environment]
) -> None:
    environment = fake(f"echo no such table; test -e {tmp_path}/mended || exit 7; {MIGRATES}")
    with pytest.raises(BlockedError, match=r"database \(exit 7\): no such table"):
        environment.new_data(tmp_path / "data")
    assert not (tmp_path / "data").exists()
    (tmp_path / "mended").touch()
    environment.new_data(tmp_path / "data")
    assert (tmp_path / "data" / "label_studio.sqlite3").exists()


def test_a_server_that_ends_while_it_starts_is_said(
    tmp_path: Path, fake: Callable[[str], Environment]
) -> None:
    fake(MIGRATES)
    with pytest.raises(BlockedError, match=r"ended \(exit 3\) while starting.*server\.log"):
        start(tmp_path / "studio")


def test_a_server_that_takes_too_long_is_ended_and_said(
    tmp_path: Path, fake: Callable[[str], Environment]
) -> None:
    fake(f"test $4 = start && exec sleep 60; {MIGRATES}")
    for _ in range(2):  # the second time too: nobody holds the folder any more
        with pytest.raises(BlockedError, match="not ready in time"):
            start(tmp_path / "studio", within_s=0.2)


def test_a_folder_with_other_files_is_left_alone(
    tmp_path: Path, fake: Callable[[str], Environment]
) -> None:
    fake(MIGRATES)
    diary = tmp_path / "studio" / "data" / "diary.txt"
    diary.parent.mkdir(parents=True)
    diary.write_text("dear diary")
    with pytest.raises(ConfigurationError, match="expected Label Studio's data or nothing"):
        start(tmp_path / "studio")
    assert diary.read_text() == "dear diary"


def test_passwords_and_tokens_are_drawn_for_each_folder_and_readable_by_us_alone(
    tmp_path: Path, fake: Callable[[str], Environment]
) -> None:
    fake(MIGRATES)
    drawn = set()
    for name in ("one", "two", "one"):
        with pytest.raises(BlockedError, match="ended"):
            start(tmp_path / name)
        for secret in (tmp_path / name / "token", tmp_path / name / "password"):
            assert secret.stat().st_mode & 0o777 == 0o600
            drawn.add(secret.read_text())
    assert len(drawn) == 4


@pytest.mark.slow
def test_it_answers_with_our_token_and_keeps_its_secrets_to_itself(studio: Studio) -> None:
    with studio.client() as admin:
        assert admin.get("/api/current-user/whoami").json()["email"] == studio.login
    with studio.client("0" * 40) as stranger:
        assert stranger.get("/api/projects/").status_code == 401
    command = Path(f"/proc/{studio.process.pid}/cmdline").read_text()
    for secret in (studio.token, studio.password):
        assert secret not in command
        assert secret not in repr(studio)
        assert secret not in (studio.folder / "server.log").read_text()
    assert (studio.folder / "data" / "label_studio.sqlite3").stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_people_answer_under_their_own_names(
    studio: Studio, crew: tuple[Person, Person, Person]
) -> None:
    mia, li, _ = crew
    assert len({studio.token, *(person.token for person in crew)}) == 4
    project = project_of(studio, ["rain"])
    (task,) = tasks_of(studio, project)
    for person, label in ((mia, "yes"), (li, "no")):
        given = answer(studio, task["id"], label, token=person.token)
        assert given["completed_by"] == person.id
    (task,) = tasks_of(studio, project)
    said = {one["completed_by"]: one["result"][0]["value"] for one in task["annotations"]}
    assert said == {mia.id: {"choices": ["yes"]}, li.id: {"choices": ["no"]}}


@pytest.mark.slow
def test_who_has_signed_up_logs_in(studio: Studio, crew: tuple[Person, Person, Person]) -> None:
    mia = crew[0]
    assert sign_up(studio, mia.login, password=mia.password) == mia
    with pytest.raises(RejectedError, match=rf"a new nor a known user as {mia.login}"):
        sign_up(studio, mia.login, password="a wrong guess")
    assert invitation(studio).startswith(f"{studio.url}/user/signup/?token=")


@pytest.mark.slow
def test_pictures_of_the_documents_are_served(studio: Studio) -> None:
    assert studio.documents is not None
    folder = studio.documents / "pictures"
    folder.mkdir()
    (folder / "0.png").write_bytes(b"\x89PNG")
    (studio.documents / "private.png").write_bytes(b"\x89PNG")
    project = project_of(studio)
    with studio.client() as admin:
        told = {"project": project, "path": str(folder), "use_blob_urls": True}
        admin.post("/api/storages/localfiles", json=told).raise_for_status()
        found = admin.get("/data/local-files/", params={"d": "pictures/0.png"})
        assert found.raise_for_status().content == b"\x89PNG"
        for other in ("private.png", "../studio0/token"):
            assert not admin.get("/data/local-files/", params={"d": other}).is_success


@pytest.mark.slow
def test_neither_a_folder_nor_a_port_is_shared(studio: Studio, tmp_path: Path) -> None:
    with pytest.raises(BlockedError, match=r"another Label Studio runs in"):
        start(studio.folder)
    with pytest.raises(BlockedError, match=rf"port {studio.port} cannot be had"):
        start(tmp_path / "other", port=studio.port)


@pytest.mark.slow
def test_a_server_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    require_studio()
    with start(tmp_path / "studio") as first:
        project = project_of(first, ["rain", "snow"])
        task = tasks_of(first, project)[0]
        answer(first, task["id"], "yes")
        before = tasks_of(first, project)
        first.kill()
        with pytest.raises(httpx.ConnectError):
            tasks_of(first, project)
        with start(tmp_path / "studio", port=first.port) as second:
            assert (second.url, second.token) == (first.url, first.token)
            assert second.process.pid != first.process.pid
            assert tasks_of(second, project) == before
            assert len(before[0]["annotations"]) == 1
            second.stop()  # and again at the end of the block


@pytest.mark.slow
def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    require_studio()
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTS, str(tmp_path / "studio")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert starter.stdout is not None
    server = int(starter.stdout.readline())
    assert is_alive(server)
    os.kill(starter.pid, signal.SIGKILL)
    starter.communicate()
    assert wait_until(lambda: not is_alive(server))
