"""Pictures into a task in portions, so that an upload that was cut off goes on where it stopped.

Imported when the first call is made, as `connection` is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from cvat_sdk.api_client.exceptions import ApiException

from auto_labeling.backends.cvat.connection import NamedFile, PictureUploader, portions


class ResumingUploader(PictureUploader):
    """Pictures into one task, as often as it takes until they are all there.

    The server does not say what it has of a task that is not finished, and by its source a picture
    that it is sent twice fails the task. But it refuses to *open* the upload of a file whose name
    it has (409). So each portion begins with an opening, and where that is refused, each file of
    it. A server that takes a name twice has the last of both.
    """

    def send(
        self,
        task: int,
        files: Sequence[NamedFile],
        settings: Mapping[str, Any],
        done: Callable[[int], None],
    ) -> str:
        """Send pictures in the order of their frames and return the request's id.

        `done` is told after each portion how many pictures it was.
        """
        url = self._client.api_map.make_endpoint_url(f"/api/tasks/{task}/data/")
        self._tus_start_upload(url)
        for first, *rest in portions(files):
            if self._open_and_send(url, first):
                if rest:
                    self._send(url, rest, settings["image_quality"])
            else:
                for one in rest:
                    self._open_and_send(url, one)
            done(1 + len(rest))
        return self._finish(url, files, settings)

    def _open_and_send(self, url: str, file: NamedFile) -> bool:
        """Send one file, and return whether it was not there yet."""
        try:
            self._send_in_pieces(url, file)
        except ApiException as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
            return False
        return True
