"""Further opinions on an item: the task that people know already asks for more of them.

A second task would be shown to the people who answered the first, and an item never gets two
opinions by one person.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from auto_labeling.backends.label_studio.client import Client, Row, where
from auto_labeling.backends.label_studio.marks import MORE, RULERS, is_of, more, with_more
from auto_labeling.backends.label_studio.queues import ASSIGNEES, assignees, rulers
from auto_labeling.formats.codec import ITEM, KEY
from auto_labeling.records import CampaignId, Purpose, RemoteRef, Upload

FIELDS = "id,data,annotations,overlap,completed_by"


def join(
    client: Client, project: int, campaign: CampaignId | None, uploads: Sequence[Upload]
) -> dict[str, RemoteRef]:
    """Let uploads of further opinions join the campaign's tasks, and return their copies.

    Left out are uploads of first opinions, and of items whose task is gone. What people are
    measured on is never a task on which somebody ruled: they could see the answer there.
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
        if not is_of(task, campaign):
            continue
        if RULERS in task["data"] and any(ask.purpose is Purpose.GOLD for ask in upload.asks):
            continue
        joined = more(task["data"])
        if upload.key not in joined:
            joined[upload.key] = len(upload.asks)
            task["data"] |= assignees(upload.asks, task["data"].get(ASSIGNEES, ""))
            task["data"] |= rulers(upload.asks)
            _ask_for(client, task, joined, acted(task) + len(upload.asks))
        found[upload.key] = RemoteRef(key=upload.key, remote_id=str(task["id"]))
    return found


def joined_to(client: Client, project: int, keys: Collection[str]) -> Iterator[RemoteRef]:
    """Yield the copies of these keys that have joined a task."""
    if not keys:
        return
    wanted = set(keys)
    for task in client.tasks(
        project, where(f"data.{MORE}", "empty", False, "String"), fields="id,data"
    ):
        if KEY in task["data"]:
            for key in wanted & set(more(task["data"])):
                yield RemoteRef(key=key, remote_id=str(task["id"]))


def leave(client: Client, project: int, refs: Collection[RemoteRef]) -> set[RemoteRef]:
    """Ask for these further opinions no more, and return those that people have given already."""
    given: set[RemoteRef] = set()
    ids = sorted({int(ref.remote_id) for ref in refs})
    for task in client.tasks_with(project, "id", ids, FIELDS):
        for key, opinions in more(task["data"]).items():
            ref = RemoteRef(key=key, remote_id=str(task["id"]))
            if ref in refs and acted(task) >= task["overlap"]:
                given.add(ref)
            elif ref in refs:
                rest = {one: n for one, n in more(task["data"]).items() if one != key}
                _ask_for(client, task, rest, task["overlap"] - opinions)
    return given


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
