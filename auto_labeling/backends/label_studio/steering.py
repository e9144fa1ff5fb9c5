"""The calls by which somebody at a desk steers a project: what there is, and what is shown next."""

from __future__ import annotations

from collections.abc import Sequence

from auto_labeling.backends.label_studio.client import Client, Row, plain

_IMPORT = 1_000
"""Predictions a call."""


class SteeringClient(Client):
    """A connection that also knows what a campaign has no use for."""

    def all_projects(self) -> list[Row]:
        """Return every project that the token may see, newest first."""
        with self._translated("the list of projects"):
            found = [plain(one) for one in self._sdk.projects.list(request_options=self._once())]
        return sorted(found, key=lambda row: -row["id"])

    def add_predictions(self, project: int, predictions: Sequence[Row]) -> None:
        """Add predictions, each with its `task`; an error says nothing about how many."""
        for start in range(0, len(predictions), _IMPORT):
            with self._translated(f"predictions for project {project}"):
                self._sdk.projects.import_predictions(
                    project,
                    request=predictions[start : start + _IMPORT],
                    request_options=self._once(),
                )

    def model_versions(self, project: int) -> list[str]:
        """Return whose predictions a project holds."""
        return self._versions(project, "GET", None)

    def drop_predictions(self, project: int, version: str) -> None:
        """Delete all predictions of one version; answers stay."""
        self._versions(project, "DELETE", {"model_version": version})

    def _versions(self, project: int, method: str, told: Row | None) -> list[str]:
        with self._translated(f"the versions in project {project}"):
            answer = self._http.request(  # the SDK has no call for it
                method,
                f"{self.url}/api/projects/{project}/model-versions/",
                json=told,
                headers=self._sdk._client_wrapper.get_headers(),
            )
            answer.raise_for_status()
            return list(answer.json())
