"""Pictures where a browser can see them: served from where they lie, or uploaded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, urlsplit

from auto_labeling.backends.label_studio.client import Client
from auto_labeling.errors import BlockedError
from auto_labeling.records import Item, Upload

_REMEDY = "Put it back as it was; the campaign goes on then."


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """Turns the paths of items into addresses that the server shows."""

    client: Client
    base: Path
    """What relative paths are relative to."""
    files: Path | None
    """The folder that the server serves local files from."""

    def served(self, project: int, upload: Upload) -> Upload:
        """Return the upload with addresses in place of paths; addresses stay as they are."""
        return replace(upload, items=tuple(self._items(project, upload)))

    def _items(self, project: int, upload: Upload) -> Iterator[Item]:
        for item in upload.items:
            yield item if item.uri is None else replace(item, uri=self._address(project, item.uri))

    def _address(self, project: int, uri: str) -> str:
        if urlsplit(uri).scheme or uri.startswith("/data/"):
            return uri
        path = (self.base / uri).resolve()
        if self.files is not None and path.is_relative_to(self.files.resolve()):
            inside = path.relative_to(self.files.resolve()).as_posix()
            return f"/data/local-files/?d={quote(inside)}"
        try:
            content = path.read_bytes()
        except OSError as error:
            raise BlockedError(
                f"the picture {path} cannot be read ({error.strerror})", remedy=_REMEDY
            ) from error
        name = f"{hashlib.sha256(content).hexdigest()[:32]}{path.suffix.lower()}"
        return self.client.upload(project, name, content)
