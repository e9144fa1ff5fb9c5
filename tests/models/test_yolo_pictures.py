"""Pictures of every kind, on their way into YOLO: seen as people see them, or refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auto_labeling.errors import DataError
from auto_labeling.models.yolo_pictures import upright_pixels
from auto_labeling.pictures import Pictures
from tests.models.yolo_scene import BOXES, needs_yolo, scenes, small

_TURNED = 6  # EXIF: the camera was held so that the picture has to be turned right by a quarter
_ORIENTATION = 0x0112
_BROKEN = {
    "cut.jpg": lambda whole: whole[: len(whole) // 2],
    "empty.jpg": lambda whole: b"",
    "text.jpg": lambda whole: b"no picture at all\n",
}


def odd_pictures(folder: Path) -> dict[str, Path]:
    """Write one picture of each unusual kind."""
    rng = np.random.default_rng(0)
    rgb = Image.fromarray(rng.integers(0, 255, (60, 90, 3), dtype=np.uint8))
    made = {
        "one.png": Image.new("RGB", (1, 1), "red"),
        "wide.png": Image.new("RGB", (20_000, 12), "blue"),
        "cmyk.jpg": rgb.convert("CMYK"),
        "deep.png": Image.fromarray(rng.integers(0, 2**16, (60, 90)).astype(np.uint16)),
        "gray.png": rgb.convert("L"),
        "alpha.png": rgb.convert("RGBA"),
        "palette.png": rgb.convert("P"),
        "ü b.png": rgb,
    }
    for name, image in made.items():
        image.save(folder / name)
    rgb.save(folder / "moves.gif", save_all=True, append_images=[Image.new("RGB", (90, 60))])
    return {path.name: path for path in sorted(folder.iterdir())}


@needs_yolo
@pytest.mark.slow
def test_odd_pictures_are_learned_from_and_looked_at(tmp_path: Path) -> None:
    (tmp_path / "odd").mkdir()
    paths = odd_pictures(tmp_path / "odd")
    plain, boxes, _ = scenes(tmp_path / "plain", 3)
    (tmp_path / "other").mkdir()
    same_stem = tmp_path / "other" / "0.jpg"  # as a picture in another folder has
    Image.open(plain.paths[0]).save(same_stem)
    pictures = Pictures((*paths.values(), same_stem, *plain.paths))
    before = {path: path.read_bytes() for path in pictures}
    model = small(epochs=1).build(0)
    model.learn(pictures, [boxes[0]] * (len(paths) + 1) + boxes, BOXES)
    seen = model.detect(pictures)
    assert len(seen) == len(pictures) == 13
    edges = np.hstack([seen.boxes[:, :2], seen.boxes[:, :2] + seen.boxes[:, 2:]])
    assert ((edges >= 0) & (edges <= 1 + 1e-6)).all()
    assert np.isfinite(model.embed(pictures)).all()
    assert {path: path.read_bytes() for path in pictures} == before
    assert sorted(path.name for path in (tmp_path / "odd").iterdir()) == sorted(paths)


@pytest.mark.parametrize("name", _BROKEN)
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    Image.effect_noise((80, 80), 50).save(path)
    path.write_bytes(_BROKEN[name](path.read_bytes()))
    with pytest.raises(DataError, match=name):
        upright_pixels(path)


@needs_yolo
@pytest.mark.slow
@pytest.mark.parametrize("name", _BROKEN)
def test_a_picture_that_cannot_be_read_ends_learning_with_its_name(
    tmp_path: Path, name: str
) -> None:
    pictures, boxes, _ = scenes(tmp_path / "plain", 3)
    path = tmp_path / name
    Image.effect_noise((80, 80), 50).save(path)
    path.write_bytes(_BROKEN[name](path.read_bytes()))
    model = small().build(0)
    with pytest.raises(DataError, match=name):
        model.learn(Pictures((*pictures.paths, path)), [*boxes, ()], BOXES)
    with pytest.raises(DataError, match=name):
        model.embed(Pictures((path,)))


def test_a_missing_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.png: there is no such file"):
        upright_pixels(tmp_path / "gone.png")


@needs_yolo
def test_a_turned_picture_is_looked_at_as_people_see_it(tmp_path: Path) -> None:
    from auto_labeling.models.yolo_dataset import write_drawings

    rng = np.random.default_rng(1)
    upright = Image.fromarray(rng.integers(0, 255, (8, 12, 3), dtype=np.uint8).repeat(8, 0))
    exif = Image.Exif()
    exif[_ORIENTATION] = _TURNED
    stored = upright.transpose(Image.Transpose.ROTATE_90)
    stored.save(tmp_path / "turned.png", exif=exif)
    upright.save(tmp_path / "upright.png")
    turned, straight = (upright_pixels(tmp_path / f"{n}.png") for n in ("turned", "upright"))
    assert np.array_equal(turned, straight)
    for name in ("turned", "upright"):
        one = Pictures((tmp_path / f"{name}.png",))
        write_drawings(tmp_path / name, one, [()], BOXES, 64)
    written = [(tmp_path / n / "images/0000000.png").read_bytes() for n in ("turned", "upright")]
    assert written[0] == written[1]


@needs_yolo
def test_training_reads_the_same_pixels_from_the_copy_as_from_the_picture(tmp_path: Path) -> None:
    from auto_labeling.models.yolo_dataset import write_drawings
    from auto_labeling.models.yolo_library import ultralytics

    ultralytics()
    from ultralytics.cfg import get_cfg
    from ultralytics.data.dataset import YOLODataset

    pictures, boxes, _ = scenes(tmp_path / "plain", 3)
    write_drawings(tmp_path / "copy", pictures, boxes, BOXES, 64)
    loaded = [
        YOLODataset(
            img_path=str(folder),
            data={"names": {0: "a", 1: "b"}, "channels": 3},
            imgsz=64,
            augment=False,
            task="detect",
            hyp=get_cfg(),
        )
        for folder in (tmp_path / "plain", tmp_path / "copy")
    ]
    for row in range(3):
        original, copied = (one.load_image(row)[0] for one in loaded)
        assert np.array_equal(original, copied)
    read = [
        (CX, CY, W, H) for label in loaded[1].labels for CX, CY, W, H in label["bboxes"].tolist()
    ]
    drawn = [
        (box.x + box.width / 2, box.y + box.height / 2, box.width, box.height)
        for some in boxes
        for box in some
    ]
    np.testing.assert_allclose(sorted(read), sorted(drawn), atol=1e-6)
