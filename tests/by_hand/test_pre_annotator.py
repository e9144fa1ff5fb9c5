from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from auto_labeling.by_hand.picture_files import size_of
from auto_labeling.by_hand.pre_annotator import PreAnnotator
from auto_labeling.detections import Detections
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.pictures import Pictures
from auto_labeling.pool.coco import Coco
from auto_labeling.preannotation.rules import Rules
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Box
from tests.support.patches import Colours, drawn
from tests.support.real_data import WEIGHTS, needed

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pictures" / "b").mkdir(parents=True)
    drawn(tmp_path / "pictures" / "a.png", (200, 100), [(0, (10, 20, 50, 60))])
    drawn(
        tmp_path / "pictures" / "b" / "ä b.png",
        (60, 80),
        [(1, (0, 0, 30, 80)), (0, (40, 0, 60, 9))],
    )
    drawn(tmp_path / "pictures" / "nothing.png", (64, 64), [])
    return tmp_path / "pictures"


def coco_of(content: dict[str, Any], tmp_path: Path) -> COCO:
    path = tmp_path / "coco.json"
    path.write_text(json.dumps(content))
    return COCO(path)


def test_the_three_formats_say_the_same(folder: Path, tmp_path: Path) -> None:
    annotator = PreAnnotator(Colours(), confidence_threshold=0.1)
    coco = coco_of(annotator.predict(folder), tmp_path)
    images = {one["file_name"]: one for one in coco.loadImgs(coco.getImgIds())}
    assert sorted(images) == ["a.png", "b/ä b.png", "nothing.png"]
    found = {
        name: [
            (coco.loadCats(one["category_id"])[0]["name"], *one["bbox"])
            for one in coco.loadAnns(coco.getAnnIds(imgIds=image["id"]))
        ]
        for name, image in images.items()
    }
    assert found == {
        "a.png": [("red", 10, 20, 40, 40)],
        "b/ä b.png": [("red", 40, 0, 20, 9), ("green", 0, 0, 30, 80)],
        "nothing.png": [],
    }
    scores = [one["score"] for one in coco.loadAnns(coco.getAnnIds())]
    assert scores == pytest.approx([0.9, 0.9, 0.5])
    yolo = annotator.predict(folder, format="yolo")
    assert yolo["classes.txt"] == "red\ngreen\n"
    assert set(yolo) == {"classes.txt", "labels/a.txt", "labels/b/ä b.txt", "labels/nothing.txt"}
    assert [float(one) for one in yolo["labels/a.txt"].split()] == pytest.approx(
        [0, 0.15, 0.4, 0.2, 0.4]
    )
    assert yolo["labels/nothing.txt"] == ""
    voc = annotator.predict(folder, format="pascal_voc")
    box = ET.fromstring(voc["Annotations/a.xml"]).find("object/bndbox")
    assert box is not None
    assert [int(edge.text or "") for edge in box] == [10, 20, 50, 60]


def test_what_is_suggested_is_there_as_shapes_in_every_format(folder: Path) -> None:
    (folder / "torn.png").write_bytes((folder / "a.png").read_bytes()[:60])
    annotator = PreAnnotator(Colours(), 0.6)
    coco, *others = (annotator.predict(folder, form) for form in ("coco", "yolo", "pascal_voc"))
    assert {path.name: [one.label for one in shapes] for path, shapes in coco.shapes.items()} == {
        "a.png": ["red"],
        "nothing.png": [],
        "ä b.png": ["red"],
    }
    [box] = coco.shapes[folder / "a.png"]
    assert isinstance(box, Box)
    assert (box.x, box.y, box.width, box.height) == pytest.approx((0.05, 0.2, 0.2, 0.4))
    assert box.score == pytest.approx(0.9)
    assert list(coco.quarantined) == [folder / "torn.png"]
    assert all(one.shapes == coco.shapes for one in others)


def test_scores_go_along_in_yolo_where_wanted(folder: Path) -> None:
    found = PreAnnotator(Colours(), 0.1).predict(folder, "yolo", scores=True)
    assert [line.split()[-1] for line in found["labels/b/ä b.txt"].splitlines()] == ["0.9", "0.5"]
    assert len(found["labels/a.txt"].split()) == 6


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools
def test_masks_are_outlines_in_yolo_and_boxes_in_pascal_voc(folder: Path, tmp_path: Path) -> None:
    annotator = PreAnnotator(Colours(draws=True), 0.1)
    coco = coco_of(annotator.predict(folder), tmp_path)
    [one] = coco.loadAnns(coco.getAnnIds(imgIds=1))
    truth = np.asarray(Image.open(folder / "a.png"))[..., 0] > 128
    assert np.array_equal(coco.annToMask(one).astype(bool), truth)
    line, *more = annotator.predict(folder, "yolo", scores=True)["labels/a.txt"].splitlines()
    assert not more
    label, *numbers, score = map(float, line.split())
    corners = {
        (round(x * 200), round(y * 100)) for x, y in zip(numbers[::2], numbers[1::2], strict=True)
    }
    assert (label, score, corners) == (0, 0.9, {(10, 20), (50, 20), (50, 60), (10, 60)})
    assert annotator.predict(folder, "pascal_voc") == PreAnnotator(Colours(), 0.1).predict(
        folder, "pascal_voc"
    )


@pytest.mark.parametrize(
    ("form", "names"),
    [
        ("coco", {"annotations.json"}),
        ("yolo", {"classes.txt", "labels/a.txt", "labels/b/ä b.txt", "labels/nothing.txt"}),
        ("pascal_voc", {f"Annotations/{one}.xml" for one in ("a", "b/ä b", "nothing")}),
    ],
)
def test_files_are_written_where_wanted(
    form: Any, names: set[str], folder: Path, tmp_path: Path
) -> None:
    content = PreAnnotator(Colours(), 0.1).predict(folder, form, output=tmp_path / "out")
    written = {
        one.relative_to(tmp_path / "out").as_posix(): one.read_text()
        for one in (tmp_path / "out").rglob("*")
        if one.is_file()
    }
    assert set(written) == names
    assert (json.loads(written["annotations.json"]) if form == "coco" else written) == content


def test_pictures_are_a_folder_a_pattern_a_list_or_one(folder: Path, tmp_path: Path) -> None:
    annotator = PreAnnotator(Colours(), 0.1)
    (folder / "list.txt").write_text("a.png\n")

    def names(given: Any) -> list[str]:
        return sorted(one["file_name"] for one in annotator.predict(given)["images"])

    assert names(folder) == ["a.png", "b/ä b.png", "nothing.png"]
    assert names(str(folder / "*.png")) == ["a.png", "nothing.png"]
    assert names(folder / "list.txt") == names(folder / "a.png") == ["a.png"]
    assert names([str(folder / "a.png"), folder / "a.png", folder / "b" / "ä b.png"]) == [
        "a.png",
        "b/ä b.png",
    ]
    with pytest.raises(DataError, match="found none"):
        annotator.predict(folder / "*.gif")
    with pytest.raises(DataError, match="no such folder or file"):
        annotator.predict(tmp_path / "absent")


def test_classes_are_mapped_and_thresholds_are_by_class(folder: Path) -> None:
    rules = Rules(classes={"red": "warm"}, thresholds={"green": 0.95})
    found = PreAnnotator(Colours(), 0.1, rules=rules).predict(folder)
    assert [one["name"] for one in found["categories"]] == ["warm", "green"]
    assert {one["category_id"] for one in found["annotations"]} == {1}
    found = PreAnnotator(Colours(), 0.1, classes=("GREEN",)).predict(folder)
    assert [one["name"] for one in found["categories"]] == ["GREEN"]
    assert len(found["annotations"]) == 1


def test_tiles_are_looked_at_where_the_rules_say_so(folder: Path) -> None:
    detector = Colours()
    found = PreAnnotator(detector, 0.1, rules=Rules(tile="64px")).predict(folder)
    assert max(max(size) for size in detector.seen) == 64
    assert [one["bbox"] for one in found["annotations"]] == [
        one["bbox"] for one in PreAnnotator(Colours(), 0.1).predict(folder)["annotations"]
    ]


def _truncated(path: Path) -> None:
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (90, 90, 3), np.uint8)).save(path.with_name("whole.jpg"))
    path.write_bytes(path.with_name("whole.jpg").read_bytes()[:2000])
    path.with_name("whole.jpg").unlink()


BAD: dict[str, Callable[[Path], object]] = {
    "zero.jpg": lambda path: path.write_bytes(b""),
    "text.jpg": lambda path: path.write_text("not a picture"),
    "truncated.jpg": _truncated,
    "header.png": lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n"),
}
GOOD: dict[str, Callable[[Path], object]] = {
    "one.png": lambda path: Image.new("RGB", (1, 1)).save(path),
    "wide.png": lambda path: drawn(path, (20_000, 40), [(0, (19_000, 5, 19_900, 30))]),
    "cmyk.jpg": lambda path: Image.new("CMYK", (30, 20), (0, 255, 255, 0)).save(path),
    "deep.png": lambda path: Image.fromarray(np.full((20, 30), 60_000, np.uint16)).save(path),
    "moving.gif": lambda path: Image.new("P", (20, 20)).save(
        path, save_all=True, append_images=[Image.new("P", (20, 20), 3)]
    ),
    "gray.png": lambda path: Image.new("L", (20, 20), 200).save(path),
    "alpha.png": lambda path: Image.new("RGBA", (20, 20), (255, 0, 0, 0)).save(path),
}


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    folder = tmp_path / "zoo"
    folder.mkdir()
    for name, make in (BAD | GOOD).items():
        make(folder / name)
    return folder


def test_bad_files_are_put_aside_and_end_nothing(zoo: Path) -> None:
    found = PreAnnotator(Colours(), 0.1).predict([*zoo.iterdir(), zoo / "absent.png"])
    assert {path.name for path in found.quarantined} == {*BAD, "absent.png"}
    assert found.quarantined[zoo / "zero.jpg"] == "it is empty (0 bytes)"
    assert "cannot be decoded" in found.quarantined[zoo / "truncated.jpg"]
    assert found.quarantined[zoo / "absent.png"] == "it cannot be read: No such file or directory"
    assert {one["file_name"] for one in found["images"]} == set(GOOD)


class Picky(Colours):
    """Refuses pictures that are higher than wide, as a detector may."""

    def detect(self, pictures: Pictures, *, mirrored: bool = False) -> Detections:
        for path in pictures:
            with Image.open(path) as picture:
                if picture.height > picture.width:
                    raise DataError(f"{path}: too high")
        return super().detect(pictures)


class Blind(Colours):
    def detect(self, pictures: Pictures, *, mirrored: bool = False) -> Detections:
        raise DataError("model: it classifies pictures")


def test_a_picture_that_the_detector_refuses_is_put_aside_too(folder: Path) -> None:
    found = PreAnnotator(Picky(), 0.1).predict(folder)
    assert [path.name for path in found.quarantined] == ["ä b.png"]
    assert len(found["images"]) == 2


def test_a_detector_that_refuses_everything_is_an_error(folder: Path) -> None:
    with pytest.raises(DataError, match="it classifies pictures"):
        PreAnnotator(Blind()).predict(folder)


def test_what_is_no_model_is_said(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"expected the path of \.pt weights.*got a int"):
        PreAnnotator(3)
    with pytest.raises(ConfigurationError, match="sha256"):
        PreAnnotator("yolov8n.pt")
    with pytest.raises(ConfigurationError, match="expected coco, yolo or pascal_voc, got 'voc'"):
        PreAnnotator(Colours()).predict(folder, "voc")  # type: ignore[arg-type]
    for threshold in (70, "0.5"):
        with pytest.raises(ConfigurationError, match=rf"in \[0, 1\], got {threshold!r}"):
            PreAnnotator(Colours(), threshold)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"'yolov8n\.yaml': its weights are random, and"):
        PreAnnotator("yolov8n.yaml")
    with pytest.raises(ConfigurationError, match="model: it knows no classes"):
        PreAnnotator(Colours(names=())).predict(folder)
    with pytest.raises(ConfigurationError, match="expected a list of names, got 'red' alone"):
        PreAnnotator(Colours(), classes="red")
    with pytest.raises(ConfigurationError, match=r"knows .'red', 'green'., and none of .'blue'."):
        PreAnnotator(Colours(), classes=["blue"]).predict(folder)
    rules = Rules(thresholds={"gren": 0.9})
    with pytest.raises(ConfigurationError, match=r"thresholds: .*got 'gren'; did you mean 'green'"):
        PreAnnotator(Colours(), rules=rules).predict(folder)
    rules = Rules(classes={"blue": "red"})
    with pytest.raises(ConfigurationError, match=r"the model knows .* and no 'blue'"):
        PreAnnotator(Colours(), rules=rules, classes=("red",)).predict(folder)


def test_the_rules_may_say_how_sure_the_model_has_to_be(folder: Path) -> None:
    assert PreAnnotator(Colours()).rules.at_least == 0.7
    assert PreAnnotator(Colours(), rules=Rules(tile="64px")).rules.at_least == 0.7
    annotator = PreAnnotator(Colours(), rules=Rules(at_least=0.3))
    assert annotator.rules.at_least == 0.3
    assert len(annotator.predict(folder)["annotations"]) == 3
    assert PreAnnotator(Colours(), 0.3, rules=Rules(at_least=0.3)).rules.at_least == 0.3
    with pytest.raises(ConfigurationError, match=r"the same as rules\.at_least, 0\.3, got 0\.7"):
        PreAnnotator(Colours(), 0.7, rules=Rules(at_least=0.3))


@pytest.mark.parametrize("chunk", [0, -1, 1.5, True])
def test_a_chunk_is_of_one_picture_or_more(chunk: Any, folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="chunk: expected a whole number of 1 or more"):
        PreAnnotator(Colours()).predict(folder, chunk=chunk)


def test_a_file_is_no_folder_to_write_into(folder: Path) -> None:
    detector = Colours()
    for output in (folder / "a.png", folder / "a.png" / "below"):
        with pytest.raises(ConfigurationError, match=r"output: expected a folder, got .*a\.png"):
            PreAnnotator(detector).predict(folder, output=output)
    assert not detector.seen


def test_names_are_paths_below_the_folder_and_a_coco_pool_finds_them(tmp_path: Path) -> None:
    folder, out = tmp_path / "photos", tmp_path / "out"
    names = ["a #1.jpg", "a #1.png", "x/1.png", "y/2.png"]
    for at, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        drawn(folder / name, (60 + at, 40), [(0, (5, 5, 30, 20))])
    annotator = PreAnnotator(Colours(), 0.1)
    for given in (folder, str(folder / "**" / "*.*"), [folder / name for name in names]):
        found = annotator.predict(given, output=out)
        assert [one["file_name"] for one in found["images"]] == names
    source = Coco(path=str(out / "annotations.json"), images=str(folder))
    rows = source.read(Path(), LabelSchema(task="boxes", classes=("red", "green")))
    assert (len(rows.ids), rows.quarantined) == (len(names), ())
    # Of these two the names less their suffixes are alike.
    files = ["a #1-1", "a #1-2", "x/1", "y/2"]
    yolo = annotator.predict(folder, "yolo")
    assert set(yolo) == {"classes.txt", *(f"labels/{name}.txt" for name in files)}
    voc = annotator.predict(folder, "pascal_voc")
    assert set(voc) == {f"Annotations/{name}.xml" for name in files}


@pytest.fixture(scope="module")
def weights() -> tuple[Path, str]:
    if find_spec("ultralytics") is None:
        pytest.skip("needs ultralytics")
    weights = needed(WEIGHTS)
    return weights, hashlib.sha256(weights.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def assets() -> list[Path]:
    from auto_labeling.models.yolo_library import ultralytics

    ultralytics()
    from ultralytics.utils import ASSETS

    return sorted(Path(ASSETS).glob("*.jpg"))


@pytest.fixture(scope="module")
def expected(weights: tuple[Path, str], assets: list[Path]) -> dict[str, list[tuple[float, ...]]]:
    """Class, left, top, right, bottom and score as `YOLO.predict` has them."""
    from auto_labeling.models.yolo_library import ultralytics

    yolo = ultralytics().YOLO(weights[0])
    # One by one: together they would be padded to one shape, and boxes move by some pixels.
    results = [yolo.predict(path, conf=0.4, save=False, verbose=False)[0] for path in assets]
    assert [len(one.boxes) for one in results] != [0, 0]
    return {
        Path(one.path).stem: sorted(
            (cls, *edges, score)
            for cls, edges, score in zip(
                one.boxes.cls.tolist(),
                one.boxes.xyxy.tolist(),
                one.boxes.conf.tolist(),
                strict=True,
            )
        )
        for one in results
    }


def said_by_coco(found: dict[str, Any], tmp_path: Path) -> dict[str, list[tuple[float, ...]]]:
    coco = coco_of(found, tmp_path)
    return {
        Path(image["file_name"]).stem: sorted(
            (one["category_id"] - 1, x, y, x + width, y + height, one["score"])
            for one in coco.loadAnns(coco.getAnnIds(imgIds=image["id"]))
            for x, y, width, height in [one["bbox"]]
        )
        for image in coco.loadImgs(coco.getImgIds())
    }


def said_by_yolo(found: dict[str, Any], sizes: dict[str, tuple[int, int]]) -> Any:
    said: dict[str, list[tuple[float, ...]]] = {}
    for name, text in found.items():
        if name == "classes.txt":
            continue
        width, height = sizes[Path(name).stem]
        rows = [[float(one) for one in line.split()] for line in text.splitlines()]
        said[Path(name).stem] = sorted(
            (
                c,
                (x - w / 2) * width,
                (y - h / 2) * height,
                (x + w / 2) * width,
                (y + h / 2) * height,
                s,
            )
            for c, x, y, w, h, s in rows
        )
    return said


def said_by_voc(found: dict[str, Any], names: tuple[str, ...]) -> Any:
    said: dict[str, list[tuple[float, ...]]] = {}
    for name, text in found.items():
        root = ET.fromstring(text)
        said[Path(name).stem] = sorted(
            (
                names.index(str(one.findtext("name"))),
                *(float(edge.text or "") for edge in one.find("bndbox") or ()),
            )
            for one in root.iter("object")
        )
    return said


def agree(ours: Any, theirs: dict[str, list[tuple[float, ...]]], columns: int) -> None:
    assert ours.keys() == theirs.keys()
    for name, rows in theirs.items():
        expected = np.array(rows)
        found = np.array(ours[name])
        assert len(found) == len(expected)
        # The same objects, in whatever order their edges round to.
        order, other = (
            np.lexsort((one[:, 2].round(-1), one[:, 1].round(-1), one[:, 0]))
            for one in (found, expected)
        )
        assert np.array_equal(found[order, 0], expected[other, 0])
        assert np.abs(found[order, 1:5] - expected[other, 1:5]).max() <= 0.5 + 1e-3
        if columns == 6:
            assert np.allclose(found[order, 5], expected[other, 5], atol=1e-3)


@pytest.mark.slow
def test_boxes_are_those_of_yolo_predict_in_all_three_formats(
    weights: tuple[Path, str],
    assets: list[Path],
    expected: dict[str, list[tuple[float, ...]]],
    tmp_path: Path,
) -> None:
    annotator = PreAnnotator(weights[0], 0.4, sha256=weights[1])
    agree(said_by_coco(annotator.predict(assets), tmp_path), expected, 6)
    sizes = {path.stem: size_of(path) for path in assets}
    agree(said_by_yolo(annotator.predict(assets, "yolo", scores=True), sizes), expected, 6)
    agree(
        said_by_voc(annotator.predict(assets, "pascal_voc"), annotator.detector.names), expected, 5
    )


@pytest.mark.slow
def test_a_yolo_that_is_loaded_already_serves_as_well(
    weights: tuple[Path, str],
    assets: list[Path],
    expected: dict[str, list[tuple[float, ...]]],
    tmp_path: Path,
) -> None:
    from auto_labeling.models.yolo_library import ultralytics

    loaded = ultralytics().YOLO(weights[0])
    agree(said_by_coco(PreAnnotator(loaded, 0.4).predict(assets), tmp_path), expected, 6)


@pytest.mark.slow
@pytest.mark.parametrize("overlap", [0.5, 0.95])
def test_as_much_may_overlap_as_the_rules_say(
    overlap: float, weights: tuple[Path, str], assets: list[Path]
) -> None:
    from auto_labeling.models.yolo_library import ultralytics

    yolo = ultralytics().YOLO(weights[0])
    bus = assets[0]
    [theirs] = yolo.predict(bus, conf=0.05, iou=overlap, save=False, verbose=False)
    rules = Rules(overlap=overlap)
    for annotator in (
        PreAnnotator(weights[0], 0.05, sha256=weights[1], rules=rules),
        PreAnnotator(yolo, 0.05, rules=rules),
    ):
        assert len(annotator.predict(bus)["annotations"]) == len(theirs.boxes)


@pytest.mark.slow
def test_yolo_itself_looks_at_the_strangest_pictures(weights: tuple[Path, str], zoo: Path) -> None:
    found = PreAnnotator(weights[0], sha256=weights[1]).predict(list(zoo.iterdir()))
    assert {path.name for path in found.quarantined} == set(BAD)
    assert {one["file_name"] for one in found["images"]} == set(GOOD)
