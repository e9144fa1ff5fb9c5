"""Further opinions on an item: the task that people know already asks for more of them.

A second task would be shown to the people who answered the first, and an item never gets two
opinions by one person.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from auto_labeling.backends.label_studio.client import Client, Row, where
from auto_labeling.backends.label_studio.marks import MORE, more, with_more
from auto_labeling.backends.label_studio.queues import ASSIGNEES, assignees
from auto_labeling.formats.codec import ITEM, KEY
from auto_labeling.records import RemoteRef, Upload

FIELDS = "id,data,annotations,overlap,completed_by"


def join(client: Client, project: int, uploads: Sequence[Upload]) -> dict[str, RemoteRef]:
    """Let uploads of further opinions join the tasks of their items, and return their copies.

    Left out are uploads of first opinions, and of items whose task is gone.
    """
    further = {
        upload.items[0].item_id: upload
        for upload in uploads
        if min(ask.ordinal for ask in upload.asks) > 0
    }
    found: dict[str, RemoteRef] = {}
    for task in client.tasks_with(project, f"data.{ITEM}", sorted(further), FIELDS):
        upload = further.get(task["data"][ITEM])
        if upload is None or KEY not in task["data"] or upload.key in found:
            continue
        joined = more(task["data"])
        if upload.key not in joined:
            joined[upload.key] = len(upload.asks)
            task["data"] |= assignees(upload.asks, task["data"].get(ASSIGNEES, ""))
            _ask_for(client, task, joined, acted(task) + len(upload.asks))
        found[upload.key] = RemoteRef(key=upload.key, remote_id=str(task["id"]))
    return found


def joined_to(client: Client, project: int, keys: Collection[str]) -> Iterator[RemoteRef]:
    """Yield the copies of these keys that have joined a task."""
    if not keys:
        return
    wanted = set(keys)
    for task in client.tasks(
        project, where(f"data.{MORE}", "empty", False, "String"), fields=FIELDS
    ):
        if KEY in task["data"]:
            for key in wanted & set(more(task["data"])):
                yield RemoteRef(key=key, remote_id=str(task["id"]))


def leave(client: Client, project: int, keys: Mapping[str, int]) -> set[str]:
    """Ask for these further opinions no more, and return the keys that people have answered.

    `keys` says on which task each is.
    """
    late: set[str] = set()
    for task in client.tasks_with(project, "id", sorted(set(keys.values())), FIELDS):
        joined = more(task["data"])
        for key in [key for key in joined if keys.get(key) == task["id"]]:
            if acted(task) >= task["overlap"]:
                late.add(key)
            else:
                _ask_for(
                    client,
                    task,
                    {one: n for one, n in joined.items() if one != key},
                    task["overlap"] - joined.pop(key),
                )
    return late


def acted(task: Row) -> int:
    """Return how many people have answered or skipped a task, as the server counts them."""
    return len({one["completed_by"] for one in task.get("annotations") or []})


def _ask_for(client: Client, task: Row, joined: Mapping[str, int], opinions: int) -> None:
    task["data"], task["overlap"] = with_more(task["data"], joined), max(opinions, 1)
    client.change_task(
        task["id"],
        data=task["data"],
        overlap=task["overlap"],
        is_labeled=acted(task) >= task["overlap"],
    )
