"""A real Label Studio for tests, where it is installed, and the few calls they make by hand."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from auto_labeling.errors import BlockedError
from auto_labeling.studio import Studio
from auto_labeling.studio.environment import Environment

CHOICES = """
<View>
  <Text name="text" value="$text"/>
  <Choices name="label" toName="text"><Choice value="yes"/><Choice value="no"/></Choices>
</View>
"""


def require_studio() -> None:
    """Skip the test where Label Studio is not installed; in CI that is a failure."""
    try:
        Environment.find()
    except BlockedError as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))


def project_of(studio: Studio, texts: Sequence[str] = ()) -> int:
    """Make a project with one task a text, and return its number."""
    with studio.client() as admin:
        made = admin.post("/api/projects/", json={"title": "yes or no", "label_config": CHOICES})
        project = int(made.raise_for_status().json()["id"])
        if texts:
            rows = [{"data": {"text": text}} for text in texts]
            admin.post(f"/api/projects/{project}/import", json=rows).raise_for_status()
    return project


def tasks_of(studio: Studio, project: int) -> list[dict[str, Any]]:
    """Return the tasks of a project, whole, in the order in which they were made."""
    with studio.client() as admin:
        told = {"project": project, "fields": "all", "page_size": 1000}
        answer = admin.get("/api/tasks/", params=told).raise_for_status()
    return sorted(answer.json()["tasks"], key=lambda task: int(task["id"]))


def answer(studio: Studio, task: int, label: str, *, token: str | None = None) -> Mapping[str, Any]:
    """Answer a task as the person whose token it is, and return the annotation."""
    choice = {"from_name": "label", "to_name": "text", "type": "choices"}
    body = {"result": [choice | {"value": {"choices": [label]}}]}
    with studio.client(token) as person:
        made = person.post(f"/api/tasks/{task}/annotations/", json=body).raise_for_status()
    given: dict[str, Any] = made.json()
    return given
