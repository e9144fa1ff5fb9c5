"""Pictures of three shades, of every file format that a camera or a scanner writes."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SHADES = ("dark", "grey", "light")
_LEVELS = {"dark": 40, "grey": 120, "light": 200}
_ORIENTATION = 0x0112


def write_pictures(folder: Path, many: int = 36) -> Mapping[Path, str]:
    """Write pictures into a new folder, no two alike, and return what shade each has."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(5)
    made: dict[Path, str] = {}
    for at in range(many):
        shade = SHADES[at % 3]
        coarse = _LEVELS[shade] + rng.integers(-35, 36, size=(6, 8, 3))
        patches = Image.fromarray(coarse.astype(np.uint8)).resize(
            (160, 120), Image.Resampling.BICUBIC
        )
        path = folder / f"p{at:02d}"
        made[_written(patches, path, at // 3 % 6)] = shade
    return made


def campaign_of(pictures: Mapping[Path, str], truth: Path, **overrides: Any) -> dict[str, Any]:
    """Return the keys of a tiny campaign about them, whose simulated people are always right."""
    with truth.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["label"])
        writer.writerows([pictures[path]] for path in sorted(pictures))
    folder = next(iter(pictures)).parent
    return {
        "labels": {"task": "single", "classes": list(SHADES)},
        "pool": {"kind": "images", "path": str(folder), "size": 4, "features": None, "ids": None},
        "backend": {"truth": str(truth), "annotators": [1.0, 1.0]},
        **overrides,
    }


def _written(image: Image.Image, path: Path, way: int) -> Path:
    match way:
        case 0:
            path = path.with_suffix(".png")
            image.save(path)
        case 1:
            path = path.with_suffix(".jpg")
            image.save(path, quality=80)
        case 2:  # a camera held upright
            path = path.with_suffix(".jpg")
            exif = Image.Exif()
            exif[_ORIENTATION] = 6
            image.save(path, quality=80, exif=exif)
        case 3:
            path = path.with_suffix(".png")
            image.convert("L").save(path)
        case 4:
            path = path.with_suffix(".png")
            deep = np.asarray(image.convert("L"), dtype=np.uint16) * 257
            Image.fromarray(deep).save(path)
        case _:
            path = path.with_suffix(".png")
            clear = image.convert("RGBA")
            clear.putalpha(Image.linear_gradient("L").resize(image.size))
            clear.save(path)
    return path
