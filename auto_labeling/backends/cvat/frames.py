"""Which item stands on which frame: a frame has no room for an id, so lists of them are kept here.

A list is written before the server hears of it, and its digest stands in the name of the task.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auto_labeling.errors import BlockedError
from auto_labeling.files import write_atomically
from auto_labeling.records import ItemId, Upload


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """What a task shows, and which opinions on it are asked for."""

    key: str
    items: tuple[ItemId, ...]
    first: tuple[int, ...]
    """For each item the number of the opinion that its first job gives, from 0 on."""
    suggested: Mapping[int, int]
    """Frame -> how many tags and shapes were suggested on it."""
    who: tuple[int | None, ...]
    """To whom each job is given, as the server numbers its users."""

    @classmethod
    def of(cls, upload: Upload, suggested: Mapping[int, int], who: Sequence[int | None]) -> Frames:
        """Return what the task of an upload shows, in the upload's order."""
        return cls(
            key=upload.key,
            items=tuple(item.item_id for item in upload.items),
            first=tuple(_first(upload, item.item_id) for item in upload.items),
            suggested=suggested,
            who=tuple(who),
        )


@dataclass(frozen=True, slots=True)
class FrameTables:
    """The lists of all tasks, one file each, by digest."""

    folder: Path

    def keep(self, frames: Frames) -> str:
        """Keep a list and return its digest: 16 hex digits."""
        content: dict[str, Any] = {
            "key": frames.key,
            "items": list(frames.items),
            "first": list(frames.first),
            "suggested": {str(frame): count for frame, count in frames.suggested.items()},
            "who": list(frames.who),
        }
        text = json.dumps(content, ensure_ascii=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        if not self._file(digest).exists():
            write_atomically(self._file(digest), text)
        return digest

    def read(self, digest: str) -> Frames:
        """Return a list. Raises `BlockedError` where it is lost."""
        try:
            kept = json.loads(self._file(digest).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BlockedError(
                f"{self._file(digest)} cannot be read ({type(error).__name__}), "
                "and nothing else says which pictures a task of CVAT shows",
                remedy="Restore it from a copy of the workspace.",
            ) from error
        return Frames(
            key=kept["key"],
            items=tuple(kept["items"]),
            first=tuple(kept["first"]),
            suggested={int(frame): count for frame, count in kept["suggested"].items()},
            who=tuple(kept["who"]),
        )

    def _file(self, digest: str) -> Path:
        return self.folder / f"{digest}.json"


def _first(upload: Upload, item: ItemId) -> int:
    return min(ask.ordinal for ask in upload.asks if ask.item_id == item)
