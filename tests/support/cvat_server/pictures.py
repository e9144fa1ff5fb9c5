"""Pictures as CVAT reads them: by their type, whole, turned as EXIF says.

The real one takes archives, videos and PDF as well; here they are no media.
"""

from __future__ import annotations

import io
import mimetypes
import random
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from tests.support.cvat_server.store import Frame
from tests.support.cvat_server.work import Failed

_ORIENTATION = 0x0112
_TURNED = (5, 6, 7, 8)  # on their side: width and height change places


def media(files: Iterable[tuple[str, Path]]) -> list[tuple[str, Path]]:
    """Return the files that are pictures by their name; none at all fails the request."""
    found = [one for one in files if (mimetypes.guess_type(one[0])[0] or "").startswith("image/")]
    if not found:
        raise Failed("ValueError: No media data found\n")
    return found


def in_order(
    files: Sequence[tuple[str, Path]], told: dict[str, Any]
) -> tuple[list[tuple[str, Path]], list[int] | None]:
    """Return the pictures in their order, and the sizes of the jobs where these are prescribed."""
    if mapping := told.get("job_file_mapping"):
        named = dict(files)
        return [(name, named[name]) for job in mapping for name in job], [
            len(one) for one in mapping
        ]
    method = told.get("sorting_method", "lexicographical")
    if method == "predefined":
        order = told.get("upload_file_order") or [name for name, _ in files]
        named = dict(files)
        return [(name, named[name]) for name in order], None
    if method == "natural":
        return sorted(files, key=lambda one: _natural(one[0])), None
    if method == "random":
        return random.sample(files, len(files)), None
    return sorted(files), None


def _natural(name: str) -> list[tuple[int, int, str]]:
    parts = re.findall(r"\d+|\D+", name)
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]


def read(name: str, path: Path) -> Frame:
    """Return a picture with its size; one that is broken or cut off fails the request."""
    with Image.open(path) as image:
        turned = image.getexif().get(_ORIENTATION, 1) in _TURNED
        image.load()
        width, height = image.size
    if turned:
        width, height = height, width
    return Frame(name=name, path=path, width=width, height=height)


def original(frame: Frame) -> tuple[bytes, str]:
    """Return a picture as it was sent, or turned where EXIF says so, and its content type."""
    content = frame.path.read_bytes()
    with Image.open(io.BytesIO(content)) as image:
        kind = image.format or "PNG"
        if image.getexif().get(_ORIENTATION, 1) == 1:
            return content, Image.MIME[kind]
        return _encoded(ImageOps.exif_transpose(image), kind, quality=100), Image.MIME[kind]


def compressed(frame: Frame, quality: int) -> tuple[bytes, str]:
    """Return a picture as JPEG."""
    with Image.open(frame.path) as image:
        straight = ImageOps.exif_transpose(image).convert("RGB")
        return _encoded(straight, "JPEG", quality=quality), "image/jpeg"


def placeholder(frame: Frame) -> tuple[bytes, str]:
    """Return what a ground-truth job shows in place of a frame that is not in it."""
    return _encoded(Image.new("RGB", (frame.width, frame.height)), "JPEG", quality=50), "image/jpeg"


def _encoded(image: Image.Image, kind: str, *, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, quality=quality)
    return out.getvalue()
