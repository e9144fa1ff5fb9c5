"""Whose suggestions people see: a project shows those of one model, the first it heard of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from auto_labeling.backends.label_studio.client import Client, Row
from auto_labeling.records import Upload


class Showing:
    """Lets people see the suggestions of the newest model.

    An adopted project goes on showing what its owner has chosen, or nothing.
    """

    def __init__(self, client: Client, *, adopted: bool) -> None:
        self._client = client
        self._adopted = adopted
        self._shown = ""

    @contextmanager
    def of(self, project: int, uploads: Sequence[Upload]) -> Iterator[None]:
        """Show the suggestions of these uploads once the block has made them."""
        versions = [one.model_version for upload in uploads for one in upload.suggestions]
        if not versions:
            yield
        elif self._adopted:
            chosen = self._client.project(project)["model_version"]
            yield
            if not chosen:  # the server has chosen ours
                self._client.change_project(project, model_version="")
        else:
            yield
            if versions[-1] != self._shown:
                self._client.change_project(project, model_version=versions[-1])
                self._shown = versions[-1]


def show_newest(client: Client, row: Row) -> None:
    """Show the newest suggestions of a project of ours: we may have died before that."""
    if not row["model_version"]:
        return
    newest = client.newest_version(row["id"])
    if newest is not None and newest != row["model_version"]:
        client.change_project(row["id"], model_version=newest)
