"""Classes and shapes of a picture as the tags and shapes that CVAT draws on a frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from auto_labeling.errors import DataError
from auto_labeling.formats.cvat import Labels
from auto_labeling.formats.cvat.attributes import SCORE
from auto_labeling.formats.cvat.shapes import Size, encode_shape
from auto_labeling.formats.cvat.suggested import score_text, tag_row, told_of
from auto_labeling.shapes import Shape


def drawn(
    frame: int, size: Size, parts: Sequence[str | Shape], score: float | None, labels: Labels
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield where each part belongs, `tags` or `shapes`, and what it is there.

    Raises `DataError` for a class that has no label, and for a score that is none.
    """
    text = None if score is None else score_text(score)
    for part in parts:
        label = labels.by_name.get(label_of(part))
        if label is None:
            raise DataError(
                f"expected a class out of {list(labels.by_name)}, got {label_of(part)!r}"
            )
        if isinstance(part, str):
            yield "tags", tag_row(frame, label, {} if text is None else {SCORE: text})
        else:
            yield "shapes", tag_row(frame, label, told_of(part, text)) | encode_shape(part, size)


def label_of(part: str | Shape) -> str:
    """Return the class of a part."""
    return part if isinstance(part, str) else part.label
