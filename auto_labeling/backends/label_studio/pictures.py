"""Pictures where a browser can see them: served from where they lie, or uploaded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from auto_labeling.backends.label_studio.client import Client
from auto_labeling.errors import BlockedError
from auto_labeling.records import Item, Upload

_REMEDY = "Put it back as it was; the campaign goes on then."
_KEPT = ("/data/upload/", "/data/local-files/")
"""How the addresses begin under which the server shows what it keeps, and what lies beside it."""


def is_address(uri: str) -> bool:
    """Return whether a browser is shown a picture as it is: it is no file of ours.

    >>> is_address("https://example.org/a.png"), is_address("/data/upload/1/a.png")
    (True, True)
    >>> is_address("/data/photos/a.png"), is_address("photos/a:b.png")
    (False, False)
    """
    return (
        "://" in uri
        or uri.startswith("data:")
        or (uri.startswith(_KEPT) and not Path(uri).is_file())
    )


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
        if is_address(uri):
            return uri
        path = (self.base / uri).resolve()
        inside = self._inside(path)
        if inside is not None:
            return f"/data/local-files/?d={quote(inside.as_posix())}"
        try:
            content = path.read_bytes()
        except OSError as error:
            raise BlockedError(
                f"the picture {path} cannot be read ({error.strerror})", remedy=_REMEDY
            ) from error
        name = f"{hashlib.sha256(content).hexdigest()[:32]}{path.suffix.lower()}"
        return self.client.upload(project, name, content)

    def _inside(self, path: Path) -> Path | None:
        """Return where below the server's folder a file lies, if the server shows it from there.

        It shows folders in its folder, and nothing that lies directly in it.
        """
        root = None if self.files is None else self.files.resolve()
        if root is None or path.parent == root or not path.is_relative_to(root):
            return None
        return path.relative_to(root)
