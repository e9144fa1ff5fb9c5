"""Uploading: every key one live copy, whatever dies in between, and no answered copy ever gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select, update

from auto_labeling.campaign import asks as asks_room
from auto_labeling.campaign import driver, upload
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.rounds import RoundState
from auto_labeling.campaign.schema import asks, uploads
from auto_labeling.errors import BlockedError, TransientError
from auto_labeling.ports import Traits
from auto_labeling.records import (
    CampaignId,
    LabelSchema,
    Purpose,
    RemoteProject,
    RemoteRef,
    Upload,
)
from tests.support.campaigns import ask_to_stop, data_of, drive, drive_until, driving, tiny
from tests.support.shelf import Shelf

UNITS: list[dict[str, Any]] = [{"unit": "item"}, {"unit": "chunk", "chunk_size": 4}]


class Killed(BaseException):
    """Nothing in the library catches it: as good as a SIGKILL."""


def strike(instant: str) -> Callable[[str], None]:
    def watch(now: str) -> None:
        if now == instant:
            raise Killed

    return watch


@dataclass(frozen=True, slots=True)
class Scene:
    """A campaign whose first batch is reserved, and the shelf that it goes to."""

    campaign: Campaign
    shelf: Shelf

    def recorded(self) -> dict[str, str | None]:
        with self.campaign.ledger.read() as connection:
            rows = connection.execute(select(uploads.c.upload, uploads.c.remote_id))
            return {row.upload: row.remote_id for row in rows}

    def states(self) -> set[str]:
        with self.campaign.ledger.read() as connection:
            return set(connection.scalars(select(asks.c.state)))

    def copies(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for ref in self.shelf.copies:
            found.setdefault(ref.key, []).append(ref.remote_id)
        return found

    def add_copy(self, key: str, *, answered: bool = False) -> RemoteRef:
        """Make a second copy of an upload, as a driver does that woke up late."""
        with self.campaign.ledger.read() as connection:
            group = asks_room.of_uploads(connection, self.campaign.campaign_id, [key])[key]
        second = Upload(key=key, items=(), asks=tuple(group))
        ref = self.shelf.create([second])[key]
        if answered:
            self.shelf.answered.add(ref)
        return ref

    def give_up(self, key: str) -> None:
        with self.campaign.ledger.write(self.campaign.fence) as connection:
            connection.execute(
                update(uploads).where(uploads.c.upload == key).values(cancelled_at=1)
            )


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    path = tmp_path / "ws"
    campaign = tiny(path)
    drive_until(path, campaign, RoundState.RESERVED)
    with ExitStack() as stack:
        shelf = Shelf()
        opened = stack.enter_context(driving(path, campaign))
        yield Scene(replace(opened, backend=shelf), shelf)


@pytest.fixture
def sent(scene: Scene) -> Scene:
    upload.send(scene.campaign, 1)
    return scene


def test_what_is_sent_is_made_once_and_recorded(scene: Scene) -> None:
    assert upload.send(scene.campaign, 1) == 6
    assert {key: [ref] for key, ref in scene.recorded().items()} == scene.copies()
    assert scene.states() == {"sent"}
    assert upload.send(scene.campaign, 1) == 0
    assert scene.shelf.made == 6


def test_a_call_that_broke_half_way_is_finished_and_not_begun_again(scene: Scene) -> None:
    scene.shelf.breaks_after = 4
    with pytest.raises(TransientError):
        upload.send(scene.campaign, 1)
    assert set(scene.recorded().values()) == {None}
    scene.shelf.breaks_after = None
    upload.send(scene.campaign, 1)
    assert scene.shelf.made == 6
    assert {key: [ref] for key, ref in scene.recorded().items()} == scene.copies()


@pytest.mark.parametrize("instant", ["upload:before", "upload:between", "upload:after"])
@pytest.mark.parametrize("unit", UNITS, ids=["item", "chunk"])
def test_a_driver_that_dies_while_sending_leaves_no_second_copy(
    tmp_path: Path, unit: Mapping[str, Any], instant: str
) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, backend=unit)
    with pytest.raises(Killed):
        drive(path, campaign, watch=strike(instant))
    drive_until(path, campaign, RoundState.SENT)
    with driving(path, campaign) as opened:
        with opened.ledger.read() as connection:
            keys = list(connection.scalars(select(uploads.c.upload)))
        found = opened.backend.find(keys)
    assert set(found) == set(keys)
    assert {len(copies) for copies in found.values()} == {1}
    assert len(keys) == (6 if unit["unit"] == "item" else 2)


@pytest.mark.parametrize(("instant", "left"), [("upload:before", 0), ("upload:between", 6)])
def test_the_kill_strikes_where_it_should(tmp_path: Path, instant: str, left: int) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path)
    with pytest.raises(Killed):
        drive(path, campaign, watch=strike(instant))
    with driving(path, campaign) as opened:
        with opened.ledger.read() as connection:
            rows = connection.execute(select(uploads.c.upload, uploads.c.remote_id)).all()
        assert {row.remote_id for row in rows} == {None}
        assert len(opened.backend.find([row.upload for row in rows])) == left


def test_one_live_copy_of_every_key_is_left_alone(sent: Scene) -> None:
    before = sent.copies()
    assert upload.repair(sent.campaign, 1) == 0
    assert sent.copies() == before


def test_a_surplus_copy_is_withdrawn_and_the_recorded_one_stays(sent: Scene) -> None:
    before = sent.copies()
    key = next(iter(before))
    sent.add_copy(key)
    assert upload.repair(sent.campaign, 1) == 1
    assert sent.copies() == before


def test_of_two_unrecorded_copies_the_older_stays(scene: Scene) -> None:
    upload.send(scene.campaign, 1)
    key = next(iter(scene.copies()))
    with scene.campaign.ledger.write(scene.campaign.fence) as connection:
        connection.execute(update(uploads).where(uploads.c.upload == key).values(remote_id=None))
    [first] = scene.copies()[key]
    scene.add_copy(key)
    assert upload.repair(scene.campaign, 1) == 1
    assert scene.copies()[key] == [first]


def test_a_surplus_copy_that_is_answered_takes_the_place_of_the_other(sent: Scene) -> None:
    key = next(iter(sent.copies()))
    answered = sent.add_copy(key, answered=True)
    assert upload.repair(sent.campaign, 1) == 1
    assert sent.copies()[key] == [answered.remote_id]
    assert sent.recorded()[key] == answered.remote_id
    assert upload.repair(sent.campaign, 1) == 0


def test_two_copies_that_are_both_answered_both_stay(sent: Scene) -> None:
    key = next(iter(sent.copies()))
    [recorded] = sent.copies()[key]
    sent.shelf.answered.add(RemoteRef(key=key, remote_id=recorded))
    second = sent.add_copy(key, answered=True)
    assert upload.repair(sent.campaign, 1) == 0
    assert sent.copies()[key] == [recorded, second.remote_id]
    assert sent.recorded()[key] == recorded


def test_a_key_that_was_given_up_keeps_no_unanswered_copy(sent: Scene) -> None:
    keys = list(sent.copies())
    sent.give_up(keys[0])
    sent.add_copy(keys[0])
    assert upload.repair(sent.campaign, 1) == 2
    assert list(sent.copies()) == keys[1:]


def test_a_key_that_was_given_up_keeps_what_was_answered_meanwhile(sent: Scene) -> None:
    key = next(iter(sent.copies()))
    sent.give_up(key)
    answered = sent.add_copy(key, answered=True)
    upload.repair(sent.campaign, 1)
    assert sent.copies()[key] == [answered.remote_id]


def test_the_repair_looks_at_one_round_or_at_all(sent: Scene) -> None:
    key = next(iter(sent.copies()))
    sent.add_copy(key)
    assert upload.repair(sent.campaign, 2) == 0
    assert upload.repair(sent.campaign) == 1


def test_only_what_nobody_has_answered_is_withdrawn(sent: Scene) -> None:
    keys = list(sent.copies())
    [kept] = sent.copies()[keys[0]]
    sent.shelf.answered.add(RemoteRef(key=keys[0], remote_id=kept))
    assert upload.withdraw(sent.campaign, keys) == keys[1:]
    assert sent.copies() == {keys[0]: [kept]}


def test_a_key_with_one_answered_copy_of_two_is_not_gone(sent: Scene) -> None:
    key = next(iter(sent.copies()))
    sent.add_copy(key, answered=True)
    assert upload.withdraw(sent.campaign, [key]) == []


def test_a_key_that_the_tool_does_not_know_is_gone(scene: Scene) -> None:
    keys = list(scene.recorded())
    assert upload.withdraw(scene.campaign, keys) == keys


@pytest.mark.parametrize("change", ["gone", "changed"])
def test_a_payload_that_is_not_as_it_was_is_sent_to_nobody(scene: Scene, change: str) -> None:
    pool = data_of(scene.campaign.workspace) / "pool.npy"
    before = pool.read_bytes()
    if change == "gone":
        pool.unlink()
    else:
        np.save(pool, np.load(pool) + 1)
    with pytest.raises(BlockedError, match="goes on once the pool's files are as they were"):
        upload.send(scene.campaign, 1)
    assert scene.shelf.made == 0
    pool.write_bytes(before)
    upload.send(scene.campaign, 1)
    assert scene.shelf.made == 6


def test_chunks_are_no_larger_than_the_tool_takes_and_ask_for_as_many_opinions_on_each_item(
    scene: Scene,
) -> None:
    scene.shelf.traits = Traits(unit="chunk", chunk_size=4)
    opinions = [1, 2, 1, 1, 2, 1, 3, 1, 3, 1]
    items = scene.campaign.pool.ids[-len(opinions) :]
    wanted = [(item, Purpose.OPINION, count) for item, count in zip(items, opinions, strict=True)]
    with scene.campaign.ledger.write(scene.campaign.fence) as connection:
        ordered = asks_room.order(connection, scene.campaign, wanted, 2)
        keys = {ask.upload_key or "" for ask in ordered}
        groups = asks_room.of_uploads(connection, scene.campaign.campaign_id, keys).values()
    assert sorted(len({ask.item_id for ask in group}) for group in groups) == [2, 2, 2, 4]
    for group in groups:
        assert len(set(Counter(ask.item_id for ask in group).values())) == 1
    assert Counter(ask.item_id for ask in ordered) == dict(zip(items, opinions, strict=True))


def test_a_campaign_that_never_reached_its_tool_can_be_stopped(tmp_path: Path) -> None:
    class Unreachable(Shelf):
        def prepare(self, campaign: CampaignId, schema: LabelSchema) -> RemoteProject:
            raise TransientError("nobody answers")

    path = tmp_path / "ws"
    campaign = tiny(path)
    drive_until(path, campaign, RoundState.RESERVED)
    ask_to_stop(path, campaign, "now")
    with driving(path, campaign) as opened:
        state = driver.drive(replace(opened, backend=Unreachable()), wait=False)
    assert (state.stop_kind, state.stopped) == ("person", True)
