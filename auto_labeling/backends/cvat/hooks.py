"""Webhooks of a project: by which a server calls whoever serves a campaign."""

from __future__ import annotations

from collections.abc import Sequence

from auto_labeling.backends.cvat.client import Client
from auto_labeling.backends.cvat.refusals import gone_is_fine
from auto_labeling.backends.cvat.session import Row


class HookClient(Client):
    """A connection to one server, for whoever is called by it."""

    def webhooks(self, project: int) -> list[Row]:
        """Return the webhooks of a project; the server never tells their secrets."""
        what = f"the webhooks of project {project}"
        found = self._pages("webhooks_api.list", what, project_id=project)
        return [row for row in found if row.get("project_id") == project]

    def make_webhook(self, project: int, url: str, secret: str, events: Sequence[str]) -> None:
        """Let a project call an address, signed with a secret, whenever one of the events comes."""
        told = {"type": "project", "project_id": project, "content_type": "application/json"}
        self._call(
            "webhooks_api.create",
            f"a webhook of project {project}",
            webhook_write_request=told | _said(url, secret, events),
        )

    def change_webhook(self, webhook: int, url: str, secret: str, events: Sequence[str]) -> None:
        """Let a webhook that is there call as one that is made now would."""
        self._call(
            "webhooks_api.partial_update",
            f"webhook {webhook}",
            id=webhook,
            patched_webhook_write_request=_said(url, secret, events),
        )

    def delete_webhook(self, webhook: int) -> None:
        """Delete a webhook; one that is gone stays gone."""
        with self._translated(f"webhook {webhook}"), gone_is_fine():
            self._sdk.api_client.webhooks_api.destroy(webhook)


def _said(url: str, secret: str, events: Sequence[str]) -> Row:
    return {
        "target_url": url,
        "secret": secret,
        "events": list(events),
        "is_active": True,
        "enable_ssl": True,
    }
