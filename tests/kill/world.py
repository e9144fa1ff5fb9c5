"""Small campaigns in which everything happens: what the kill test strikes at.

Forty points of three classes, five people who skip, mend, hand in late, answer unasked, and a tool
that is out of order at times and tells things twice.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

CLASSES = ("ant", "bee", "cat")
CAMPAIGN = "kill-0badcafe"
_CENTRES = np.array([[0.0, 0.0], [3.0, 0.5], [1.0, 3.0]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One campaign, and what a person does to it on the way."""

    name: str
    config: Mapping[str, Any]
    stop: tuple[int, float, str] | None = None
    """(round, seconds after it was sent, 'now' or 'finish'): when somebody asks to stop."""


def _scene(name: str, stop: tuple[int, float, str] | None = None, **changes: Any) -> Scene:
    config: dict[str, Any] = {
        "schema_version": 1,
        "name": "kill",
        "labels": {"task": "single", "classes": list(CLASSES)},
        "pool": {"kind": "arrays", "features": "pool.npy", "heldout": "judges.npz"},
        "model": {"kind": "logistic_regression"},
        "strategy": {"kind": "top_k", "scorer": {"kind": "margin"}, "batch": 6},
        "backend": {"kind": "simulated", "truth": "truth.csv", **_PEOPLE},
        "quality": {"overlap": 3},
        "budget": {"answers": 90, "money": "6.00", "price": "0.05"},
        "stop": {"max_rounds": 3},
        "tracking": {"kind": "none"},
        "seed": 5,
    }
    return Scene(name=name, stop=stop, config=config | changes)


_PEOPLE: dict[str, Any] = {
    "annotators": [0.6, 0.7, 0.8, 0.9, 0.95],
    "skip": 0.1,
    "edit": 0.2,
    "unasked": 0.2,
    "outage": 0.1,
    "duplicate": 0.3,
}


def _backend(**changes: Any) -> dict[str, Any]:
    return {"kind": "simulated", "truth": "truth.csv", **_PEOPLE, **changes}


PATIENT = _scene("patient")
"""Waits for everybody; judged on a held-out set; the budget shrinks the last batch."""
OVERDUE = _scene(
    "overdue",
    backend=_backend(late=0.25, outage=0.2),
    wait={"after": "1h", "rest": "release"},
    people=[
        {"user": "annotator-1", "pay": {"hour": "18.00"}},
        {"user": "annotator-2", "pay": {"answer": "0.04"}},
    ],
    budget={"answers": 80, "money": "9.00", "price": "0.05", "contingency": "5%"},
)
"""Gives up on late answers after an hour, and pays some people by the hour."""
CHUNKED = _scene(
    "chunked",
    pool={"kind": "arrays", "features": "pool.npy"},
    backend=_backend(unit="chunk", chunk_size=4, overlap="later", late=0.15),
    quality={"overlap": 2},
    wait={"enough": "90%", "after": "2h", "rest": "reissue"},
    evaluation={"control": 0.34},
)
"""Chunks of four; a control slice judges; what is overdue is asked for again."""
HALTED = _scene(
    "halted",
    stop=(2, 12.0, "now"),
    backend=_backend(late=0.25),
    wait={"after": "1d"},
)
"""Somebody stops it at once in the middle of the second round."""
WOUND_UP = _scene(
    "wound-up", stop=(2, 12.0, "finish"), pool={"kind": "arrays", "features": "pool.npy"}
)
"""Somebody lets it finish its second round; a control slice judges."""
