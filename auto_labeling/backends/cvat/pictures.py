"""Pictures as CVAT gets them: uploaded, or named where it reads them itself.

They are read whole before they are sent, because one truncated file fails a whole task there. Their
size is the one that CVAT shows, turned as EXIF says; it is asked for, never worked out.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from auto_labeling.errors import BlockedError, RejectedError
from auto_labeling.records import Item, Upload

_REMEDY = "Put it back as it was, or take it out of the pool; the campaign goes on then."
_PIECE = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The pictures of one task, in the order of its frames."""

    way: Literal["uploaded", "server", "remote"]
    names: tuple[str, ...]
    """What the frames are called there; of remote ones, their addresses."""
    paths: tuple[Path, ...] = ()
    """Where uploaded ones lie."""

    def frame_names(self) -> list[str]:
        """Return the names that the server should list, in order."""
        if self.way == "remote":
            # In this order, because a slash of the last part may be written as %2F.
            return [Path(unquote(urlsplit(name).path)).name for name in self.names]
        return list(self.names)

    def reference(self, cloud_storage: int | None) -> dict[str, Any]:
        """Return how the server is told to read them itself."""
        if self.way == "remote":
            return {"remote_files": list(self.names)}
        told: dict[str, Any] = {"server_files": list(self.names), "use_cache": True}
        return told if cloud_storage is None else told | {"cloud_storage_id": cloud_storage}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """Finds out how the pictures of an upload get to the server."""

    base: Path
    """What relative paths are relative to."""
    share: Path | None
    """The folder that the server has mounted as its share, as this machine sees it."""
    cloud_storage: int | None
    """The number of the server's storage that items with an address of one lie in."""

    def of(self, upload: Upload) -> Shown:
        """Return the pictures of an upload. Raises `BlockedError` for one that cannot be shown."""
        uris = [self._uri(item) for item in upload.items]
        schemes = {urlsplit(uri).scheme for uri in uris}
        if schemes <= {"http", "https"}:
            return self._distinct(upload, Shown(way="remote", names=tuple(uris)))
        if schemes & {"http", "https"} or ("" in schemes and len(schemes) > 1):
            raise RejectedError(
                f"upload {upload.key}: expected pictures of one kind of place, "
                f"got {', '.join(sorted(scheme or 'files' for scheme in schemes))}"
            )
        if "" not in schemes:
            return Shown(way="server", names=tuple(self._in_the_cloud(uri) for uri in uris))
        paths = [self.base / uri for uri in uris]
        for item, path in zip(upload.items, paths, strict=True):
            check(item, path)
        inside = self._in_the_share(paths)
        if inside is not None:
            return Shown(way="server", names=inside)
        names = tuple(_name(at, path) for at, path in enumerate(paths))
        return Shown(way="uploaded", names=names, paths=tuple(paths))

    def _uri(self, item: Item) -> str:
        if item.uri is None:
            raise RejectedError(
                f"item {item.item_id!r}: CVAT shows pictures, and this is a {item.kind}"
            )
        return item.uri

    def _in_the_share(self, paths: Sequence[Path]) -> tuple[str, ...] | None:
        """Return the names of the pictures in the server's share; None unless all lie there."""
        if self.share is None:
            return None
        root = self.share.resolve()
        found = [path.resolve() for path in paths]
        if not all(path.is_relative_to(root) for path in found):
            return None
        return tuple(path.relative_to(root).as_posix() for path in found)

    def _in_the_cloud(self, uri: str) -> str:
        if self.cloud_storage is None:
            raise BlockedError(
                f"{uri} lies where CVAT cannot read it",
                remedy="Attach a cloud storage there, and put its number in backend.cloud_storage.",
            )
        return unquote(urlsplit(uri).path.lstrip("/"))

    def _distinct(self, upload: Upload, shown: Shown) -> Shown:
        names = shown.frame_names()
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise RejectedError(
                f"upload {upload.key}: CVAT tells remote pictures apart by the last part of their "
                f"address, and {twice[0]!r} is the last of several"
            )
        return shown


def check(item: Item, path: Path) -> None:
    """Raise `BlockedError` unless the whole of a file can be shown as a picture."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            picture.load()
    except UnidentifiedImageError as error:
        size = path.stat().st_size
        raise _unfit(item, path, "it is no picture" if size else "it is empty") from error
    except (Image.DecompressionBombError, SyntaxError, ValueError) as error:
        raise _unfit(item, path, str(error)) from error
    except OSError as error:
        raise _unfit(item, path, error.strerror or str(error)) from error


def _unfit(item: Item, path: Path, why: str) -> BlockedError:
    return BlockedError(
        f"item {item.item_id!r}: the picture {path} cannot be shown ({why})", remedy=_REMEDY
    )


def _name(at: int, path: Path) -> str:
    """Return what an uploaded picture is called: people see it, so it tells nothing."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    suffix = path.suffix.lower()
    kind = mimetypes.guess_type(f"_{suffix}")[0] or ""
    if not kind.startswith("image/"):
        from PIL import Image

        with Image.open(path) as picture:
            suffix = f".{str(picture.format).lower()}"
    return f"{at:04}-{digest.hexdigest()[:16]}{suffix}"
