"""Pictures that look the same: what of bursts is kept, and that different pictures all are."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from auto_labeling.pool.images import Images
from auto_labeling.pool.near_duplicates import LOOK, MEAN, MOST, near_duplicates
from auto_labeling.pool.pixels import pixels
from auto_labeling.records import LabelSchema
from tests.pool.written import write_png
from tests.support.real_data import DATA, needed


def scene(seed: int) -> NDArray[np.float64]:
    """Return 240 x 320 levels of soft and hard shapes."""
    rng = np.random.default_rng(seed)
    levels = gaussian_filter(rng.normal(size=(240, 320)), 20)
    levels = 128 + 40 * levels / levels.std()
    for _ in range(12):
        top, left = rng.integers(0, 200), rng.integers(0, 280)
        levels[top : top + rng.integers(10, 60), left : left + rng.integers(10, 60)] += (
            rng.normal() * 50
        )
    return np.clip(levels, 0, 255)


def shot(levels: NDArray[np.float64], seed: int) -> bytes:
    """Return the scene as a camera takes it once more: light, noise, a small move, JPEG."""
    rng = np.random.default_rng(seed)
    down, right = rng.integers(-2, 3), rng.integers(-3, 4)
    moved = np.pad(levels, 3, mode="edge")[3 + down : 243 + down, 3 + right : 323 + right]
    seen = moved * rng.uniform(0.92, 1.08) + rng.normal(0, 3, moved.shape)
    file = BytesIO()
    picture = Image.fromarray(np.clip(seen, 0, 255).astype(np.uint8))
    picture.save(file, "JPEG", quality=int(rng.integers(70, 96)))
    return file.getvalue()


def looks(contents: Iterator[bytes]) -> NDArray[np.uint8]:
    return np.array([pixels(one, LOOK, "gray") for one in contents])


def test_of_a_burst_the_first_is_kept_and_of_different_scenes_all() -> None:
    scenes, shots = 60, 5
    found = near_duplicates(
        looks(shot(scene(at), 100 * at + again) for at in range(scenes) for again in range(shots))
    )
    of_scene = np.arange(scenes * shots) // shots
    assert (of_scene[found] == of_scene).all(), "no scene is taken for another"
    assert len(set(found)) <= 1.15 * scenes, "bursts become one picture, nearly always"
    assert (found <= np.arange(scenes * shots)).all()
    assert (found[found] == found).all(), "what is left out looks like one that is kept"


def test_what_has_moved_is_seen_however_still_the_rest_is() -> None:
    frames = []
    for left in range(0, 280, 40):
        levels = scene(1)
        levels[120:140, left : left + 20] = 255 * (levels[130, left + 10] < 128)
        frames.append(levels)
    file = [BytesIO() for _ in frames]
    for one, levels in zip(file, frames, strict=True):
        Image.fromarray(levels.astype(np.uint8)).save(one, "PNG")
    found = near_duplicates(looks(one.getvalue() for one in file))
    assert list(found) == list(range(len(frames)))


def test_a_camera_that_turns_slowly_is_not_one_picture() -> None:
    wide = np.hstack([scene(at) for at in range(4)])
    frames = [wide[:, at : at + 320] for at in range(0, 900, 2)]
    small = np.array(
        [
            np.asarray(Image.fromarray(one.astype(np.uint8)).resize((LOOK, LOOK), 2)).ravel()
            for one in frames
        ]
    )
    found = near_duplicates(small)
    kept = len(set(found))
    assert 10 < kept < len(frames) / 2
    assert np.diff(np.unique(found)).max() < 50, "every stretch of the way is still there"


@pytest.mark.parametrize("level", [0, 255])
def test_pictures_of_one_level_are_the_same(level: int) -> None:
    even = np.full((50, LOOK * LOOK), level, np.uint8)
    assert set(near_duplicates(even)) == {0}
    assert near_duplicates(even[:0]).shape == (0,)


def test_every_pair_within_the_bits_is_met() -> None:
    """The table finds what comparing the hashes of all with all finds."""
    rng = np.random.default_rng(0)
    base = gaussian_filter(rng.normal(size=(40, LOOK, LOOK)), (0, 3, 3))
    base = 128 + 40 * base / base.std()
    many = np.repeat(base, 6, axis=0) + rng.normal(0, 6, (240, LOOK, LOOK))
    small = np.clip(many, 0, 255).astype(np.uint8).reshape(240, -1)
    evened = small - small.mean(1, keepdims=True)
    evened /= np.maximum(small.std(1, keepdims=True), 8)
    squares = evened.reshape(-1, LOOK, LOOK)
    cosines = np.cos(np.pi * np.outer(np.arange(8), 2 * np.arange(LOOK) + 1) / (2 * LOOK))
    waves = (cosines @ squares @ cosines.T).reshape(-1, 64)[:, 1:] > 0
    expected: list[int] = []
    kept: list[int] = []
    for at, one in enumerate(evened):
        alike = [
            other
            for other in kept
            if abs(one - evened[other]).max() <= MOST
            and np.square(one - evened[other]).mean() <= MEAN**2
            and (waves[at] != waves[other]).sum() <= 7
        ]
        expected.append(alike[0] if alike else at)
        kept += [] if alike else [at]
    assert list(near_duplicates(small)) == expected


def test_left_out_ones_are_counted_and_say_whose_twins_they_are(tmp_path: Path) -> None:
    for name, level in (("a", 30), ("b", 31), ("c", 200)):
        write_png(tmp_path / f"set/film_{name}.png", level)
    Image.new("RGB", (8, 6), (0, 255, 0)).save(tmp_path / "set/x.png")
    (tmp_path / "set/broken.png").touch()
    assert len(Images(path="set").read(tmp_path)) == 4, "usually nothing is left out"
    rows = Images(path="set", near_duplicates="collapse").read(tmp_path)
    assert rows.references == ["set/film_a.png", "set/x.png"]
    assert {one.where: one.reason for one in rows.quarantined} == {
        "set/broken.png": "it is empty (0 bytes)",
        "set/film_b.png": "nearly the same picture as set/film_a.png",
        "set/film_c.png": "nearly the same picture as set/film_a.png",
    }


def test_a_picture_without_a_usable_label_stands_for_no_other(tmp_path: Path) -> None:
    for folder in ("cow", "dog"):
        write_png(tmp_path / f"set/{folder}/1.png", 30)
    source = Images(path="set", label_by="folder", near_duplicates="collapse")
    schema = LabelSchema(task="single", classes=("cat", "dog"))
    assert source.read(tmp_path, schema).references == ["set/dog/1.png"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("archive", "count", "twins"),
    [
        ("bccd.tar.xz", 364, [("BloodImage_00038", "BloodImage_00037")]),
        ("pennfudan_jpg.tar", 170, []),
    ],
)
def test_real_pictures_that_are_similar_are_different(
    archive: str, count: int, twins: list[tuple[str, str]]
) -> None:
    files = sorted(pictures_in(needed(DATA / archive)))
    assert len(files) == count
    found = near_duplicates(looks(content for _, content in files))
    left_out = [(files[at][0], files[to][0]) for at, to in enumerate(found) if at != to]
    assert left_out == twins, "the two of them show the same cells"


def pictures_in(archive: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as files:
        for member in files:
            if member.name.endswith(".jpg") and (file := files.extractfile(member)):
                yield Path(member.name).stem, file.read()
