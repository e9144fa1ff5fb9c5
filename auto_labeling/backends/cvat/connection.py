"""The SDK, held to one try and a time limit for every request, and to constant memory.

Imported when the first call is made: the SDK takes a third of a second.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import cvat_sdk
from cvat_sdk.api_client.rest import RESTClientObject
from cvat_sdk.core.client import AccessTokenCredentials
from cvat_sdk.core.helpers import expect_status, make_request_headers
from cvat_sdk.core.progress import NullProgressReporter
from cvat_sdk.core.uploading import Uploader

_AT_ONCE = 8 * 2**20
"""Bytes of pictures in one request; a larger picture travels in pieces."""
_MOST = 50
"""Pictures in one request."""
NamedFile: TypeAlias = tuple[str, Path]
"""What a picture is called there, and where it lies here."""


def connect(url: str, organization: str | None, timeout_s: float) -> cvat_sdk.Client:
    """Return a connection; nothing is called."""
    sdk = cvat_sdk.Client(url, check_server_version=False)
    configuration = sdk.api_client.configuration
    configuration.retries = False  # or one call makes two tasks
    sdk.api_client.rest_client = _Bounded(configuration, timeout_s)
    sdk.organization_slug = organization
    return sdk


def log_in(sdk: cvat_sdk.Client, user: str | None, secret: str) -> None:
    """Begin a session with a password, or with an access token where there is no user."""
    sdk.login(AccessTokenCredentials(secret) if user is None else (user, secret))


class _Bounded(RESTClientObject):  # type: ignore[misc]  # the SDK has no types
    """Requests that end: the SDK's uploads would wait for ever."""

    def __init__(self, configuration: Any, timeout_s: float) -> None:
        super().__init__(configuration)
        self._timeout = (timeout_s, timeout_s)

    def request(self, *args: Any, _request_timeout: Any = None, **more: Any) -> Any:
        return super().request(*args, _request_timeout=_request_timeout or self._timeout, **more)


class PictureUploader(Uploader):  # type: ignore[misc]  # the SDK has no types
    """Pictures into a task, under names of ours: the SDK's own sends whole local paths."""

    def upload(self, task: int, files: Sequence[NamedFile], settings: Mapping[str, Any]) -> str:
        """Send pictures in the order that their frames are to have; return the request's id."""
        url = self._client.api_map.make_endpoint_url(f"/api/tasks/{task}/data/")
        self._tus_start_upload(url)
        for some in portions(files):
            if some[0][1].stat().st_size > _AT_ONCE:
                self._send_in_pieces(url, some[0])
            else:
                self._send(url, some, settings["image_quality"])
        return self._finish(url, files, settings)

    def _finish(self, url: str, files: Sequence[NamedFile], settings: Mapping[str, Any]) -> str:
        order = [name for name, _ in files]
        told = {**settings, "sorting_method": "predefined", "upload_file_order": order}
        return str(json.loads(self._tus_finish_upload(url, fields=told).data)["rq_id"])

    def _send_in_pieces(self, url: str, file: NamedFile) -> None:
        name, path = file
        silent = NullProgressReporter()
        with silent.task(total=path.stat().st_size, desc=name):
            self._upload_file_data_with_tus(url, path, meta={"filename": name}, pbar=silent)

    def _send(self, url: str, files: Sequence[NamedFile], quality: int) -> None:
        parts = {
            f"client_files[{at}]": (name, path.read_bytes())
            for at, (name, path) in enumerate(files)
        }
        api = self._client.api_client
        answer = api.rest_client.POST(
            url,
            post_params={"image_quality": str(quality), **parts},
            headers={
                "Content-Type": "multipart/form-data",
                "Upload-Multiple": "",
                **make_request_headers(api),
            },
        )
        expect_status(200, answer)


def portions(files: Sequence[NamedFile]) -> Iterator[list[NamedFile]]:
    """Yield files in portions of a bearable size; one that is larger by itself."""
    portion: list[NamedFile] = []
    weight = 0
    for name, path in files:
        size = path.stat().st_size
        if portion and (weight + size > _AT_ONCE or len(portion) == _MOST):
            yield portion
            portion, weight = [], 0
        portion.append((name, path))
        weight += size
    if portion:
        yield portion
