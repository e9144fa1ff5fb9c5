"""What a checkpoint of ultralytics says of itself: read without loading it, or importing torch."""

from __future__ import annotations

import hashlib
import io
import pickletools
import re
import zipfile
from pathlib import Path

from auto_labeling.errors import ConfigurationError
from auto_labeling.models.yolo_architecture import HEADS, another_head

_PLACE, _LAYERS = "ultralytics.nn.tasks ", "ultralytics.nn.modules"
_ENDS_LIKE_A_HEAD = re.compile(r"(Detect|Segment)\d*$")
_TASKS = {
    "DetectionModel": "detect",
    "SegmentationModel": "segment",
    "ClassificationModel": "classify",
}


def verified(path: Path, sha256: str) -> bytes:
    """Return the bytes of the file, or raise `ConfigurationError` where they are not those meant.

    Whoever reads on does so in these bytes, whatever happens to the file.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ConfigurationError(f"weights: {path}: there is no such file") from error
    except OSError as error:
        raise ConfigurationError(f"weights: {path}: it cannot be read ({error})") from error
    got = hashlib.sha256(content).hexdigest()
    if got != sha256.lower():
        raise ConfigurationError(
            f"weights: {path}: expected sha256 {sha256}, got {got}: it is another file"
        )
    return content


def check_checkpoint(content: bytes, where: object, *, finds: bool) -> None:
    """Raise `ConfigurationError` for a checkpoint that cannot begin a task.

    `finds` says whether the task is to find objects. The names of the classes in its pickle are
    read, and none of them is imported.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            [pickled] = [name for name in archive.namelist() if name.endswith("/data.pkl")]
            operations = list(pickletools.genops(archive.read(pickled)))
    except (zipfile.BadZipFile, ValueError) as error:
        raise ConfigurationError(f"weights: {where} is no checkpoint of ultralytics") from error
    made = {str(given) for code, given, _ in operations if code.name == "GLOBAL"}
    kinds = {name.removeprefix(_PLACE) for name in made if name.startswith(_PLACE)}
    if not kinds & _TASKS.keys():
        said = ", ".join(sorted(kinds)) or "no network of ultralytics"
        raise ConfigurationError(
            f"weights: {where} holds {said}; expected one of {', '.join(_TASKS)}"
        )
    layers = {name.partition(" ")[2] for name in made if name.startswith(_LAYERS)}
    heads = {name for name in layers if _ENDS_LIKE_A_HEAD.search(name)}
    if heads and not heads & HEADS.keys():
        raise ConfigurationError(another_head(where, min(heads)))
    if finds and {_TASKS.get(kind) for kind in kinds} == {"classify"}:
        raise ConfigurationError(classifies("find"))


def classifies(task: str) -> str:
    """Return what is said of weights that have nothing for a task."""
    return (
        f"weights: they classify pictures and have nothing to {task} objects with; expected "
        "those of a detection or segmentation model"
    )
