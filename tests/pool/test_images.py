"""Images: every sort that cameras and scanners make, and files that only look like images."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.pool.images import Images
from auto_labeling.pool.pixels import pixels
from auto_labeling.pool.source import SourceRows
from tests.pool.written import write_png


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def noise(width: int = 64, height: int = 48) -> Image.Image:
    levels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(levels)


def features_of(rows: SourceRows) -> NDArray[np.float32]:
    return np.concatenate(list(rows.features.chunks()))


def test_a_picture_is_read_the_way_up_it_is_looked_at() -> None:
    half = Image.new("L", (40, 40), 0)
    half.paste(255, (0, 0, 40, 20))
    turned = Image.Exif()
    turned[0x0112] = 3  # upside down
    upright = pixels(saved(half, "JPEG"), 4, "gray").reshape(4, 4)
    flipped = pixels(saved(half, "JPEG", exif=turned), 4, "gray").reshape(4, 4)
    assert upright[0].min() > 200
    assert upright[3].max() < 50
    assert (abs(flipped[::-1].astype(int) - upright) < 30).all()


def test_sixteen_bits_keep_their_levels() -> None:
    deep = Image.fromarray(np.full((5, 5), 128 * 257, np.uint16))
    assert set(pixels(saved(deep, "PNG"), 2, "gray").tolist()) == {128}


def test_transparency_is_seen_over_white() -> None:
    clear = Image.new("RGBA", (5, 5), (0, 0, 0, 0))
    assert set(pixels(saved(clear, "PNG"), 2, "rgb").tolist()) == {255}
    assert len(pixels(saved(clear, "PNG"), 2, "rgb")) == 12


@pytest.mark.parametrize(
    ("picture", "kind"),
    [
        (Image.new("L", (1, 1), 9), "PNG"),
        (Image.new("CMYK", (9, 5)), "JPEG"),
        (Image.new("1", (9, 5)), "PNG"),
        (Image.new("LA", (9, 5)), "PNG"),
        (Image.new("P", (9, 5)), "GIF"),
        (Image.new("F", (9, 5), 0.5), "TIFF"),
        (Image.new("I", (9, 5), 70_000), "TIFF"),
        (Image.new("RGB", (9, 1)), "BMP"),
        (noise(), "WEBP"),
    ],
)
@pytest.mark.parametrize("colors", ["gray", "rgb"])
def test_every_mode_is_read(picture: Image.Image, kind: str, colors: str) -> None:
    row = pixels(saved(picture, kind), 3, colors)  # type: ignore[arg-type]
    assert row.dtype == np.uint8
    assert row.shape == ({"gray": 9, "rgb": 27}[colors],)


def test_of_an_animation_the_first_frame_counts() -> None:
    frames = [Image.new("L", (6, 6), level) for level in (10, 200)]
    content = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert set(pixels(content, 2, "gray").tolist()) == {10}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP"])
def test_half_a_file_is_refused(kind: str) -> None:
    content = saved(noise(), kind)
    with pytest.raises(DataError, match="cannot be decoded"):
        pixels(content[: len(content) // 2], 4, "gray")


def test_files_that_are_no_images_are_quarantined_by_path(tmp_path: Path) -> None:
    write_png(tmp_path / "photos/good.png", 5)
    (tmp_path / "photos/empty.png").touch()
    (tmp_path / "photos/words.jpg").write_text("sealed words")
    (tmp_path / "photos/gone.png").symlink_to("nowhere")
    (tmp_path / "photos/notes.txt").write_text("is not looked at")
    (tmp_path / "photos/.hidden.png").touch()
    rows = Images(path="photos").read(tmp_path)
    assert list(rows.references) == ["photos/good.png"]
    assert {entry.where: entry.reason for entry in rows.quarantined} == {
        "photos/empty.png": "it is empty (0 bytes)",
        "photos/words.jpg": "it cannot be decoded: damaged, cut short, or not an image",
    }


def test_features_are_levels_between_nought_and_one(tmp_path: Path) -> None:
    write_png(tmp_path / "photos/a.png", 51)
    features = features_of(Images(path="photos", size=2).read(tmp_path))
    np.testing.assert_allclose(features, [[0.2, 1, 0.2, 1]], atol=0.15)


@pytest.mark.parametrize(
    "path",
    [
        "photos",
        "photos/**/*.png",
        "list.txt",
        ["photos/b/2.png", "photos/a/1.png", "photos/a/1.png"],
    ],
)
def test_a_folder_a_pattern_and_a_list_name_the_same_files(
    tmp_path: Path, path: str | list[str]
) -> None:
    write_png(tmp_path / "photos/a/1.png", 1)
    write_png(tmp_path / "photos/b/2.png", 2)
    (tmp_path / "list.txt").write_text("photos/a/1.png\n\nphotos/b/2.png\nphotos/c/3.png\n")
    rows = Images(path=path, group_by="folder").read(tmp_path)  # type: ignore[arg-type]
    assert sorted(rows.references) == ["photos/a/1.png", "photos/b/2.png"]
    assert sorted(str(group)[-1] for group in rows.groups) == ["a", "b"]
    reasons = [entry.reason for entry in rows.quarantined]
    expected = {"list.txt": ["it cannot be read: No such file or directory"]}
    if isinstance(path, str):
        assert reasons == expected.get(path, [])
    else:
        assert reasons == ["it is listed twice"]


def test_groups_lie_above_labels(tmp_path: Path) -> None:
    write_png(tmp_path / "photos/site/mia/cat/1.png", 1)
    write_png(tmp_path / "photos/dog/2.png", 2)
    rows = Images(path="photos", group_by="folder", label_by="folder").read(tmp_path)
    assert sorted(zip(map(str, rows.groups), map(str, rows.labels or ()), strict=True)) == [
        ("None", "dog"),
        ("site/mia", "cat"),
    ]


def test_folders_with_wildcards_in_their_names_are_folders(tmp_path: Path) -> None:
    base = tmp_path / "[2024]*"
    write_png(base / "photos [1]/a.png", 1)
    assert list(Images(path="photos [1]").read(base).references) == ["photos [1]/a.png"]
    assert list(Images(path="photos*/*.png").read(base).references) == ["photos [1]/a.png"]


def test_the_uri_is_a_path_that_can_be_opened(tmp_path: Path) -> None:
    write_png(tmp_path / "photos/a.png", 1)
    outside = Images(path=str(tmp_path / "photos")).read(tmp_path / "elsewhere")
    for rows, base in ((Images(path="photos").read(tmp_path), tmp_path), (outside, Path("other"))):
        payload = next(rows.source.payloads(base, rows.references))
        assert payload is not None
        assert payload.uri == str(tmp_path / "photos/a.png")


def test_nothing_to_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for path, said in (
        ("photos", "at least one row"),
        ("*.jpg", "at least one row"),
        ("picture", "no such folder or file"),
    ):
        with pytest.raises(DataError, match=said):
            Images(path=path).read(tmp_path)


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"path": ""}, "pool.path"),
        ({"path": []}, "pool.path"),
        ({"path": "a", "size": 0}, "pool.size"),
        ({"path": "a", "colors": "CMYK"}, "pool.colors"),
        ({"path": "a", "group_by": "patient"}, "pool.group_by"),
    ],
)
def test_settings_are_checked_by_key(settings: dict[str, object], key: str) -> None:
    with pytest.raises(ConfigurationError, match=key):
        Images(**settings)  # type: ignore[arg-type]


def test_folders_that_are_links_are_gone_into_once(tmp_path: Path) -> None:
    write_png(tmp_path / "photos/z/a.png", 10)
    write_png(tmp_path / "elsewhere/deep/b.png", 20)
    (tmp_path / "photos/a link").symlink_to(tmp_path / "photos/z")
    (tmp_path / "photos/other").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/loop").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/up").symlink_to(tmp_path / "photos")
    (tmp_path / "photos/broken").symlink_to(tmp_path / "nowhere")
    rows = Images(path="photos").read(tmp_path)
    assert rows.references == ["photos/other/deep/b.png", "photos/z/a.png"]
    assert rows.quarantined == ()
