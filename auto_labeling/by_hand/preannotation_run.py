"""Weights and a folder of pictures in, files of suggestions out: a run that may be killed."""

from __future__ import annotations

import csv
import io
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
    suggested,
    write_coco,
    write_texts,
)
from auto_labeling.files import write_atomically
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
        return f"{self.sha256[:16].lower()}-{self.image_size}{tiles}"


def preannotate_folder(request: Request, detector: Detects | None = None) -> Preannotated:
    """Predict what is not predicted yet, and write the suggestions of all pictures.

    Predictions are kept below `into/predictions`; `into/quarantined.csv` says what was put aside,
    and why. `detector` takes the place of the weights.
    """
    if detector is None:
        detector = detector_of(
            request.model,
            sha256=request.sha256,
            image_size=request.image_size,
            device=request.device,
        )
    run = preannotate(
        as_ruled(detector, request.rules),
        pictures_of(request.images),
        request.into / "predictions",
        version=request.version,
        chunk=request.chunk,
    )
    _write(run, request)
    write_atomically(request.into / "quarantined.csv", _table(run.quarantined))
    return run


def _write(run: Preannotated, request: Request) -> None:
    how, paths = Suggesting.of(run.names, None, request.rules), list(run.digests)
    if not paths:
        return
    labeled = suggested(run, paths, how)
    if request.format == "coco":
        write_coco(request.into, as_coco(labeled, how))
    else:
        write_texts(request.into, as_texts(labeled, how, request.format))


def _table(quarantined: Mapping[Path, str]) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["picture", "problem"])
    rows.writerows((str(path), problem) for path, problem in quarantined.items())
    return text.getvalue()
