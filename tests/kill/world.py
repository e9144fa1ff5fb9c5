"""Small campaigns in which everything happens: what the kill test strikes at.

Forty points of three classes; five people who skip, mend, hand in late and answer unasked; a tool
that is out of order at times and tells things twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

CLASSES = ("ant", "bee", "cat")
CAMPAIGN = "kill-0badcafe"
"""The same in every run, because the order of uploads follows from it."""
_CENTRES = np.array([[0.0, 0.0], [3.0, 0.5], [1.0, 3.0]])
_PEOPLE: dict[str, Any] = {
    "kind": "simulated",
    "truth": "pool.csv",
    "annotators": [0.7, 0.8, 0.85, 0.9, 0.95],
    "skip": 0.06,
    "edit": 0.2,
    "unasked": 0.2,
    "outage": 0.05,
    "duplicate": 0.3,
}
_CAMPAIGN: dict[str, Any] = {
    "schema_version": 1,
    "name": "kill",
    "labels": {"task": "single", "classes": list(CLASSES)},
    "pool": {"kind": "arrays", "features": "pool.npy", "heldout": "judges.npz"},
    "model": {"kind": "logistic_regression"},
    "strategy": {"kind": "top_k", "scorer": {"kind": "margin"}, "batch": 5},
    "backend": _PEOPLE,
    "quality": {"overlap": 3},
    "budget": {"answers": 90, "money": "6.00", "price": "0.05"},
    "stop": {"max_rounds": 3},
    "tracking": {"kind": "none"},
    "seed": 5,
}
_NO_JUDGES = {"kind": "arrays", "features": "pool.npy"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One campaign, and what a person does to it on the way."""

    name: str
    changes: Mapping[str, Any]
    stop: tuple[int, float, str] | None = None
    """(round, seconds after it was sent, 'now' or 'finish'): when somebody asks to stop."""

    @property
    def config(self) -> dict[str, Any]:
        """What the campaign file says."""
        return _CAMPAIGN | dict(self.changes)

    def write(self, folder: Path) -> Path:
        """Write the campaign and its data into a folder and return the campaign file."""
        folder.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(11)
        for name, count in (("pool", 40), ("known", 6), ("judges", 30)):
            kinds = np.arange(count) % len(CLASSES)
            points = (_CENTRES[kinds] + rng.normal(0, 0.5, (count, 2))).astype(np.float32)
            labels = np.array(CLASSES)[kinds]
            np.save(folder / f"{name}.npy", points)
            np.savez(folder / f"{name}.npz", X=points, y=labels)
            rows = ["label", *labels.tolist()]
            (folder / f"{name}.csv").write_text("\n".join(rows), encoding="utf-8")
        path = folder / "kill.yaml"
        path.write_text(yaml.safe_dump(self.config), encoding="utf-8")
        return path


PATIENT = Scene(name="patient", changes={"stop": {"max_rounds": 2}})
"""Waits for everybody; judged on a held-out set."""
OVERDUE = Scene(
    name="overdue",
    changes={
        "backend": _PEOPLE | {"late": 0.3},
        "wait": {"after": "30h", "rest": "release", "poll_s": 14400},
        "people": [
            {"user": "annotator-1", "pay": {"hour": "18.00"}},
            {"user": "annotator-2", "pay": {"answer": "0.04"}},
        ],
        "budget": {"answers": 50, "money": "9.00", "price": "0.05", "contingency": "5%"},
        "stop": {"max_rounds": 5},
    },
)
"""Gives up on late answers, some of which come after all; pays by the hour; runs out of budget."""
CHUNKED = Scene(
    name="chunked",
    changes={
        "pool": _NO_JUDGES,
        "backend": _PEOPLE | {"unit": "chunk", "chunk_size": 4, "overlap": "later", "late": 0.15},
        "quality": {"overlap": 2},
        "wait": {"enough": "90%", "after": "10m", "rest": "reissue"},
        "evaluation": {"control": 0.34},
    },
)
"""Chunks of four, judged on a control slice; what is overdue is asked for again."""
HALTED = Scene(
    name="halted",
    stop=(2, 5.0, "now"),
    changes={"backend": _PEOPLE | {"late": 0.25}, "wait": {"after": "10m", "poll_s": 5}},
)
"""Somebody stops it at once in the middle of the second round."""
WOUND_UP = Scene(
    name="wound-up",
    stop=(2, 5.0, "finish"),
    changes={
        "pool": _NO_JUDGES,
        "labeled": {"kind": "arrays", "features": "known.npz:X", "labels": "known.npz:y"},
        "wait": {"poll_s": 5},
    },
)
"""Begins with labels, is judged on a control slice, and is asked to end with its second round."""
RULED = Scene(
    name="ruled",
    changes={
        "backend": _PEOPLE | {"unit": "chunk", "chunk_size": 4, "late": 0.15, "queues": True},
        "people": [
            *({"user": f"annotator-{number}"} for number in (1, 2, 3)),
            {"user": "annotator-4", "role": "senior"},
            {"user": "annotator-5", "role": "adjudicator"},
        ],
        "quality": {
            "overlap": 2,
            "max_overlap": 2,
            "gold": {"count": 4, "share": "34%"},
            "adjudicators": ["annotator-4", "annotator-5"],
            "reserve": "10%",
        },
        "wait": {"after": "30h", "rest": "release", "poll_s": 14400},
        "stop": {"max_rounds": 4},
    },
)
"""Gold that adjudicators answer first, ties on which they rule, and money kept for that."""
TAUGHT = Scene(
    name="taught",
    changes={
        "pool": _NO_JUDGES,
        "backend": _PEOPLE | {"late": 0.15},
        "model": {"kind": "logistic_regression", "C": 0.0001},  # neighbours know better
        "semi_supervised": {"kind": "label_spreading", "audit": 0.34},
        "strategy": {"kind": "top_k", "scorer": {"kind": "margin"}, "batch": 8},
        "preannotate": {"blind": "10%"},
        "quality": {"overlap": 2},
        "wait": {"after": "30h", "rest": "release", "poll_s": 14400},
        "stop": {"max_rounds": 4},
    },
)
"""Learns from the unlabeled as well, of which people audit some."""
SCENES = (PATIENT, OVERDUE, CHUNKED, HALTED, WOUND_UP, RULED, TAUGHT)
