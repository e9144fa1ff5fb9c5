"""Pictures of a script on their way to CVAT: cut off anywhere, they arrive once and in order."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from auto_labeling import CVATClient
from auto_labeling.backends.cvat import connection
from auto_labeling.by_hand import progress
from auto_labeling.shapes import Box
from tests.support.cvat_server import CvatServer, tus
from tests.support.cvat_server.http import Answer, Call, Refused

PATIENCE_S = 180
CAR = Box(label="car", x=0.25, y=0.5, width=0.5, height=0.25)
SCRIPT = """
import sys
from pathlib import Path
from auto_labeling import CVATClient

def peak():  # of this program; what resource tells begins at that of its parent
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])

client = CVATClient(sys.argv[1], ("admin", "admin-secret"))
task = client.create_task("street", ["car"], "Train", items_per_job=100)
paths = sorted(Path(sys.argv[2]).iterdir())
before = peak()
client.upload_with_annotations(task, paths, [[("car", 1, 1, 9, 8)]] * len(paths))
print(task, peak() - before)
"""


@pytest.fixture(params=["takes a name twice", "refuses a name it has"])
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[CvatServer]:
    """Run a server; no recording says what it makes of a file that it has, its source does."""
    if request.param == "refuses a name it has":
        refuse_names_twice(monkeypatch)
    with CvatServer() as running:
        yield running


def refuse_names_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, put = tus.create, tus.Slot.put

    def create(call: Call, slot: tus.Slot, *, generated: bool) -> Answer:
        answer = opened(call, slot, generated=generated)
        if answer.headers["Upload-Filename"] in slot.files:
            raise Refused(409, "File with same name already exists")
        return answer

    def put_once(slot: tus.Slot, name: str, content: bytes) -> None:
        if name in slot.files:
            raise Refused(500, "<html>")
        put(slot, name, content)

    monkeypatch.setattr(tus, "create", create)
    monkeypatch.setattr(tus.Slot, "put", put_once)


def client_of(server: CvatServer) -> CVATClient:
    return CVATClient(server.url, (server.admin.name, server.admin.password))


def pictures(folder: Path, n: int, size: tuple[int, int] = (12, 8)) -> list[Path]:
    """Write pictures of noise, which take as much room as their pixels."""
    folder.mkdir()
    noise = np.random.default_rng(0)
    paths = [folder / f"{at:04}.png" for at in range(n)]
    for path in paths:
        pixels = noise.integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path, compress_level=0)
    return paths


class Died(BaseException):
    """A script is killed."""


class Deaths:
    """Lets a script die at its nth request: before it is sent, or when the answer was under way."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.at, self.after = 0, False
        monkeypatch.setattr(connection._Bounded, "request", self.patched())

    def patched(self) -> Any:
        real, deaths = connection._Bounded.request, self

        def request(client: Any, *told: Any, **more: Any) -> Any:
            deaths.count += 1
            if deaths.count == deaths.at and not deaths.after:
                raise Died
            answer = real(client, *told, **more)
            if deaths.count == deaths.at:
                raise Died
            return answer

        return request


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_script_that_dies_at_any_request_is_completed_by_the_next(
    server: CvatServer, after: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_MOST", 3)
    paths = pictures(tmp_path / "few", 7)
    said = [[CAR], None, [CAR, CAR], [], [CAR], [CAR], [CAR]]
    deaths = Deaths(monkeypatch)

    def run(name: str) -> int:
        client = client_of(server)
        task = client.create_task(name, ["car"], overlap=2)
        client.upload_with_annotations(task, paths, said)
        return task

    run("whole")
    requests, checked = deaths.count, 0
    for at in range(1, requests):
        deaths.count, deaths.at, deaths.after = 0, at, after
        try:
            run(f"cut off {at}")
        except Died:
            checked += 1
        deaths.at = 0
        task = run(f"cut off {at}")
        store = server.store
        assert [one.id for one in store.tasks.values() if one.name == f"cut off {at}"] == [task]
        data = store.tasks[task].data
        assert data is not None
        assert [frame.name for frame in data.frames] == [path.name for path in paths]
        jobs = [job for job in store.jobs.values() if job.task_id == task and job.parent_job_id]
        assert [len(job.shapes) for job in jobs] == [6, 6]
    assert checked > 10


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_thousand_pictures_survive_a_kill_in_constant_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_names_twice(monkeypatch)
    paths = pictures(tmp_path / "many", 1000, (160, 128))
    weight = sum(path.stat().st_size for path in paths) / 2**20
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    with CvatServer() as server:
        words = [sys.executable, str(script), server.url, str(paths[0].parent)]
        first = subprocess.Popen(words)
        deadline = time.monotonic() + PATIENCE_S
        while sent(server) < 400:
            assert time.monotonic() < deadline
            assert first.poll() is None
            time.sleep(0.005)
        first.send_signal(signal.SIGKILL)
        first.wait()
        before = sent(server)
        assert before < 1000
        said = subprocess.run(words, capture_output=True, text=True, check=True)
        task, grown = map(int, said.stdout.split())
        assert said.stderr == ""  # no bar where no terminal is
        data = server.store.tasks[task].data
        assert data is not None
        assert [frame.name for frame in data.frames] == [path.name for path in paths]
        jobs = [job for job in server.store.jobs.values() if job.task_id == task]
        assert [len(job.shapes) for job in jobs] == [100] * 10
        assert len(server.store.tasks) == 1
    assert weight > 55
    assert 0 < grown / 1024 < weight / 2


def sent(server: CvatServer) -> int:
    """Return how many pictures a server has of the tasks that are not finished."""
    return sum(len(slot.files) for slot in list(server.uploads._slots.values()))


def test_a_task_that_is_taking_its_pictures_in_is_waited_for(tmp_path: Path) -> None:
    paths = pictures(tmp_path / "few", 2)
    with CvatServer() as server:
        task = client_of(server).create_task("street", ["car"])
        server.delay_creations(queued_s=0.5)
        script = subprocess.Popen(
            [
                sys.executable,
                "-c",
                SCRIPT.replace(', "Train", items_per_job=100', ""),
                server.url,
                str(paths[0].parent),
            ]
        )
        deadline = time.monotonic() + PATIENCE_S
        while not server.store.requests:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        script.kill()
        script.wait()
        calls = len(server.calls)
        assert client_of(server).upload_images(task, paths) == ["0000.png", "0001.png"]
        uploads = [path for _, path in list(server.calls)[calls:] if path.endswith("/data/")]
        assert uploads == []


def test_a_bar_is_shown_where_a_terminal_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with progress.progress("Uploading pictures", 3) as done:
        done(3)
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with progress.progress("Uploading pictures", 3) as done:
        done(3)
    said = capsys.readouterr()
    assert "Uploading pictures" in said.err
    assert "3/3" in said.err
    assert said.out == ""
