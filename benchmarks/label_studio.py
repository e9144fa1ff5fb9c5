"""What a campaign on a real Label Studio costs beyond the server's own work.

Upload: a round of 10,000 items with suggestions through the campaign's own path (look up, import,
record in the ledger), against one raw import of the same tasks, on the same server, in turn. Then
a look at these tasks with nothing new on them, and the memory and the ledger that looks take.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from auto_labeling import assemble
from auto_labeling.backends.label_studio.client import Client, Row
from auto_labeling.campaign import upload
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.driver import perform
from auto_labeling.campaign.rounds import RoundState, next_step
from auto_labeling.campaign.steps.collecting import sync
from auto_labeling.campaign.transition import state_of
from auto_labeling.records import Suggestion
from auto_labeling.studio import Studio, start
from auto_labeling.workspace import Workspace

CLASSES = ("ant", "bee", "cat")
SETTLED_S = 11.0
"""How long a look goes on reading what was touched last: a transaction takes its time."""
QUIET_LOOKS = 10


def begun(folder: Path, studio: Studio, items: int) -> tuple[Workspace, str]:
    """Begin a campaign that asks about all of its items at once."""
    folder.mkdir()
    (folder / "token").write_text(studio.token)
    np.save(folder / "pool.npy", np.random.default_rng(0).normal(size=(items, 4)))
    raw = {
        "schema_version": 1,
        "name": "bench",
        "labels": {"task": "single", "classes": list(CLASSES)},
        "pool": {"kind": "arrays", "features": "pool.npy"},
        "model": {"kind": "naive_bayes"},
        "strategy": {"kind": "random", "batch": items},
        "backend": {
            "kind": "label_studio",
            "url": studio.url,
            "token": {"file": str(folder / "token")},
        },
        "budget": {"answers": items},
        "stop": {"max_rounds": 1},
        "tracking": {"kind": "none"},
    }
    workspace = Workspace(folder / "workspace")
    return workspace, assemble.create(workspace, raw, config_path=None, base=folder)


@contextmanager
def driven(workspace: Workspace, name: str) -> Iterator[Campaign]:
    """Hold a campaign and open it."""
    with (
        assemble.held(workspace, name) as fence,
        assemble.opened(workspace, name, fence=fence) as campaign,
    ):
        yield campaign


def sent(campaign: Campaign) -> tuple[float, list[Row]]:
    """Send the first round; return the seconds of the upload and the tasks that went up."""
    name, tasks = campaign.campaign_id, []
    while (state := state_of(campaign.ledger, name)).state is not RoundState.RESERVED:
        perform(campaign, next_step(state))
    import_tasks = Client.import_tasks

    def kept(client: Client, project: int, some: list[Row]) -> list[int]:
        tasks.extend(some)
        return import_tasks(client, project, some)

    with patch.object(upload, "suggestions", suggested), patch.object(Client, "import_tasks", kept):
        seconds = timed(lambda: perform(campaign, next_step(state)))
    return seconds, tasks


def suggested(_: Campaign, wanted: list[str]) -> dict[str, Suggestion]:
    """Stand in for the model: a suggestion for every item."""
    return {
        item: Suggestion(item_id=item, value=CLASSES[0], score=0.75, model_version="bench")
        for item in wanted
    }


def raw_import(campaign: Campaign, tasks: list[Row]) -> float:
    """Return the seconds that one import of the tasks into a new project takes."""
    client = client_of(campaign)
    there = client.project(int(client.projects(campaign.campaign_id)[0]["id"]))
    config = {name: there[name] for name in ("label_config", "maximum_annotations")}
    project = client.make_project(title="raw", **config)["id"]
    return timed(lambda: client.import_tasks(project, tasks))


def quiet_look(campaign: Campaign) -> tuple[float, int]:
    """Return the seconds and the requests of a look at tasks on which nothing is new."""
    sync(campaign)
    time.sleep(SETTLED_S)
    sync(campaign)
    requests: list[Any] = []
    client_of(campaign)._http.event_hooks["request"].append(requests.append)
    seconds = [timed(lambda: sync(campaign)) for _ in range(QUIET_LOOKS)]
    return statistics.median(seconds), len(requests) // QUIET_LOOKS


def peak_mb(campaign: Campaign) -> float:
    """Return the most memory that a look takes which reads every task."""
    tracemalloc.start()
    campaign.backend.changes(None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def timed(call: Callable[[], Any]) -> float:
    """Return the seconds that a call takes."""
    start_s = time.perf_counter()
    call()
    return time.perf_counter() - start_s


def client_of(campaign: Campaign) -> Client:
    """Return what speaks to the server."""
    client: Client = campaign.backend._client
    return client


def measured(studio: Studio, folder: Path, tasks: int, repeats: int) -> dict[str, Any]:
    """Return all figures."""
    with driven(*begun(folder / "small", studio, tasks // 10)) as few:
        sent(few)  # the first use loads the SDK
        peak_of_few = peak_mb(few)
    ours, raw = [], []
    for turn in range(repeats):
        with driven(*begun(folder / f"{turn}", studio, tasks)) as campaign:
            seconds, payload = sent(campaign)
            ours.append(seconds)
            raw.append(raw_import(campaign, payload))
    workspace = Workspace(folder / f"{repeats - 1}" / "workspace")
    with driven(workspace, campaign.campaign_id) as campaign:
        before = size_of(workspace)
        look_s, requests = quiet_look(campaign)
        return {
            "upload_s": statistics.median(ours),
            "raw_import_s": statistics.median(raw),
            "upload_ratio": statistics.median(a / b for a, b in zip(ours, raw, strict=True)),
            "look_s": look_s,
            "look_requests": requests,
            "peak_mb": peak_mb(campaign),
            "peak_of_a_tenth_mb": peak_of_few,
            "ledger_growth_bytes": size_of(workspace) - before,
        }


def size_of(workspace: Workspace) -> int:
    """Return the bytes of the ledger, with what is not yet merged into it."""
    return sum(path.stat().st_size for path in workspace.ledger.parent.glob("ledger.db*"))


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, start(Path(name) / "studio") as studio:
        found = measured(studio, Path(name), arguments.tasks, arguments.repeats)
    found |= {"benchmark": "label_studio", "tasks": arguments.tasks, "load": os.getloadavg()[1]}
    if arguments.json:
        print(json.dumps(found))
        return
    goals = {"upload_ratio": 1.3, "look_s": 0.5, "look_requests": 3}
    for key, value in found.items():
        goal = f" (goal {goals[key]})" if key in goals else ""
        print(
            f"{key:>20}: {value:.3g}{goal}"
            if isinstance(value, float)
            else f"{key:>20}: {value}{goal}"
        )


if __name__ == "__main__":
    main()
