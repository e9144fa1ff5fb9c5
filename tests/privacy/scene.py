"""A sealed campaign over texts, run through Prefect, MLflow and the report in a process of its own.

That process, and the server that it starts, can reach nothing but this machine, and every attempt
to is written down.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from auto_labeling.workspace import Workspace

ROOT = Path(__file__).parents[2]
CANARY = "Quetzalbarn"
"""Stands in every text of the pool, and in nothing else on this machine."""
CHANGED = "Wombatfjord"
"""Stands in the texts that were changed after the campaign had begun."""
LOGIN = "annotator-1"
"""What the simulated tool calls its first person; `people` names it as well."""
CAMPAIGN = "sealed-texts"
_GUARD = """
import ipaddress, os, sys

ASKS = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1, "socket.getaddrinfo": 0,
        "socket.gethostbyname": 0, "socket.gethostbyaddr": 0}

def is_here(host):
    if host in (None, "", "localhost", b"localhost"):
        return True
    try:
        return ipaddress.ip_address(host if isinstance(host, str) else host.decode()).is_loopback
    except ValueError:
        return False

def guard(event, args):
    if event in ASKS:
        asked = args[ASKS[event]]
        host = asked[0] if isinstance(asked, tuple) else asked
        unix = event == "socket.connect" and not isinstance(asked, tuple)
        with open(os.environ["ATTEMPTS"], "a") as file:
            print("unix" if unix else "here" if is_here(host) else f"OUT {event} {host}", file=file)
        if not unix and not is_here(host):
            raise OSError(f"{event} {host}: refused by the test")

sys.addaudithook(guard)
"""
_RUNS = """
import logging, os, sys
from pathlib import Path

from auto_labeling import launch
from auto_labeling.errors import BlockedError
from auto_labeling.workspace import Workspace

folder = Path(sys.argv[1])
workspace = Workspace.of(folder / "workspace")
with launch.prefect(workspace):
    from prefect.settings import get_current_settings

    from flows.campaign import campaign
    from flows.loop import CampaignRun

    logging.getLogger().setLevel(logging.DEBUG)
    os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "DEBUG"
    campaign(CampaignRun(config_path=str(folder / "sealed-texts.yaml")))
    campaign(CampaignRun(config_path=str(folder / "changed.yaml"), max_rounds=1))
    pool = folder / "changed.csv"
    pool.write_text(pool.read_text().replace("Quetzalbarn", "Wombatfjord"))
    try:
        campaign(CampaignRun(config_path=str(folder / "changed.yaml")))
    except BlockedError as error:
        print("BLOCKED", error)
    print("ANALYTICS", get_current_settings().server.analytics_enabled)
    print("PREFECT", os.environ["DO_NOT_TRACK"], "MLFLOW", os.environ["MLFLOW_DISABLE_TELEMETRY"])
    from mlflow.telemetry.client import get_telemetry_client

    print("TELEMETRY", get_telemetry_client())
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What is left when it is over."""

    folder: Path
    said: str
    status: int

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.folder / "workspace")

    @property
    def attempts(self) -> list[str]:
        """Every connection and look-up that was tried: `here`, `unix`, or OUT and whereto."""
        return (self.folder / "attempts").read_text().splitlines()

    def campaigns(self) -> list[Path]:
        return sorted((self.workspace.root / "campaigns").iterdir())


def play(folder: Path) -> Played:
    """Write the texts and the campaigns into a folder, and run them there.

    A workspace with empty stores may be there already.
    """
    (folder / "elsewhere").mkdir()
    for name in (CAMPAIGN, "changed"):
        _write_texts(folder / f"{name}.csv", folder / "truth.csv")
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(_config(name)))
    done = subprocess.run(
        [sys.executable, "-c", _RUNS, str(folder)],
        cwd=folder / "elsewhere",
        env=guarded(folder),
        capture_output=True,
        text=True,
        check=False,
    )
    return Played(folder=folder, said=done.stdout + done.stderr, status=done.returncode)


def guarded(folder: Path) -> Mapping[str, str]:
    """Return the environment of a process that can reach nothing but this machine."""
    for name in ("guard", "user"):
        (folder / name).mkdir()
    (folder / "guard" / "sitecustomize.py").write_text(_GUARD)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT", "MLFLOW"))}
    kept.pop("DO_NOT_TRACK", None)
    return {
        **kept,
        "HOME": str(folder / "user"),
        "ATTEMPTS": str(folder / "attempts"),
        "PYTHONPATH": f"{folder / 'guard'}{os.pathsep}{ROOT}",
    }


def _config(name: str) -> dict[str, object]:
    return {
        "schema_version": 1,
        "name": name,
        "labels": {"task": "single", "classes": ["praise", "blame"]},
        "pool": {"kind": "table", "path": f"{name}.csv", "text": "text", "hash_width": 64},
        "model": {"kind": "logistic_regression"},
        "strategy": {"kind": "top_k", "scorer": {"kind": "margin"}, "batch": 8},
        "backend": {
            "kind": "simulated",
            "truth": "truth.csv",
            "annotators": [0.9, 0.9, 0.9],
        },
        "people": [{"user": LOGIN, "pay": {"answer": "0.04"}}],
        "quality": {"overlap": 2},
        "budget": {"answers": 60, "money": "6.00", "price": "0.05"},
        "stop": {"max_rounds": 2},
        "privacy": {"payloads": "sealed"},
        "seed": 3,
    }


def _write_texts(path: Path, truth: Path) -> None:
    words = {"praise": "good kind swift", "blame": "bad slow broken"}
    labels = [("praise", "blame")[at % 2] for at in range(40)]
    texts = [
        f't{at:02d},"{CANARY} the {words[label]} thing number {at} {label[0] * (at + 1)}"'
        for at, label in enumerate(labels)
    ]
    path.write_text("\n".join(["id,text", *texts]) + "\n")
    rows = [f"t{at:02d},{label}" for at, label in enumerate(labels)]
    truth.write_text("\n".join(["id,label", *rows]) + "\n")
