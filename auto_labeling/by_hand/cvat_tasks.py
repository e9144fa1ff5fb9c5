"""Tasks of a script in CVAT: found by name, subset and owner, or made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from auto_labeling.backends.cvat.by_hand_calls import HandClient
from auto_labeling.backends.cvat.session import Row
from auto_labeling.errors import BlockedError, ConfigurationError
from auto_labeling.files import content_digest, sha256_of
from auto_labeling.formats.cvat import label_specs
from auto_labeling.formats.cvat.attributes import check_name
from auto_labeling.formats.cvat.labels import ANY
from auto_labeling.records import LabelSchema

_MOST_REPLICAS = 11


def labels_wanted(labels: Any, kind: str = ANY) -> list[Row]:
    """Return labels as CVAT takes them; a name alone gets this type and an attribute for scores.

    Raises `ConfigurationError`.

    >>> [(one["name"], one["type"]) for one in labels_wanted(["car", {"name": "night"}])]
    [('car', 'any'), ('night', 'any')]
    """
    if isinstance(labels, str | Mapping) or not labels:
        raise ConfigurationError(f"labels: expected a list of classes, got {labels!r}")
    found = [_label(one, kind) for one in labels]
    names = [str(one["name"]) for one in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigurationError(f"labels: expected each class once, got {twice} more often")
    return found


def task_for(
    client: HandClient, name: str, labels: Sequence[Row], subset: str, overlap: int, in_a_job: int
) -> int:
    """Return the number of the account's task of this name and subset; made where there is none."""
    if overlap > _MOST_REPLICAS:
        raise ConfigurationError(f"overlap: expected at most {_MOST_REPLICAS}, got {overlap}")
    for row in client.tasks_called(name, subset, client.login()):
        _check_same(client, row, labels, overlap)
        return int(row["id"])
    consensus = {"consensus_replicas": overlap} if overlap > 1 else {}
    told = {"name": name, "labels": list(labels), "subset": subset, "segment_size": in_a_job}
    row = client.make_task(**told, overlap=0, **consensus)
    if consensus and not row.get("consensus_enabled"):
        client.delete_task(int(row["id"]))
        raise BlockedError(
            f"{client.url} makes no replicas of a job, and {overlap} opinions on a picture are "
            "asked for",
            remedy="Upgrade CVAT to a version that does, or let overlap be 1.",
        )
    return int(row["id"])


def name_for(pictures: Sequence[Path], labels: Sequence[Row]) -> str:
    """Return the name of a task that nobody has named: the same for the same pictures."""
    shown = [sha256_of(path) for path in pictures]
    return f"segmentation {content_digest([shown, list(labels)])[:12]}"


def _label(given: Any, kind: str) -> Row:
    if isinstance(given, Mapping):
        if not isinstance(given.get("name"), str):
            raise ConfigurationError(f"labels: expected a name in every label, got {given!r:.60}")
        check_name("labels", given["name"])
        return {"type": kind, "attributes": [], **given}
    [spec] = label_specs(LabelSchema(task="boxes", classes=(str(given),)))
    return spec | {"type": kind}


def _check_same(client: HandClient, row: Row, labels: Sequence[Row], overlap: int) -> None:
    """Raise `ConfigurationError` where a task was made for something else."""
    where = f"task {row['id']}, {row['name']!r}, was made with"
    there, wanted = _kinds(client.task_labels(int(row["id"]))), _kinds(labels)
    if there != wanted:
        got = ", ".join(f"{name} ({kind})" for name, kind in sorted(there.items()))
        raise ConfigurationError(f"labels: {where} others: {got}; name another task")
    if bool(row.get("consensus_enabled")) != (overlap > 1):
        raise ConfigurationError(
            f"overlap: {where}{'' if overlap == 1 else 'out'} replicas; name another task"
        )


def _kinds(labels: Sequence[Row]) -> dict[str, str]:
    return {str(one["name"]): str(one.get("type") or ANY) for one in labels}
