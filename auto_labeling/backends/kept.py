"""What a backend knows of its project, kept in a file of ours: the tool could not tell it later."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auto_labeling.errors import BlockedError, RejectedError
from auto_labeling.files import write_atomically


@dataclass(frozen=True, slots=True)
class KeptProject:
    """The file in which `prepare` leaves what later calls go by."""

    folder: Path

    def is_there(self) -> bool:
        """Whether anything was kept."""
        return self._file.exists()

    def read(self) -> dict[str, Any]:
        """Return what was kept last: plain JSON.

        Raises `RejectedError` where that is nothing yet, `BlockedError` where it is spoiled.
        """
        try:
            kept: dict[str, Any] = json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise RejectedError(f"{self.folder} knows no project; call prepare first") from error
        except (OSError, ValueError) as error:
            raise BlockedError(
                f"{self._file} cannot be read ({type(error).__name__}), and nothing else says "
                "which project the campaign is in",
                remedy="Restore it from a copy of the workspace.",
            ) from error
        return kept

    def write(self, **content: Any) -> None:
        """Keep this in place of what was kept; the file is touched only if that differs."""
        text = json.dumps(content, indent=1)
        if not self.is_there() or self._file.read_text(encoding="utf-8") != text:
            write_atomically(self._file, text)

    @property
    def _file(self) -> Path:
        return self.folder / "project.json"
