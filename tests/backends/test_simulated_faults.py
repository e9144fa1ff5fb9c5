"""The simulated tool goes wrong as real tools do, and its file survives who uses it."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from types import FrameType

import pytest

from auto_labeling.errors import BlockedError, TransientError
from auto_labeling.records import EventKind
from tests.backends.town import ITEMS, Town, patiently


def in_child(work: Callable[[], object]) -> int:
    """Run `work` in a forked process and return its process id."""
    child = os.fork()
    if child:
        return child
    try:
        work()
    except BaseException:  # noqa: BLE001 - whatever it is, the parent must see a failed child
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def ended(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_an_event_is_repeated_once_in_the_next_poll_with_its_fingerprint(tmp_path: Path) -> None:
    town = Town(tmp_path, duplicate=0.5)
    town.backend.create(town.uploads(ITEMS))
    town.clock.sleep(3600)
    first, cursor = town.backend.changes(None)
    again, cursor = town.backend.changes(cursor)
    last, _ = town.backend.changes(cursor)
    assert len(first) == len(ITEMS)
    assert 5 < len(again) < len(ITEMS) - 5
    assert all(event in first for event in again)
    assert list(last) == []


def test_retries_pass_in_the_end_and_some_of_the_failed_calls_took_effect(tmp_path: Path) -> None:
    town = Town(tmp_path, outage=0.6)
    failed = 0
    for upload in town.uploads(ITEMS):
        for _ in range(100):
            if patiently(partial(town.backend.find, [upload.key])):
                break
            try:
                town.backend.create([upload])
            except TransientError:
                failed += 1
    copies = patiently(lambda: town.backend.find([u.key for u in town.uploads(ITEMS)]))
    assert all(len(found) == 1 for found in copies.values())
    assert len(copies) == len(ITEMS)
    town.clock.sleep(3600)
    events, _ = patiently(lambda: town.backend.changes(None))
    assert len(events) == len(ITEMS)
    assert failed > 5


def test_a_failed_call_is_done_or_not_done(tmp_path: Path) -> None:
    town = Town(tmp_path, outage=0.8)
    done: Counter[bool] = Counter()
    for upload in town.uploads(ITEMS):
        try:
            town.backend.create([upload])
        except TransientError:
            done[bool(patiently(partial(town.backend.find, [upload.key])))] += 1
    assert min(done[True], done[False]) > 5


def test_outages_do_not_change_what_people_say(tmp_path: Path) -> None:
    smooth, rough = Town(tmp_path / "smooth"), Town(tmp_path / "rough", outage=0.5)
    for town in (smooth, rough):
        for upload in town.uploads(ITEMS, 2):
            while not patiently(partial(town.backend.find, [upload.key])):
                try:
                    town.backend.create([upload])
                except TransientError:
                    continue
    rough.clock.sleep(86_400)
    events, _ = patiently(lambda: rough.backend.changes(None))
    assert {(e.item_id, e.person, e.value) for e in events} == smooth.said(1)


def dies_at(strike: int, work: Callable[[], object], within: str = "") -> Callable[[], None]:
    """Return `work` as it is done by a process that is killed at one of its calls."""

    def run() -> None:
        left = strike

        def count(frame: FrameType, _event: str, _arg: object) -> None:
            nonlocal left
            left -= not within or frame.f_code.co_name == within
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(count)
        work()

    return run


def test_a_kill_at_any_call_leaves_all_or_nothing(tmp_path: Path) -> None:
    outcomes = set()
    for strike in range(0, 12_000, 400):
        town = Town(tmp_path / str(strike))
        uploads = town.uploads(ITEMS[:12], 3)
        town.backend.create(uploads[:2])
        status = ended(in_child(dies_at(strike, partial(town.backend.create, uploads[2:]))))
        made = town.backend.find([upload.key for upload in uploads])
        outcomes.add((status, len(made)))
        with closing(sqlite3.connect(town.place.folder / "simulated.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        town.backend.create([upload for upload in uploads[2:] if upload.key not in made])
        events = town.events(1)
        assert len(events) == 12 * 3
        assert len({(event.item_id, event.person) for event in events}) == len(events)
    assert outcomes == {(-signal.SIGKILL, 2), (0, 12)}


def test_a_kill_around_the_commit_leaves_all_or_nothing(tmp_path: Path) -> None:
    outcomes = set()
    for strike in range(40):
        town = Town(tmp_path / str(strike))
        uploads = town.uploads(ITEMS[:5])
        work = dies_at(strike, partial(town.backend.create, uploads), "transaction")
        outcomes.add((ended(in_child(work)), len(town.backend.find([u.key for u in uploads]))))
        town.clock.sleep(3600)
        assert len(town.backend.changes(None)[0]) in (0, 5)
    assert {(-signal.SIGKILL, 0), (-signal.SIGKILL, 5)} <= outcomes
    assert outcomes <= {(-signal.SIGKILL, 0), (-signal.SIGKILL, 5), (0, 5)}


def test_a_kill_while_the_file_is_made_leaves_none_or_a_whole_one(tmp_path: Path) -> None:
    statuses = set()
    for strike in range(20):
        folder = tmp_path / str(strike)
        work = dies_at(strike, partial(Town, folder), "_install")
        statuses.add(ended(in_child(work)))
        town = Town(folder)
        town.backend.create(town.uploads(ITEMS[:3]))
        assert len(town.events(1)) == 3
    assert -signal.SIGKILL in statuses


def test_two_processes_may_make_the_file_at_once(tmp_path: Path) -> None:
    def begin(folder: Path, first: int) -> None:
        town = Town(folder)
        town.backend.create([town.upload(["i0"], first=first)])

    for trial in range(12):
        folder = tmp_path / str(trial)
        children = [in_child(partial(begin, folder, first)) for first in range(2)]
        assert [ended(child) for child in children] == [0, 0]
        assert len(Town(folder).events(1)) == 2


def test_two_processes_may_create_and_poll_at_once(tmp_path: Path) -> None:
    def drive(first: int) -> None:
        town = Town(tmp_path)  # both may find no file, and make it
        for at in range(0, len(ITEMS), 4):
            made = town.backend.create(town.uploads(ITEMS[at : at + 4], 2, first))
            town.clock.sleep(1)
            town.backend.changes(None)
            assert len(made) == 4

    children = [in_child(partial(drive, first)) for first in (0, 2)]
    assert [ended(child) for child in children] == [0, 0]
    town = Town(tmp_path)
    keys = [upload.key for first in (0, 2) for upload in town.uploads(ITEMS, 2, first)]
    refs = [ref for copies in town.backend.find(keys).values() for ref in copies]
    assert len({ref.remote_id for ref in refs}) == len(refs) == 2 * len(ITEMS)
    events = town.events(1)
    assert {event.kind for event in events} == {EventKind.SUBMITTED}
    assert len(events) == 4 * len(ITEMS)
    assert len({(event.item_id, event.person) for event in events}) == len(events)
    assert len({event.fingerprint for event in events}) == len(events)


def test_what_one_process_creates_while_another_polls_is_never_missed(tmp_path: Path) -> None:
    town = Town(tmp_path)

    def create() -> None:
        for upload in town.uploads(ITEMS, 2):
            town.backend.create([upload])

    child = in_child(create)
    cursor, seen, polls = None, set(), 0
    status = None
    while status is None:
        town.clock.sleep(1.7)
        pid, code = os.waitpid(child, os.WNOHANG)
        status = code if pid else None
        events, cursor = town.backend.changes(cursor)
        seen |= {event.fingerprint for event in events}
        polls += 1
    town.clock.sleep(86_400)
    events, _ = town.backend.changes(cursor)
    seen |= {event.fingerprint for event in events}
    assert status == 0
    assert polls > 1
    assert seen == {event.fingerprint for event in town.backend.changes(None)[0]}
    assert len(seen) == 2 * len(ITEMS)


def test_a_broken_file_blocks_with_its_name(tmp_path: Path) -> None:
    town = Town(tmp_path)
    path = tmp_path / "simulated.db"
    path.write_bytes(b"not a database at all" * 400)
    with pytest.raises(BlockedError, match=r"simulated\.db.*begin a new campaign"):
        town.open().find(["k"])


def test_a_full_disk_blocks_and_changes_nothing(tmp_path: Path) -> None:
    town = Town(tmp_path)
    made = town.backend.create(town.uploads(ITEMS[:2]))

    def fill() -> None:
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        limit = (tmp_path / "simulated.db").stat().st_size + 4096
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        uploads = [one for first in range(1, 40) for one in town.uploads(ITEMS, 3, first)]
        with pytest.raises(BlockedError):
            town.backend.create(uploads)

    assert ended(in_child(fill)) == 0
    assert town.backend.find(list(made)).keys() == made.keys()
    town.backend.create([town.upload(["i30"])])
    assert {"i0", "i1", "i30"} <= {event.item_id for event in town.events(1)}
