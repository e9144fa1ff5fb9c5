"""Pictures of a project: uploaded once, and measured where nobody has drawn on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import httpx

from auto_labeling.backends.label_studio.client import Client, Row
from auto_labeling.backends.label_studio.pictures import Pictures, is_address
from auto_labeling.by_hand.importing import SOURCE, Wanted, content_key
from auto_labeling.errors import BlockedError, DataError, RejectedError
from auto_labeling.files import sha256_of
from auto_labeling.formats.labeled import Labeled
from auto_labeling.records import Item, Upload

_TIMEOUT_S = 60.0


def picture_wanted(
    client: Client, project: int, image: str, field: str, predictions: Sequence[Row]
) -> Wanted:
    """Return the task of a picture; a path is uploaded once it turns out to be new."""
    path = Path(image)
    local = not is_address(image)
    if local and not path.is_file():
        raise DataError(f"images: {image} is not a file")
    return Wanted(
        key=content_key({"picture": sha256_of(path) if local else image}),
        data=lambda: {field: _served(client, project, image), SOURCE: image},
        predictions=predictions,
        rest={},
    )


def measured(client: Client, one: Labeled, field: str) -> Labeled:
    """Return an item with the size of its picture, read anew where no drawing names it."""
    from PIL import Image, ImageOps

    if one.size is not None:
        return one
    try:
        content = _content(client, str(one.fields.get(field)))
        with Image.open(BytesIO(content)) as picture:
            return replace(one, size=ImageOps.exif_transpose(picture).size)
    except (OSError, httpx.HTTPError, BlockedError, RejectedError) as error:
        raise DataError(
            f"task {one.number}: nobody has drawn on the picture, and to learn its size it cannot "
            f"be read ({type(error).__name__}); export yolo, which needs no sizes"
        ) from error


def _served(client: Client, project: int, image: str) -> str:
    """Return the address under which the server shows a picture; paths are uploaded."""
    pictures = Pictures(client=client, base=Path(), files=None)
    one = Upload(key="", items=(Item(item_id=image, uri=image),), asks=())
    return str(pictures.served(project, one).items[0].uri)


def _content(client: Client, address: str) -> bytes:
    """Return the bytes of a picture; no server but ours is told our token."""
    ours = f"{client.url}/"
    if address.startswith(("/", ours)):
        return client.download(address.removeprefix(client.url))
    answer = httpx.get(address, timeout=_TIMEOUT_S, follow_redirects=True)
    return answer.raise_for_status().content
