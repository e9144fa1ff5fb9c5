"""Which drawn labels lie beside pictures: a COCO file, a YOLO `data.yaml`, or Pascal VOC's XML."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from auto_labeling.errors import DataError
from auto_labeling.formats.pascal_voc_reading import VocPicture, read_voc
from auto_labeling.formats.yolo_reading import YoloData, label_path, read_data_yaml
from auto_labeling.pool.yolo import pictures_of_split

_MOST_BYTES = 500_000_000
_MOST_READ = 2_000
_PICTURES = "JPEGImages"
_OUTLINES = "labels.task: outlines lie there as well; write polygons, or masks, to have them drawn."
_FIRST_PIXEL = (
    "pool.first_pixel: edges are read as most tools count them, from 0; write 1 where they were "
    "counted as in VOC itself."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawings:
    """Labels that are drawn on pictures, as the keys of a pool; paths are absolute."""

    said: str
    pool: Mapping[str, Any]
    paths: Sequence[str]
    """The keys that hold paths."""
    classes: Sequence[str]
    size: int
    complete: bool
    """Whether every picture has its label."""
    outlined: bool = False
    mend: Sequence[str] = field(default_factory=tuple)


def find(
    files: Sequence[Path], pictures: Sequence[Path], judges: Sequence[Path]
) -> Drawings | None:
    """Return what is drawn on pictures; None where nothing is. `judges` are files that judge."""
    return _coco(files, pictures, judges) or _yolo(files) or _voc(files, pictures)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Coco:
    path: Path
    images: Sequence[str]
    classes: Sequence[str]
    outlined: bool
    complete: bool

    def folder(self, pictures: Sequence[Path]) -> Path | None:
        """Return the folder below which most of its pictures lie."""
        by_name: dict[str, list[Path]] = {}
        for path in pictures:
            by_name.setdefault(path.name, []).append(path)
        found: Counter[Path] = Counter()
        for name in self.images[:_MOST_READ]:
            parts = Path(name).parts
            for path in by_name.get(parts[-1], ()) if parts else ():
                if path.parts[-len(parts) :] == parts:
                    found[Path(*path.parts[: -len(parts)])] += 1
        return found.most_common(1)[0][0] if found else None


def _coco(
    files: Sequence[Path], pictures: Sequence[Path], judges: Sequence[Path]
) -> Drawings | None:
    read = [one for path in files if path.suffix == ".json" if (one := _read_coco(path))]
    usable = [(one, folder) for one in read if (folder := one.folder(pictures)) is not None]
    pools = [pair for pair in usable if pair[0].path not in judges] or usable
    if not pools:
        return None
    pool, folder = max(pools, key=lambda pair: len(pair[0].images))
    keys: dict[str, Any] = {"kind": "coco", "path": str(pool.path), "images": str(folder)}
    for judge, other in usable:
        if judge is not pool and judge.path in judges and set(judge.classes) <= set(pool.classes):
            keys |= {"heldout": str(judge.path), "heldout_images": str(other)}
            break
    return Drawings(
        said=f"{len(pool.images):,} pictures of a COCO file, {pool.path}",
        pool=keys,
        paths=("path", "images", "heldout", "heldout_images"),
        classes=pool.classes,
        size=len(pool.images),
        complete=pool.complete,
        outlined=pool.outlined,
    )


def _read_coco(path: Path) -> _Coco | None:
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None
        content = json.loads(path.read_text(encoding="utf-8"))
        images, drawn = content["images"], content["annotations"]
        categories = {one["id"]: str(one["name"]) for one in content["categories"]}
        used = {one.get("category_id") for one in drawn}
        names = [str(one["file_name"]) for one in images]
        boxed = {one["image_id"] for one in drawn if _is_boxed(one)}
        complete = {one["image_id"] for one in drawn} <= boxed
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # another JSON file
    return _Coco(
        path=path,
        images=names,
        classes=[name for at, name in categories.items() if at in used or not used],
        outlined=any(one.get("segmentation") for one in drawn),
        complete=complete,
    )


def _is_boxed(given: Mapping[str, Any]) -> bool:
    """Return whether an annotation is a box, or has one around it, and is no crowd."""
    if given.get("iscrowd"):
        return False
    box = given.get("bbox")
    return min(box[2:4]) > 0 if box else bool(given.get("segmentation"))


def _yolo(files: Sequence[Path]) -> Drawings | None:
    for path in files:
        if path.suffix not in (".yaml", ".yml"):
            continue
        try:
            data = read_data_yaml(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeError, DataError):
            continue
        splits = {
            name: found for name in data.splits if (found := _of_split(data, path.parent, name))
        }
        if not splits:
            continue
        train, *judges = splits
        keys = {"kind": "yolo", "path": str(path), "split": train}
        if judges:
            keys["heldout"] = judges[0]
        own = splits[train]
        labels = [Path(label_path(str(one))) for one in own]
        return Drawings(
            said=f"{len(own):,} pictures of a YOLO data set, {path}",
            pool=keys,
            paths=("path",),
            classes=list(data.names.values()),
            size=len(own),
            complete=all(one.is_file() for one in labels),
            outlined=_has_outlines(labels),
        )
    return None


def _of_split(data: YoloData, folder: Path, split: str) -> list[Path]:
    """Return the pictures of a split; none where it is not there."""
    try:
        return [one.path for one in pictures_of_split(data, folder, split)]
    except DataError:
        return []


def _has_outlines(labels: Sequence[Path]) -> bool:
    lines = (
        line
        for path in labels[:50]
        if path.is_file()
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines()
    )
    return any(len(line.split()) > 6 for line in lines)


def _voc(files: Sequence[Path], pictures: Sequence[Path]) -> Drawings | None:
    sheets = [path for path in files if path.suffix.lower() == ".xml"]
    read = [(path, one) for path in sheets[:_MOST_READ] if (one := _read_voc(path))]
    if not read or not pictures:
        return None
    annotations = Path(os.path.commonpath([path.parent for path, _ in read]))
    root, stems = annotations.parent, {path.stem for path in sheets}
    images = _voc_images(root, pictures, stems, {one.name for _, one in read})
    if images is None:
        return None
    own = [path for path in pictures if path.is_relative_to(images)]
    keys = {
        "kind": "voc",
        "path": str(root),
        "annotations": os.path.relpath(annotations, root),
        "images": os.path.relpath(images, root),
    }
    sets = {path.stem: os.path.relpath(path, root) for path in files if path.parent.name == "Main"}
    judge = next((name for name in ("val", "test") if name in sets), None)
    if judge is not None and "train" in sets:
        keys |= {"list": sets["train"], "heldout": sets[judge]}
    return Drawings(
        said=f"{len(own):,} pictures with Pascal VOC's XML in {annotations}",
        pool=keys,
        paths=("path",),
        classes=sorted({name for _, one in read for name in _names(one)}),
        size=len(own),
        complete=all(path.stem in stems for path in own),
        mend=(_FIRST_PIXEL,),
    )


def _voc_images(
    root: Path, pictures: Sequence[Path], stems: Collection[str], names: Collection[str]
) -> Path | None:
    """Return the folder of the pictures that XML tells of, not that of masks of the same names.

    It is VOC's own, or else one with pictures that have XML: that in which most are called as the
    XML says, or that has most of them.
    """
    by_folder: dict[str, list[Path]] = {}
    for path in pictures:
        if path.is_relative_to(root):
            *folders, _ = path.relative_to(root).parts
            by_folder.setdefault(folders[0] if folders else ".", []).append(path)
    if _PICTURES in by_folder:
        return root / _PICTURES
    known = [[path for path in some if path.stem in stems] for some in by_folder.values()]
    named = [sum(path.name in names for path in some) for some in known]
    best = max(zip(named, map(len, known), known, strict=True), default=(0, 0, []))[2]
    return Path(os.path.commonpath([path.parent for path in best])) if best else None


def _read_voc(path: Path) -> VocPicture | None:
    try:
        return read_voc(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, DataError):
        return None


def _names(one: VocPicture) -> list[str]:
    return [str(name) for part in one.objects if (name := part.findtext("name"))]


def mends(found: Drawings) -> list[str]:
    """Return what a person has to look at."""
    return [*found.mend, *([_OUTLINES] if found.outlined else [])]
