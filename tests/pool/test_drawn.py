"""Pool kinds with drawn labels: the promises of every source, and every sort of picture."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.formats.value import read_label, write_label
from auto_labeling.pool.coco import Coco
from auto_labeling.pool.drawn import DrawnPictures
from auto_labeling.pool.images import Images
from auto_labeling.pool.pool import Pool
from auto_labeling.pool.snapshot import ingest, ingest_labeled
from auto_labeling.pool.voc import Voc
from auto_labeling.pool.yolo import Yolo
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Polygon
from tests.contracts.source import CANARY, SourceContract
from tests.pool.written import box_of, write_coco, write_png, write_voc

Labels = list[str | None]
BOXES = LabelSchema(task="boxes", classes=("cat", "dog"))
OF_ANOTHER_SIZE = "expected the 8 x 6 pixels that people see, got labels for 80 x 60"


def content(row: int) -> int:
    return 0 if row == 3 else row


class DrawnContract(SourceContract):
    schema = BOXES

    def kept(self, label: str) -> str:
        return write_label((box_of(label),))

    def picture(self, path: Path, row: int) -> None:
        write_png(path, 20 * content(row), CANARY)

    def change(self, base: Path) -> None:
        [path] = base.glob("set/*/**/g0/0.png")
        write_png(path, 200)

    def remove(self, base: Path) -> None:
        shutil.rmtree(base / "set")


class TestCoco(DrawnContract):
    """A picture that the file names has a label, so one without is one that cannot be read."""

    settings = Coco(path="set/train.json", images="set/images", group_by="folder", size=4)
    unlabeled = OF_ANOTHER_SIZE

    def write(self, base: Path, labels: Labels, name: str = "train") -> Coco:
        names = [f"g{row % 2}/{row}.png" for row in range(len(labels))]
        for row, picture in enumerate(names):
            self.picture(base / "set/images" / picture, row)
        drawn = [
            {"picture": picture, "class": label, "bbox": [0, 0, 4, 6]}
            for picture, label in zip(names, labels, strict=True)
            if label
        ]
        unread = {"width": 80, "height": 60}
        sizes = {name: unread for name, label in zip(names, labels, strict=True) if label is None}
        write_coco(base / f"set/{name}.json", names, drawn, **sizes)
        return self.settings

    def write_heldout(self, base: Path, labels: Labels) -> Coco:
        self.write(base, labels)
        self.write(base, labels, "val")
        return replace(self.settings, heldout="set/val.json")


class TestYolo(DrawnContract):
    settings = Yolo(path="set", group_by="folder", size=4)

    def write(self, base: Path, labels: Labels, split: str = "train") -> Yolo:
        names = ["cow", "cat", "dog"]
        for row, label in enumerate(labels):
            self.picture(base / f"set/images/{split}/g{row % 2}/{row}.png", row)
            path = base / f"set/labels/{split}/g{row % 2}/{row}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            if label:
                path.write_text(f"{names.index(label)} 0.25 0.5 0.5 1\n")
        about = f"names: {names}\ntrain: images/train\nval: images/val\n"
        (base / "set/data.yaml").write_text(about)
        return self.settings

    def write_heldout(self, base: Path, labels: Labels) -> Yolo:
        self.write(base, labels)
        self.write(base, labels, "val")
        return replace(self.settings, heldout="val")

    def change(self, base: Path) -> None:
        write_png(base / "set/images/train/g0/0.png", 200)


class TestVoc(DrawnContract):
    settings = Voc(path="set", list="ImageSets/Main/train.txt", group_by="folder", size=4)

    def write(self, base: Path, labels: Labels, name: str = "train") -> Voc:
        stems = [f"g{row % 2}/{row}" for row in range(len(labels))]
        for row, (stem, label) in enumerate(zip(stems, labels, strict=True)):
            self.picture(base / f"set/JPEGImages/{stem}.png", row)
            path = base / f"set/Annotations/{stem}.xml"
            path.unlink(missing_ok=True)
            if label:
                write_voc(path, [(label, (0, 0, 4, 6))])
        lists = base / "set/ImageSets/Main"
        lists.mkdir(parents=True, exist_ok=True)
        (lists / f"{name}.txt").write_text("".join(f"{stem}\n" for stem in stems))
        return self.settings

    def write_heldout(self, base: Path, labels: Labels) -> Voc:
        self.write(base, labels)
        self.write(base, labels, "test")
        return replace(self.settings, heldout="ImageSets/Main/test.txt")


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def animated() -> bytes:
    frames = [Image.new("L", (8, 6), level) for level in (10, 200)]
    return saved(frames[0], "GIF", save_all=True, append_images=frames[1:])


def lying() -> bytes:
    """Return 6 x 8 pixels that a camera held on its side: people see 8 x 6."""
    turned = Image.Exif()
    turned[0x0112] = 6
    return saved(Image.new("L", (6, 8)), "JPEG", exif=turned)


NO_IMAGE = "it cannot be decoded: damaged, cut short, or not an image"
SORTS: dict[str, tuple[bytes | None, tuple[int, int], str | None]] = {
    "missing": (None, (8, 6), "it cannot be read: No such file or directory"),
    "zero bytes": (b"", (8, 6), "it is empty (0 bytes)"),
    "text": (b"no picture at all", (8, 6), NO_IMAGE),
    "truncated": (saved(Image.effect_noise((64, 48), 90), "JPEG")[:900], (64, 48), NO_IMAGE),
    "one pixel": (saved(Image.new("L", (1, 1)), "PNG"), (1, 1), None),
    "wide": (saved(Image.new("L", (20_000, 6)), "JPEG"), (20_000, 6), None),
    "CMYK": (saved(Image.new("CMYK", (8, 6)), "JPEG"), (8, 6), None),
    "16 bit": (saved(Image.fromarray(np.full((6, 8), 40_000, np.uint16)), "PNG"), (8, 6), None),
    "animated": (animated(), (8, 6), None),
    "gray": (saved(Image.new("L", (8, 6)), "JPEG"), (8, 6), None),
    "alpha": (saved(Image.new("RGBA", (8, 6), (0, 0, 0, 0)), "PNG"), (8, 6), None),
    "on its side": (lying(), (8, 6), None),
}


def as_coco(base: Path, size: tuple[int, int]) -> DrawnPictures:
    width, height = size
    drawn = {"picture": "größe.jpg", "class": "cat", "bbox": [0, 0, width / 2, height]}
    about = {"width": width, "height": height}
    write_coco(base / "a.json", ["größe.jpg"], [drawn], **{"größe.jpg": about})
    return Coco(path="a.json", images="set/images")


def as_yolo(base: Path, size: tuple[int, int]) -> DrawnPictures:
    (base / "set/labels").mkdir(parents=True)
    (base / "set/labels/größe.txt").write_text("0 0.25 0.5 0.5 1")
    (base / "set/classes.txt").write_text("cat\n")
    return Yolo(path="set")


def as_voc(base: Path, size: tuple[int, int]) -> DrawnPictures:
    width, height = size
    drawn = [("cat", (0, 0, width / 2, height))]
    write_voc(base / "set/Annotations/größe.xml", drawn, size=size, name="größe.jpg")
    return Voc(path="set", images="images")


@pytest.mark.parametrize("write", [as_coco, as_yolo, as_voc])
@pytest.mark.parametrize("sort", SORTS)
def test_every_sort_of_picture_is_used_or_said_to_be_unusable(
    tmp_path: Path, sort: str, write: Callable[[Path, tuple[int, int]], DrawnPictures]
) -> None:
    picture, size, why = SORTS[sort]
    (tmp_path / "set/images").mkdir(parents=True)
    if picture is None and write is as_yolo:
        pytest.skip("a YOLO data set names no picture but by its being there")
    if picture is not None:
        (tmp_path / "set/images/größe.jpg").write_bytes(picture)
    source = write(tmp_path, size)
    if why is None:
        rows = source.read(tmp_path, BOXES)
        assert list(rows.labels or ()) == [write_label((box_of("cat"),))]
        assert rows.quarantined == ()
        assert rows.references == ["set/images/größe.jpg"]
        return
    with pytest.raises(DataError, match="not one of 1 rows can be used") as told:
        source.read(tmp_path, BOXES)
    assert str(told.value).endswith(f"set/images/größe.jpg: {why}")


def three(base: Path, **settings: Any) -> Coco:
    names = [f"{name}.png" for name in "abc"]
    for at, name in enumerate(names):
        write_png(base / "set" / name, 50 * at)
    outline = [[0, 0, 4, 0, 4, 6, 0, 6]]
    drawn = [
        {"picture": "a.png", "class": "Cat", "bbox": [0, 0, 4, 6], "segmentation": outline},
        {"picture": "a.png", "class": "tree", "bbox": [0, 0, 4, 6], "segmentation": outline},
        {"picture": "b.png", "class": "dog", "bbox": [0, 0, 4, 6], "segmentation": outline},
        {"picture": "b.png", "class": "dog", "bbox": [4, 4, 0, 2]},
    ]
    write_coco(base / "a.json", names, drawn)
    return Coco(path="a.json", images="set", **settings)


def test_classes_are_renamed_and_left_out_and_no_other_is_guessed(tmp_path: Path) -> None:
    rows = three(tmp_path).read(tmp_path, BOXES)
    assert [one.rsplit("/", 1)[-1] for one in rows.references] == ["b.png", "c.png"]
    assert {one.reason for one in rows.quarantined if one.where == "set/a.png"} == {
        "its label is not one of labels.classes"
    }
    for classes in ({"Cat": "cat", "tree": None}, {"Cat": "cat", "dog": "dog", "*": None}):
        rows = replace(three(tmp_path), classes=classes).read(tmp_path, BOXES)
        assert rows.labels == [
            write_label((box_of(one),) if one else ()) for one in ("cat", "dog", "")
        ]


def test_an_object_that_cannot_be_used_is_counted_and_the_others_stay(tmp_path: Path) -> None:
    source = three(tmp_path, classes={"Cat": "cat", "tree": None})
    for schema in (None, BOXES):
        rows = source.read(tmp_path, schema)
        assert len(rows) == 3
        [bad] = rows.quarantined
        assert (bad.where, bad.item_id) == ("a.json: annotation 4", None)
        assert "expected an area above zero, got edges at" in bad.reason


UNREAD = "it has objects, and not one of them can be used"


def test_a_picture_of_which_no_object_can_be_used_is_not_one_on_which_nothing_is(
    tmp_path: Path,
) -> None:
    for at, name in enumerate("abcd"):
        write_png(tmp_path / f"set/{name}.png", 50 * at)
    box = {"class": "cat", "bbox": [0, 0, 4, 6]}
    crowd = {**box, "picture": "b.png", "iscrowd": 1}
    flat = {"picture": "c.png", "class": "tree", "bbox": [0, 0, 0, 6]}
    names = [f"{name}.png" for name in "abcd"]
    write_coco(tmp_path / "a.json", names, [{**box, "picture": "a.png"}, crowd, flat])
    source = Coco(path="a.json", images="set")
    rows = source.read(tmp_path, BOXES)
    assert list(rows.labels or ()) == [write_label((box_of("cat"),)), write_label(())]
    found = {one.where: one.reason for one in rows.quarantined}
    assert found["set/b.png"] == found["set/c.png"] == UNREAD
    assert "got a crowd" in found["a.json: annotation 2"]
    assert list(source.read(tmp_path).labels or ())[1:] == [None, None, write_label(())]
    wanted = replace(source, classes={"*": None}).read(tmp_path, BOXES)
    assert list(wanted.labels or ()) == 4 * [write_label(())], "what nobody wants is not missed"


@pytest.mark.parametrize(
    ("line", "schema"),
    [
        ("7 0.5 0.5 0.5 0.5", BOXES),
        ("0 4 3 4 6", BOXES),
        ("0 0.5 0.5 0.5 0.5", LabelSchema(task="polygons", classes=("cat",))),
    ],
)
def test_a_text_file_that_cannot_be_used_is_not_an_empty_one(
    tmp_path: Path, line: str, schema: LabelSchema
) -> None:
    source = as_yolo(tmp_path, (8, 6))
    write_png(tmp_path / "set/images/größe.jpg", 3)
    write_png(tmp_path / "set/images/nothing.png", 4)
    (tmp_path / "set/labels/größe.txt").write_text(line)
    (tmp_path / "set/labels/nothing.txt").touch()
    rows = source.read(tmp_path, schema)
    assert rows.references == ["set/images/nothing.png"]
    assert rows.quarantined[-1].reason == UNREAD
    assert list(source.read(tmp_path).labels or ()).count(None) == (schema is BOXES)


def test_a_coco_file_without_annotations_has_pictures_to_be_labeled(tmp_path: Path) -> None:
    source = three(tmp_path)
    content = json.loads((tmp_path / "a.json").read_text())
    del content["annotations"]
    (tmp_path / "a.json").write_text(json.dumps(content))
    rows = source.read(tmp_path)
    assert (list(rows.labels or ()), rows.quarantined) == ([None] * 3, ())
    with pytest.raises(
        DataError, match=r"expected annotations of the file's pictures, or an empty"
    ):
        source.read(tmp_path, BOXES)


def test_pictures_that_share_an_id_have_no_label(tmp_path: Path) -> None:
    source = three(tmp_path)
    content = json.loads((tmp_path / "a.json").read_text())
    content["images"][1]["id"] = content["images"][0]["id"]
    (tmp_path / "a.json").write_text(json.dumps(content))
    assert source.read(tmp_path, BOXES).references == ["set/c.png"]
    rows = source.read(tmp_path)
    assert list(rows.labels or ()) == [None, None, write_label(())]
    assert {one.where for one in rows.quarantined} >= {"a.json: a.png", "a.json: b.png"}


def test_what_a_label_is_made_of(tmp_path: Path) -> None:
    source = three(tmp_path, classes={"Cat": "cat", "tree": None})
    corners = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
    outlines = LabelSchema(task="polygons", classes=("cat", "dog"))
    found = source.read(tmp_path, outlines)
    assert read_label(str((found.labels or ())[0]), outlines) == (
        Polygon(label="cat", points=corners),
    )
    assert source.read(tmp_path).labels == found.labels, "the closest that the file has"
    boxes = replace(source, shapes="boxes").read(tmp_path)
    assert boxes.labels == source.read(tmp_path, BOXES).labels
    masks = LabelSchema(task="masks", classes=("cat", "dog"))
    [mask] = read_label(str((source.read(tmp_path, masks).labels or ())[0]), masks)
    assert (mask.area, mask.runs) == (0.5, (0, 24, 24))  # type: ignore[union-attr]


def test_labels_find_the_pictures_of_a_pool(tmp_path: Path) -> None:
    source = three(tmp_path, classes={"Cat": "cat", "tree": None})
    ingest(Images(path="set"), tmp_path, tmp_path / "pool", number=1, schema=BOXES)
    done = ingest_labeled(source, tmp_path, tmp_path / "pool", number=2, schema=BOXES)
    assert done.size == 0
    assert sorted(done.known_labels.values()) == sorted(
        write_label((box_of(one),) if one else ()) for one in ("cat", "dog", "")
    )
    pool = Pool.open(tmp_path / "pool")
    assert [path.name for path in pool.pictures([2, 0])] == ["c.png", "a.png"]


def test_a_flag_in_a_list_is_no_part_of_a_name_and_a_name_may_end_like_one(tmp_path: Path) -> None:
    for stem in ("photo 0", "photo 1", "cat", "dog"):
        write_png(tmp_path / f"set/JPEGImages/{stem}.png", len(stem))
        write_voc(tmp_path / f"set/Annotations/{stem}.xml", [("cat", (0, 0, 4, 6))])
    (tmp_path / "set/some.txt").write_text("photo 0\nphoto 1  -1\ncat  1\n")
    rows = Voc(path="set", list="some.txt").read(tmp_path, BOXES)
    found = [one.removeprefix("set/JPEGImages/") for one in rows.references]
    assert (found, rows.quarantined) == (["cat.png", "photo 0.png", "photo 1.png"], ())


def test_the_suffix_of_an_xml_file_may_be_in_capitals(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", 3)
    (tmp_path / "set/JPEGImages").mkdir(parents=True)
    (tmp_path / "a.png").rename(tmp_path / "set/JPEGImages/a.PNG")
    write_voc(tmp_path / "set/Annotations/a.XML", [("cat", (0, 0, 4, 6))])
    rows = Voc(path="set").read(tmp_path, BOXES)
    assert list(rows.labels or ()) == [write_label((box_of("cat"),))]


def test_a_whole_class_is_no_drawing(tmp_path: Path) -> None:
    single = LabelSchema(task="single", classes=("cat", "dog"))
    with pytest.raises(DataError, match=r"a\.json: expected labels.task boxes, polygons or masks"):
        three(tmp_path).read(tmp_path, single)
    write_png(tmp_path / "photos/cat/a.png", 3)
    with pytest.raises(DataError, match=r"expected labels.task single or multi to read labels"):
        Images(path="photos", label_by="folder").read(tmp_path, BOXES)


def test_groups_by_an_expression(tmp_path: Path) -> None:
    for name in ("day1/film_a_frame1.png", "day1/film_a_frame2.png", "day2/b_frame1.png", "c.png"):
        write_png(tmp_path / "set" / name, len(name))
    source = Images(path="set", group_by={"pattern": "(.*)_frame"})
    assert source.read(tmp_path).groups == [None, "day1/film_a", "day1/film_a", "day2/b"]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Images(path="a", group_by={"pattern": "frame"}), "without one"),
        (lambda: Images(path="a", group_by={"pattern": "("}), "unterminated"),
        (lambda: Images(path="a", group_by={"regex": "(.)"}), "EXPRESSION with a group"),
        (lambda: Images(path="a", near_duplicates="drop"), "near_duplicates: expected collapse"),
        (lambda: Coco(path=""), "pool.path: expected a COCO file"),
        (lambda: Coco(path="a", shapes="dots"), "pool.shapes: expected boxes, polygons or masks"),
        (lambda: Yolo(path="a", split=""), "pool: expected path and split"),
        (lambda: Voc(path="a", first_pixel=2), "pool.first_pixel: expected 0 or 1"),
        (lambda: Voc(path=""), "pool.path: expected a folder"),
    ],
)
def test_settings_that_mean_nothing_are_refused(make: Callable[[], object], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        make()


def test_nothing_is_read_from_elsewhere(tmp_path: Path) -> None:
    write_png(tmp_path / "secret.png", 9)
    write_png(tmp_path / "set/a.png", 8)
    names = ["a.png", "../secret.png", str(tmp_path / "secret.png"), "a.png", "b\0.png"]
    write_coco(tmp_path / "a.json", names, [])
    rows = Coco(path="a.json", images="set").read(tmp_path)
    assert rows.references == ["set/a.png"]
    reasons = [one.reason for one in rows.quarantined]
    elsewhere = "it does not lie below set, and nothing else is read"
    assert reasons == [elsewhere, elsewhere, "it is listed twice", elsewhere]


def test_a_coco_file_whose_pictures_lie_elsewhere_names_the_key(tmp_path: Path) -> None:
    write_coco(tmp_path / "a.json", ["a.png", "b.png"], [])
    with pytest.raises(DataError, match=r"none of its 2 pictures lies beside .*pool\.images"):
        Coco(path="a.json").read(tmp_path)
    write_coco(tmp_path / "a.json", [], [])
    with pytest.raises(DataError, match=r"a\.json: expected at least one row, got none"):
        Coco(path="a.json").read(tmp_path)
