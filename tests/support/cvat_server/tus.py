"""Uploads: files in one multipart body, or one file in chunks (TUS), into a slot of the server.

A slot ("task/1/data", "task/1/annotations") holds what was sent there until it is used. SDK 2.80
sends whole local paths as file names: only their last part counts.
"""

from __future__ import annotations

import base64
import re
import uuid
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath

from tests.support.cvat_server.http import Answer, Call, Refused

_TUS = {
    "Tus-Resumable": "1.0.0",
    "Tus-Version": "1.0.0",
    "Tus-Extension": "",
    "Tus-Max-Size": "26843545600",
}


@dataclass
class Chunked:
    """A file that arrives in chunks."""

    path: Path
    length: int
    name: str


@dataclass
class Slot:
    """What was sent to a place: whole files by name in the order of arrival, and open uploads."""

    folder: Path
    files: dict[str, Path] = field(default_factory=dict)
    open: dict[str, Chunked] = field(default_factory=dict)

    def put(self, name: str, content: bytes) -> None:
        """Keep a whole file."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / uuid.uuid4().hex
        path.write_bytes(content)
        self.files[name] = path


class Uploads:
    """All slots of a server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._slots: dict[str, Slot] = {}

    def slot(self, name: str) -> Slot:
        """Return the slot, empty at first."""
        return self._slots.setdefault(name, Slot(self.folder / name))

    def clear(self, name: str) -> None:
        """Forget what was sent; the files stay where they lie."""
        self._slots.pop(name, None)


def last_part(name: str) -> str:
    """Return a file's name without its folders, of whichever system they are."""
    return PurePosixPath(PureWindowsPath(name).as_posix()).name


def create(call: Call, slot: Slot, *, generated: bool) -> Answer:
    """Open a chunked upload (201); `generated`: it is known by its id, not by the file's name."""
    told = dict(
        one.strip().partition(" ")[::2]
        for one in call.headers.get("upload-metadata", "").split(",")
    )
    number = f"{call.user.id}_{uuid.uuid4()}"
    name = last_part(base64.b64decode(told["filename"]).decode())
    slot.folder.mkdir(parents=True, exist_ok=True)
    path = slot.folder / number
    path.write_bytes(b"")
    known = number if generated else name
    slot.open[number] = Chunked(path, int(call.headers["upload-length"]), known)
    location = f"{call.origin}{call.path}{number}"
    return Answer(201, headers={**_TUS, "Location": location, "Upload-Filename": known})


def append(call: Call, slot: Slot, number: str) -> Answer:
    """Take a chunk (204); 409 where it does not begin at the end of what is there."""
    one = _find(slot, number)
    size = one.path.stat().st_size
    if int(call.headers.get("upload-offset", "-1")) != size:
        return Answer(409, headers=_TUS)
    with one.path.open("ab") as file:
        file.write(call.body)
    size += len(call.body)
    if size >= one.length:
        slot.files[one.name] = one.path
    return Answer(204, headers={**_TUS, "Upload-Offset": str(size)})


def tell(slot: Slot, number: str) -> Answer:
    """Say how much of a file has arrived."""
    one = _find(slot, number)
    size = one.path.stat().st_size
    told = {"Upload-Offset": str(size), "Upload-Length": str(one.length)}
    return Answer(200, headers={**_TUS, **told})


def _find(slot: Slot, number: str) -> Chunked:
    if number not in slot.open:
        raise Refused(404, {"detail": "Not found."})
    return slot.open[number]


def files_in(call: Call) -> tuple[dict[str, str], list[tuple[str, bytes]]]:
    """Return the fields and the files (name, content) of a multipart body."""
    kind = call.headers.get("content-type", "")
    found = re.search(r'boundary="?([^";]+)"?', kind)
    if found is None:
        raise Refused(400, {"detail": "Multipart form parse error - Invalid boundary"})
    fields: dict[str, str] = {}
    files: list[tuple[str, bytes]] = []
    for part in call.body.split(b"--" + found[1].encode())[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        content = content.removesuffix(b"\r\n")
        told = head.decode()
        name = re.search(r'\bname="([^"]*)"', told)
        filename = re.search(r'\bfilename="((?:[^"\\]|\\.)*)"', told)
        if filename is not None:
            files.append((last_part(filename[1].replace('\\"', '"')), content))
        elif name is not None:
            fields[name[1]] = content.decode()
    return fields, files
