"""Weights and a folder of pictures in, files of suggestions out: a run that may be killed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from auto_labeling.by_hand.detecting import detector_of
from auto_labeling.by_hand.looking import pictures_of
from auto_labeling.by_hand.preannotating import Preannotated, preannotate
from auto_labeling.by_hand.suggested_files import (
    Format,
    Suggesting,
    as_coco,
    as_texts,
    expect_format,
    folder_for,
    suggested,
    write_coco,
    write_texts,
)
from auto_labeling.detections import OVERLAP
from auto_labeling.files import disk_errors, write_atomically
from auto_labeling.ports import Detects
from auto_labeling.preannotation.rules import Rules
from auto_labeling.preannotation.tiling import as_ruled


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to look at, with which weights, and where to write what is suggested."""

    images: str
    """A folder, a pattern, a .txt list of paths, or a picture."""
    model: str
    """The path of `.pt` weights."""
    sha256: str
    """Their digest, without which they are not loaded."""
    into: Path
    format: Format = "coco"
    rules: Rules = field(default_factory=Rules)
    image_size: int = 640
    device: str = "cpu"
    chunk: int = 1
    """How many pictures the model is handed at once, more for a GPU: so many a kill may repeat."""

    def __post_init__(self) -> None:
        expect_format(self.format)

    @property
    def version(self) -> str:
        """Return what predictions are kept under: by all that they depend on."""
        tile = self.rules.tile
        tiles = "" if tile is None else f"-{tile.replace(' ', '')}-{self.rules.tile_overlap:g}"
        loose = f"-iou{self.rules.overlap:g}" if self.rules.overlap > OVERLAP else ""
        return f"{self.sha256[:16].lower()}-{self.image_size}{tiles}{loose}"


def preannotate_folder(request: Request, detector: Detects | None = None) -> Preannotated:
    """Predict what is not predicted yet, and write the suggestions of all pictures.

    Predictions are kept below `into/predictions`; `into/quarantined.csv` says what was put aside,
    and why. Files of pictures that are not there any more go. `detector` takes the place of the
    weights.
    """
    folder_for(request.into, "into")
    pictures = pictures_of(request.images)
    if detector is None:
        detector = detector_of(
            request.model,
            sha256=request.sha256,
            image_size=request.image_size,
            device=request.device,
        )
    detector = as_ruled(detector, request.rules)
    how = Suggesting.of(detector.names, None, request.rules)
    run = preannotate(
        detector,
        list(pictures),
        request.into / "predictions",
        version=request.version,
        chunk=request.chunk,
    )
    _write(run, request, pictures, how)
    write_atomically(request.into / "quarantined.csv", _table(run.quarantined))
    return run


def _write(
    run: Preannotated, request: Request, pictures: Mapping[Path, str], how: Suggesting
) -> None:
    labeled = suggested(run, pictures, how, request.format)
    if request.format == "coco":
        write_coco(request.into, as_coco(labeled, how))
        return
    kept = request.into / "predictions" / f"{request.format}.json"
    before = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else []
    written = write_texts(request.into, as_texts(labeled, how, request.format))
    with disk_errors(request.into):
        for name in set(before) - written:
            (request.into / name).unlink(missing_ok=True)
    write_atomically(kept, json.dumps(sorted(written), ensure_ascii=False))


def _table(quarantined: Mapping[Path, str]) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["picture", "problem"])
    rows.writerows((str(path), problem) for path, problem in quarantined.items())
    return text.getvalue()
