"""What a project is told by whoever serves it: webhooks to call, and which predictions to show.

A webhook is made and deleted, never updated: an update empties it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from auto_labeling.backends.label_studio.client import Client, Row, plain, where
from auto_labeling.backends.label_studio.refusals import gone_is_fine


class ServedClient(Client):
    """A connection to one server, for whoever is called by it."""

    def webhooks(self, project: int) -> list[Row]:
        """Return the webhooks of a project."""
        with self._translated(f"the webhooks of project {project}"):
            found = self._sdk.webhooks.list(project=project, request_options=self._once())
            return [row for row in map(plain, found) if row.get("project") == project]

    def make_webhook(
        self, project: int, url: str, headers: Mapping[str, str], actions: Sequence[str]
    ) -> None:
        """Let a project call an address, without a payload, whenever one of the acts happens."""
        with self._translated(f"a webhook of project {project}"):
            self._sdk.webhooks.create(
                project=project,
                url=url,
                headers=dict(headers),
                actions=list(actions),
                send_for_all_actions=False,
                send_payload=False,
                request_options=self._once(),
            )

    def delete_webhook(self, webhook: int) -> None:
        """Delete a webhook; one that is gone stays gone."""
        with self._translated(f"webhook {webhook}"), gone_is_fine():
            self._sdk.webhooks.delete(webhook, request_options=self._once())

    def retrieve_predictions(self, project: int, timeout_s: float) -> None:
        """Let the server ask its ML backend about every task that is not labeled yet."""
        open_tasks = where("is_labeled", "equal", False, "Boolean")
        with self._translated(f"the predictions of project {project}"):
            self._sdk.actions.create(
                project=project,
                id="retrieve_tasks_predictions",
                selected_items={"all": True, "excluded": []},
                filters={"conjunction": "and", "items": [open_tasks]},
                request_options=self._once(timeout_s),
            )
