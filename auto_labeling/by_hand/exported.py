"""Labels in the form of another program: its files, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from auto_labeling.errors import DataError
from auto_labeling.files import write_atomically


@dataclass(frozen=True, slots=True)
class Export:
    """The files of an export; equal labels give equal files.

    >>> Export({"labels.csv": "item,label"}).text
    'item,label'
    """

    files: Mapping[str, str]
    """Name -> content; the names are relative paths."""

    @property
    def text(self) -> str:
        """The content of the only file. Raises `DataError` where there are several."""
        if len(self.files) != 1:
            raise DataError(f"expected one file, this export has {len(self.files)}; use `files`")
        return next(iter(self.files.values()))

    def save(self, folder: Path | str) -> Path:
        """Write the files into a folder and return it; a file of the same name is replaced."""
        target = Path(folder)
        for name, content in self.files.items():
            write_atomically(target / name, content)
        return target
