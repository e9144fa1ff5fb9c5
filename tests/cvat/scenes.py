"""What each file of recordings takes for granted: things made, and people signed in, beforehand."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from tests.cvat.recordings import Exchange, recorded
from tests.cvat.replaying import PATIENCE_S, Replay
from tests.cvat.staging import CAT, draw, know, project, rectangle, task, upload

Scene = Callable[[Replay, list[Exchange]], None]
CAT_DOG = [{"name": "cat"}, {"name": "dog"}]


def set_up(replay: Replay, name: str) -> list[Exchange]:
    """Bring the server to where a file begins, and return its exchanges."""
    exchanges = recorded(name)
    replay.sign_in("admin")
    if (scene := SCENES.get(name[:2])) is not None:
        scene(replay, exchanges)
    return exchanges


def first_task(replay: Replay, exchanges: list[Exchange]) -> None:
    """Files 04 to 08 speak about the project of file 02 and the task of file 03."""
    replay.play(recorded("02"), quietly=True)
    replay.play(recorded("03"), quietly=True)
    know(replay, 130, job_ids=[272, 273, 274])


def drawn_task(replay: Replay, exchanges: list[Exchange]) -> None:
    first_task(replay, exchanges)
    found = exchanges[0]["response_json"]
    draw(replay, 130, found["shapes"], found["tags"])


def states(replay: Replay, exchanges: list[Exchange]) -> None:
    body: dict[str, Any] = {"name": "golden-states", "labels": CAT, "segment_size": 2, "overlap": 0}
    task(replay, 135, [281, 282, 283], [205], images=5, **body)
    replay.who = dict.fromkeys(range(33, 46), "annot1")


def exports(replay: Replay, exchanges: list[Exchange]) -> None:
    sixth = recorded("06")
    drawn_task(replay, sixth)
    replay.play(sixth, quietly=True)
    task(replay, 136, [284], [206, 207], images=3, name="golden-no-subset", labels=CAT_DOG)
    mask = {"type": "mask", "label_id": 206, "frame": 1, "points": [1, 19, 60, 50, 64, 53]}
    triangle = [10.0, 10.0, 50.0, 10.0, 30.0, 40.0]
    shapes = [
        rectangle(206, 0, 10, 20, 110, 80),
        rectangle(207, 0, 50, 60, 90, 100, rotation=30),
        {"type": "polygon", "label_id": 207, "frame": 1, "points": triangle},
        mask,
    ]
    draw(replay, 136, shapes, [{"label_id": 206, "frame": 2}])

    def one_more() -> None:
        made = replay.names.ids["tasks", 130]
        body = {"version": 0, "tags": [], "tracks": [], "shapes": [rectangle(198, 4, 5, 5, 60, 60)]}
        path = f"/api/tasks/{made}/annotations/?action=create"
        replay.ask("PATCH", path, replay.names.body(body))

    replay.before[46] = one_more


def imports(replay: Replay, exchanges: list[Exchange]) -> None:
    labels = [*CAT_DOG, {"name": "blob", "type": "mask"}]
    task(replay, 163, [318], [236, 237, 238], images=5, name="golden-import", labels=labels)
    draw(replay, 163, [rectangle(236, 4, 1, 2, 30, 40)])


def consensus(replay: Replay, exchanges: list[Exchange]) -> None:
    task(replay, 130, images=1, name="golden-task", labels=CAT)
    body: dict[str, Any] = {"name": "golden-consensus-2", "labels": CAT, "consensus_replicas": 2}
    replay.before = {
        9: lambda: know(replay, 138, label_ids=[211, 212]),
        54: lambda: task(replay, 139, [292, 293, 294], [213], images=2, quality=90, **body),
        64: lambda: upload(replay, replay.names.ids["tasks", 140], 2, 90),
    }


def ground_truth(replay: Replay, exchanges: list[Exchange]) -> None:
    task(replay, 130, images=1, name="golden-task", labels=CAT)

    def two_tasks() -> None:
        task(replay, 142, [300], images=5, name="golden-gt-later", labels=CAT)
        task(replay, 143, [301], images=5, name="golden-gt-random", labels=CAT)

    replay.before = {9: lambda: know(replay, 141, label_ids=[215, 216]), 29: two_tasks}


def honeypots(replay: Replay, exchanges: list[Exchange]) -> None:
    replay.before = {9: lambda: know(replay, 144, label_ids=[219])}
    # The order of the frames, and which honeypot stands where, are drawn at random.
    replay.free = (r"\.frames\[\d\]\.name$", r"\.file_name$", r"\.honeypot_(real_)?frames\[\d\]$")


def webhooks(replay: Replay, exchanges: list[Exchange]) -> None:
    made = project(replay, 34, "golden-hooks")
    body: dict[str, Any] = {"name": "golden-hooked-task", "project_id": made, "segment_size": 2}
    jobs = [307, 308, 309]
    labels = {
        shape["label_id"]
        for exchange in exchanges
        if exchange["path"].endswith("/annotations/")
        for shape in exchange["request_json"]["shapes"]
    }
    task(replay, 146, jobs, sorted(labels), images=5, **body)

    def all_written_down() -> None:
        until = time.monotonic() + PATIENCE_S
        hook = replay.names.ids["webhooks", 9]
        while replay.ask("GET", f"/api/webhooks/{hook}/deliveries")["count"] < 8:
            assert time.monotonic() < until, "a delivery was not written down"
            time.sleep(0.01)

    replay.before[23] = all_written_down


def errors(replay: Replay, exchanges: list[Exchange]) -> None:
    project(replay, 43, "golden-errors")
    other = project(replay, 44, "golden-types", [{"name": "m", "type": "mask"}, *CAT])
    task(replay, 172, [326], [252], images=5, name="golden-errors", labels=CAT)
    task(replay, 173, [], [253, 254], images=2, name="golden-types", project_id=other)
    for number, labels in ((175, [258]), (176, []), (177, []), (178, [])):
        task(replay, number, [], labels, name=f"golden-{number}", labels=CAT)
    replay.sign_in("annot1")
    replay.who = dict.fromkeys(range(5, 10), "annot1")
    held = ExitStack()  # the first export is still queued when the second is asked for
    hold = replay.server.held_requests
    replay.before = {68: lambda: held.enter_context(hold()), 70: held.close}


def deletions(replay: Replay, exchanges: list[Exchange]) -> None:
    made = project(replay, 36, "golden-delete")
    for number, name, jobs in ((153, "golden-del-1", [313]), (154, "golden-del-2", [314])):
        task(replay, number, jobs, images=2, name=name, project_id=made)


def people(replay: Replay, exchanges: list[Exchange]) -> None:
    replay.who = dict.fromkeys((6, 7, 8, 9, 10, 15, 20), "annot1")


def lists(replay: Replay, exchanges: list[Exchange]) -> None:
    made, other = (project(replay, 38 + at, f"golden-find{'-2' * at}") for at in (0, 1))
    names = ("batch-0001", "batch-0002", "batch-0002-extra", "batch-0003", "Batch-0001")
    for at, name in enumerate(names):
        task(replay, 155 + at, name=name, project_id=made)
    task(replay, 160, name="batch-0001", project_id=other)


SCENES: dict[str, Scene] = {
    "03": lambda replay, _: replay.play(recorded("02"), quietly=True),
    "04": first_task,
    "05": first_task,
    "06": drawn_task,
    "07": states,
    "08": exports,
    "09": imports,
    "10": consensus,
    "11": ground_truth,
    "12": honeypots,
    "13": webhooks,
    "14": errors,
    "15": deletions,
    "16": people,
    "17": lists,
}
