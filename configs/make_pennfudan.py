"""Write the data of `pennfudan_segment.yaml`: pedestrians with the outline of each in a COCO file.

Run it with the tar of the data set: `python configs/make_pennfudan.py pennfudan_jpg.tar`.
"""

from __future__ import annotations

import io
import json
import sys
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

HELD_OUT = 50


def write(archive: Path, folder: Path, seed: int = 0) -> None:
    """Write `images/`, and `pool.json` and `heldout.json`, whose pictures are drawn by lot."""
    pictures = folder / "images"
    pictures.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as packed:
        names = sorted(Path(one).stem for one in packed.getnames() if one.endswith(".png"))
        order = np.random.default_rng(seed).permutation(len(names))
        for part, rows in (("heldout", order[:HELD_OUT]), ("pool", order[HELD_OUT:])):
            images: list[dict[str, Any]] = []
            annotations: list[dict[str, Any]] = []
            for row in sorted(rows):
                picture = _member(packed, f"images/{names[row]}.jpg")
                (pictures / f"{names[row]}.jpg").write_bytes(picture)
                masks = np.asarray(
                    Image.open(io.BytesIO(_member(packed, f"masks/{names[row]}.png")))
                )
                height, width = masks.shape
                images.append(
                    {
                        "id": int(row),
                        "file_name": f"{names[row]}.jpg",
                        "width": width,
                        "height": height,
                    }
                )
                annotations += [
                    _annotation(int(row), masks == one) for one in range(1, masks.max() + 1)
                ]
            content = {
                "images": images,
                "annotations": [{"id": at, **one} for at, one in enumerate(annotations, 1)],
                "categories": [{"id": 1, "name": "pedestrian"}],
            }
            (folder / f"{part}.json").write_text(json.dumps(content))


def _member(packed: tarfile.TarFile, name: str) -> bytes:
    file = packed.extractfile(f"pennfudan/{name}")
    assert file is not None, name
    return file.read()


def _annotation(picture: int, inside: np.ndarray) -> dict[str, Any]:
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    flat = inside.ravel(order="F")
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    runs = np.diff(edges, prepend=0, append=flat.size).tolist()
    box = [columns[0], rows[0], columns[-1] + 1 - columns[0], rows[-1] + 1 - rows[0]]
    return {
        "image_id": picture,
        "category_id": 1,
        "bbox": [int(edge) for edge in box],
        "segmentation": {"size": list(inside.shape), "counts": [0, *runs] if flat[0] else runs},
        "area": int(inside.sum()),
        "iscrowd": 0,
    }


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(__file__).parent / "data" / "pennfudan")
