"""A live answer beside the recorded one: status, headers, and the body in its own format."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

import httpx

from tests.cvat import comparing
from tests.cvat.names import Names
from tests.cvat.recordings import Exchange, picture

EARLY = ("queued",)
UNDER_WAY = ("queued", "started")
KEPT = ("content-type", "content-disposition", "location", "upload-", "tus-")
JPEG = b"\xff\xd8\xff"


def differences(
    exchange: Exchange, live: httpx.Response, names: Names, free: Sequence[str] = ()
) -> list[str]:
    """Return one line for everything a live answer says differently from the recorded one."""
    if live.status_code != exchange["status"]:
        return [f"status: expected {exchange['status']}, got {live.status_code} {live.text[:300]}"]
    return [*_bodies(exchange, live, names, free), *_headers(exchange, live, names)]


def colours(body: Any) -> Iterator[str]:
    """Yield the colours that a request asks for."""
    if isinstance(body, list):
        for one in body:
            yield from colours(one)
    elif isinstance(body, Mapping):
        if "color" in body:
            yield body["color"]
        yield from colours(body.get("labels", []))


def _headers(exchange: Exchange, live: httpx.Response, names: Names) -> Iterator[str]:
    said = {name.lower(): value for name, value in exchange["response_headers"].items()}
    for name, value in said.items():
        yield from comparing.differences({name: value}, {name: live.headers.get(name)}, names)
    for name in live.headers:
        if name.startswith(KEPT) and name not in said:
            yield f"{name}: expected none, got {live.headers[name]}"
    set_here = {line.split("=")[0] for line in live.headers.get_list("set-cookie")}
    for name in set(exchange.get("response_sets_cookies", ())) ^ set_here:
        yield f"cookie {name}: set in one of them only"


def _bodies(
    exchange: Exchange, live: httpx.Response, names: Names, free: Sequence[str]
) -> list[str]:
    if "response_text" in exchange:
        expected = names.text(exchange["response_text"]).split()
        return [] if live.text.split() == expected else [f"text: got {live.text[:200]!r}"]
    if "response_binary" in exchange:
        return _binary(exchange, live, names, free)
    if exchange["response_json"] is None:
        return [f"body: expected none, got {live.content[:200]!r}"] if live.content else []
    try:
        body = live.json()
    except ValueError:
        return [f"body: expected JSON, got {live.content[:200]!r}"]
    expected = exchange["response_json"]
    if isinstance(expected, dict) and "operation" in expected:
        return _request(expected, body, names)
    if exchange["path"] == "/api/requests":
        # How many requests there were before is not recorded.
        expected = expected | {"count": body.get("count")}
    if "response_trimmed" in exchange:
        body = _trimmed(expected, body)
    return comparing.differences(expected, body, names, free)


def _request(expected: dict[str, Any], body: dict[str, Any], names: Names) -> list[str]:
    """Compare a long operation: its states may be met earlier or later, its outcome may not."""
    # The end may be written down a moment after the state, and the start as well.
    dates = ("started_date", "finished_date", "expiry_date")
    loose = {one for one in dates if expected[one] is None and body.get("status") not in EARLY}
    if expected["status"] in UNDER_WAY:
        loose.add("message")
        if body.get("status") != expected["status"]:
            loose |= {"status", "result_url", "result_id", *dates}
    said = {key: value for key, value in expected.items() if key not in loose}
    told = {key: value for key, value in body.items() if key not in loose}
    found = comparing.differences(said, told, names)
    found += [f"lacks {key}" for key in sorted(loose - body.keys())]
    if body["status"] in UNDER_WAY and (body["result_url"] or body["finished_date"]):
        found.append(f"{body['status']}, but it has a result: {body}")
    return found


def _trimmed(expected: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """Return those entries of the live lists that the recording kept."""
    told: dict[str, Any] = {}
    for key, rows in expected.items():
        names: list[str] = [one["name"] for one in rows]
        kept = [one for one in body[key] if one["name"] in names]
        told[key] = sorted(kept, key=lambda one: names.index(one["name"]))
    return told


def _binary(
    exchange: Exchange, live: httpx.Response, names: Names, free: Sequence[str]
) -> list[str]:
    expected = exchange["response_binary"]
    if expected["content_type"] == "image/png":
        same = live.content == picture("img_0.png", expected["length"])
        return [] if same else ["the picture is not the one that was uploaded"]
    if expected["content_type"] == "image/jpeg":
        return [] if live.content.startswith(JPEG) else ["the picture is no JPEG"]
    entries = expected["zip_entries"]
    with zipfile.ZipFile(io.BytesIO(live.content)) as file:
        if set(file.namelist()) != set(entries):
            return [f"zip: expected {sorted(entries)}, got {sorted(file.namelist())}"]
        return [
            f"zip {name}: {one}"
            for name, entry in entries.items()
            for one in _entry(name, entry, file.read(name), names, free)
        ]


def _entry(
    name: str, entry: Mapping[str, Any], content: bytes, names: Names, free: Sequence[str]
) -> list[str]:
    if "json" in entry:
        return comparing.differences(entry["json"], json.loads(content), names, free)
    if "text" not in entry:
        same = content == picture(name.rsplit("/", 1)[1], entry["length"])
        return [] if same else ["not the file that was uploaded"]
    if name.endswith(".xml"):
        here, there = (ET.fromstring(text) for text in (entry["text"], content))
        return comparing.differences(_tree(here), _tree(there), names, free)
    return comparing.differences(entry["text"], content.decode(), names)


def _tree(element: ET.Element, parent: str = "") -> dict[str, Any]:
    """Return an XML element as a document, without the white space between elements."""
    text = (element.text or "").strip()
    said = {f"{parent}_id": int(text)} if element.tag == "id" else {element.tag: text}
    return {
        "tag": element.tag,
        **{f"@{name}": value for name, value in element.attrib.items()},
        **said,
        "inside": [_tree(one, element.tag) for one in element],
    }
