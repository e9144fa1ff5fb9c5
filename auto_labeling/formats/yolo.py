"""YOLO: `classes.txt`, and a text file a picture with a line an object, in fractions of it.

A box is `class x y width height` about its centre, an outline `class x y x y ...`
(https://docs.ultralytics.com/datasets/detect, https://docs.ultralytics.com/datasets/segment).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import yaml

from auto_labeling.errors import DataError
from auto_labeling.formats.labeled import Labeled, bounds, drawings
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Polygon, Shape


def encode_yolo(labeled: Sequence[Labeled], schema: LabelSchema) -> Mapping[str, str]:
    r"""Return `classes.txt` and `labels/NAME.txt` for every picture, empty where nothing is on it.

    Among boxes, one that somebody turned is written as the box around it: a file may not mix the
    two kinds of lines. The picture of a file is `images/NAME` (`picture_path`). Raises `DataError`
    for masks, which YOLO does not have.

    >>> from auto_labeling.shapes import Box
    >>> one = Labeled(number=7, item_id="7", picture="a/7.png",
    ...               value=(Box(label="car", x=.25, y=.5, width=.5, height=.25),))
    >>> encode_yolo([one], LabelSchema(task="boxes", classes=("van", "car")))
    {'classes.txt': 'van\ncar\n', 'labels/a/7.txt': '1 0.5 0.625 0.5 0.25\n'}
    """
    if schema.task == "masks":
        raise DataError("YOLO has no masks; export coco")
    if broken := [name for name in schema.classes if len(name.splitlines()) != 1]:
        raise DataError(f"YOLO names a class a line: expected names of one line, got {broken}")
    numbers = {name: at for at, name in enumerate(schema.classes)}
    files = {"classes.txt": "".join(f"{name}\n" for name in schema.classes)}
    for picture in drawings(labeled, schema, "YOLO"):
        lines = (
            " ".join([str(numbers[shape.label]), *map(_text, _numbers(shape, schema.task))])
            for shape in picture.shapes
        )
        name = PurePosixPath("labels", _below(picture.name)).with_suffix(".txt")
        files[str(name)] = "".join(f"{line}\n" for line in lines)
    return files


def encode_splits(splits: Mapping[str, Sequence[str]], schema: LabelSchema) -> Mapping[str, str]:
    """Return `data.yaml`, and for every split the list of its pictures by their names.

    Paths are relative to where `data.yaml` lies, so the folder can be moved.

    >>> files = encode_splits({"train": ["a.png"], "val": ["a.png"]},
    ...                       LabelSchema(task="boxes", classes=("car",)))
    >>> print(files["data.yaml"] + files["train.txt"], end="")
    names:
      0: car
    train: train.txt
    val: val.txt
    ./images/a.png
    """
    content = {"names": dict(enumerate(schema.classes))}
    lists = {f"{split}.txt": split for split in splits}
    text = yaml.safe_dump(
        content | {split: name for name, split in lists.items()},
        allow_unicode=True,
        sort_keys=False,
    )
    written = {
        name: "".join(f"./{picture_path(picture)}\n" for picture in splits[split])
        for name, split in lists.items()
    }
    return {"data.yaml": text, **written}


def picture_path(name: str) -> str:
    """Return where the picture of a name lies in a folder of YOLO's.

    >>> picture_path("a.png"), picture_path("images/a.png")
    ('images/a.png', 'images/images_/a.png')
    """
    return str(PurePosixPath("images", _below(name)))


def _below(name: str) -> str:
    # Labels are sought where the last folder called images is called labels instead.
    path = PurePosixPath(name)
    folders = (f"{part}_" if part.rstrip("_") == "images" else part for part in path.parts[:-1])
    return str(PurePosixPath(*folders, path.name))


def _numbers(shape: Shape, task: str) -> list[float]:
    if task == "polygons" and isinstance(shape, Polygon):
        return [min(max(edge, 0.0), 1.0) for point in shape.points for edge in point]
    left, top, right, bottom = bounds(shape)
    return [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]


def _text(number: float) -> str:
    return f"{number:.9g}"  # six decimals would make nothing of the smallest boxes
