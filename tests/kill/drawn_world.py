"""A small campaign in which people draw, and begin from suggestions: for the kill test as well."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from auto_labeling.formats.value import encode_value
from auto_labeling.records import LabelSchema
from tests.kill.world import Scene
from tests.serving.spots import SPOTS, answer_of, write_spots

_CAMPAIGN: dict[str, Any] = {
    "schema_version": 1,
    "name": "kill",
    "labels": {"task": "boxes", "classes": list(SPOTS), "abstain": ["cannot_tell"]},
    "pool": {"kind": "images", "path": "pictures", "size": 8, "colors": "rgb"},
    "model": {"kind": "apprentice"},
    "strategy": {"kind": "top_k", "scorer": {"kind": "objects"}, "priced": True, "batch": 5},
    "preannotate": {"blind": "30%"},
    "backend": {
        "kind": "simulated",
        "truth": "truth.csv",
        "annotators": [0.9, 0.95, 0.97, 1.0],
        "anchoring": 0.1,
        "skip": 0.06,
        "edit": 0.2,
        "abstain": 0.04,
        "unasked": 0.2,
        "outage": 0.05,
        "duplicate": 0.3,
    },
    "quality": {"overlap": 2},
    "evaluation": {"control": 0.34},
    "budget": {"answers": 60, "money": "6.00", "price": "0.05"},
    "stop": {"max_rounds": 3},
    "tracking": {"kind": "none"},
    "seed": 5,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnScene(Scene):
    """One whose pool are pictures of spots."""

    @property
    def config(self) -> dict[str, Any]:
        return _CAMPAIGN | dict(self.changes)

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        schema = LabelSchema(task="boxes", classes=SPOTS)
        made = write_spots(folder / "pictures")
        with (folder / "truth.csv").open("w", newline="", encoding="utf-8") as file:
            rows = [[encode_value(answer_of(spots, schema))] for _, spots in sorted(made.items())]
            csv.writer(file).writerows([["label"], *rows])
        path = folder / "kill.yaml"
        path.write_text(yaml.safe_dump(self.config), encoding="utf-8")
        return path


DRAWN = DrawnScene(name="drawn", changes={})
"""Boxes, suggested by cost and looked at again by the blind share; judged on a control slice."""
