"""Pictures and what is drawn on them, as they get to CVAT and back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from auto_labeling.backends.cvat import connection
from auto_labeling.backends.cvat.pictures import Shown
from auto_labeling.errors import BlockedError, RejectedError
from auto_labeling.records import Item, LabelSchema
from auto_labeling.shapes import Box, Mask, Polygon
from tests.contracts.asking import upload_of
from tests.cvat.room import Room, said, suggested

BOXES = LabelSchema(task="boxes", classes=("car", "bus"))


@pytest.mark.parametrize("fault", ["empty", "text", "truncated", "gone"])
def test_a_picture_that_cannot_be_shown_is_named_before_anything_is_sent(
    room: Room, fault: str
) -> None:
    backend = room.backend()
    good = room.items(1)
    path = room.folder / "broken.jpg"
    Image.effect_noise((64, 64), 50).save(path)
    whole = path.read_bytes()
    path.write_bytes({"empty": b"", "text": b"no picture"}.get(fault, whole[: len(whole) // 2]))
    if fault == "gone":
        path.unlink()
    uploads = [upload_of(good), upload_of([Item(item_id="odd one", uri="broken.jpg")])]
    with pytest.raises(BlockedError, match=r"item 'odd one': the picture .*broken.jpg cannot be"):
        backend.create(uploads)
    assert room.tasks() == []


def test_boxes_lie_on_a_picture_as_people_see_it(room: Room) -> None:
    room.schema = BOXES
    path = room.folder / "turned.jpg"
    picture = Image.new("RGB", (40, 20))
    exif = picture.getexif()
    exif[0x0112] = 6  # turned by a quarter: people see 20 x 40
    picture.save(path, exif=exif)
    backend = room.backend()
    car = Box(label="car", x=0.5, y=0.25, width=0.25, height=0.5)
    upload = suggested(upload_of([Item(item_id="turned", uri=str(path))]), (car,))
    ref = backend.create([upload])[upload.key]
    crew = room.crew
    job = crew.job(ref)
    there = room.office.call("GET", f"/api/jobs/{job['id']}/annotations/")
    assert there["shapes"][0]["points"] == [10, 10, 15, 30]
    crew.turn(job, "completed")
    [event], _ = backend.changes(None)
    [drawn] = event.value
    assert (drawn.x, drawn.y, drawn.width, drawn.height) == (0.5, 0.25, 0.25, 0.5)
    assert event.touched_suggestion is False


def test_frames_stand_in_the_order_of_the_items_and_tell_nothing_of_their_files(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_AT_ONCE", 100)  # so that some go together and some alone
    backend = room.backend()
    items = []
    for number in (3, 1, 2):
        folder = room.folder / f"of patient {number}"
        folder.mkdir()
        Image.new("RGB", (8 * number**3, 8), (0, 0, number)).save(folder / "same name.png")
        items.append(Item(item_id=f"p{number}", uri=str(folder / "same name.png")))
    upload = upload_of(items)
    ref = backend.create([upload])[upload.key]
    meta = room.office.call("GET", f"/api/tasks/{ref.remote_id}/data/meta")
    assert [frame["width"] for frame in meta["frames"]] == [216, 8, 64]
    assert not any("name" in frame["name"] or "/" in frame["name"] for frame in meta["frames"])


def test_a_picture_may_have_any_name(room: Room) -> None:
    backend = room.backend()
    path = room.folder / "scan"
    Image.new("RGB", (8, 8)).save(path, format="PNG")
    upload = upload_of([Item(item_id="scan", uri="scan")])
    ref = backend.create([upload])[upload.key]
    meta = room.office.call("GET", f"/api/tasks/{ref.remote_id}/data/meta")
    assert meta["frames"][0]["name"].endswith(".png")


def test_pictures_in_places_of_several_kinds_are_refused(room: Room) -> None:
    backend = room.backend()
    mixed = [*room.items(1), Item(item_id="far", uri="https://example.org/a.png")]
    with pytest.raises(RejectedError, match="expected pictures of one kind of place"):
        backend.create([upload_of(mixed)])
    with pytest.raises(BlockedError, match=r"s3://bucket/a.png lies where CVAT cannot read it"):
        backend.create([upload_of([Item(item_id="far", uri="s3://bucket/a.png")])])
    twice = [Item(item_id=n, uri=f"https://example.org/{n}/a.png") for n in ("x", "y")]
    with pytest.raises(RejectedError, match="tells remote pictures apart"):
        backend.create([upload_of(twice)])
    with pytest.raises(RejectedError, match="CVAT shows pictures, and this is a text"):
        backend.create([upload_of([Item(item_id="t", text="t")])])


def test_a_remote_picture_is_called_as_cvat_calls_it() -> None:
    addresses = ("https://a.example/o/cats%2F1.jpg?alt=media", "https://a.example/b/2%20c.jpg")
    assert Shown(way="remote", names=addresses).frame_names() == ["1.jpg", "2 c.jpg"]


SHAPES = {
    "boxes": Box(label="car", x=0.25, y=0.25, width=0.5, height=0.5),
    "polygons": Polygon(label="bus", points=((0, 0), (0.5, 0), (0.5, 0.75))),
    "masks": Mask(label="car", height=8, width=12, runs=(9, 3, 5, 4, 75)),
}


@pytest.mark.parametrize("task", SHAPES)
def test_shapes_come_back_as_they_were_suggested_unless_somebody_changes_them(
    room: Room, task: Any
) -> None:
    room.schema = LabelSchema(task=task, classes=("car", "bus"))
    backend = room.backend()
    upload = upload_of(room.items(2))
    upload = suggested(upload, (SHAPES[task],), (SHAPES[task],))
    ref = backend.create([upload])[upload.key]
    crew = room.crew
    job = crew.job(ref)
    crew.draw(job, 1, [], [])  # there is nothing of the kind on the second one
    crew.turn(job, "completed")
    first, second = backend.changes(None)[0]
    [drawn] = first.value
    assert replace(drawn, score=None, attributes={}) == SHAPES[task]
    assert (first.touched_suggestion, second.value, second.touched_suggestion) == (False, (), True)


def test_what_cannot_be_read_is_reported_with_its_reason(room: Room) -> None:
    backend = room.backend()
    upload = upload_of(room.items(2))
    ref = backend.create([upload])[upload.key]
    crew = room.crew
    job = crew.job(ref)
    crew.tag(job, 0, ["yes", "no"])
    crew.tag(job, 1, ["no"])
    crew.turn(job, "completed")
    events, cursor = backend.changes(None)
    both, one = events
    assert (both.kind.value, both.value, one.value) == ("submitted", None, "no")
    assert "expected one class" in str(both.problem)
    crew.change(ref, upload.items[0], ["yes"])
    assert said(backend.changes(cursor)[0]) == [("edited", both.item_id, "yes")]
