"""Architectures that ultralytics ships, read from its files without importing it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from auto_labeling.errors import ConfigurationError
from auto_labeling.meant import meant
from auto_labeling.models.yolo import MISSING

HEADS = {"Detect": "detect", "Segment": "segment", "Classify": "classify"}
"""The last layer of a network, and what it is for; networks with another cannot learn here."""
_SIZE = re.compile(r"(yolo[a-z-]*\d+)([nslmx])(.*)")
_OLD_NAME = re.compile(r"(yolov[58][nslmx])6(\.yaml)")


def plan_of(name: str) -> Mapping[str, Any]:
    """Return an architecture, as ultralytics writes it down, with its `scale`.

    A letter behind the number is one of the sizes that a file has: `yolov8n-seg.yaml` is size n of
    `yolov8-seg.yaml`. Raises `ConfigurationError` where there is no such file, or no such size.
    """
    named = _OLD_NAME.sub(r"\1-p6\2", name)
    sized = _SIZE.fullmatch(named)
    size = sized[2] if sized else ""
    known = _shipped()
    path = known.get(named) or (known.get(f"{sized[1]}{sized[3]}") if sized else None)
    if path is None:
        raise ConfigurationError(
            f"weights: ultralytics ships no architecture {name!r}; expected one such as "
            f"yolov8n.yaml, yolov8n-seg.yaml or yolov8n-cls.yaml{meant(name, sorted(known))}"
        )
    plan: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    sizes = plan.get("scales")
    if sizes and size and size not in sizes:
        raise ConfigurationError(
            f"weights: {path.name} has the sizes {', '.join(sizes)}, and no {size!r} as in {name!r}"
        )
    if any(row[2] == "TorchVision" for row in plan["backbone"]):
        raise ConfigurationError(
            f"weights: {name} begins with weights that torchvision downloads, and nothing is "
            "downloaded here; expected one such as yolov8n-cls.yaml"
        )
    return {**plan, "scale": size, "yaml_file": name}


def task_of(plan: Mapping[str, Any], where: object) -> str:
    """Return detect, segment or classify. Raises `ConfigurationError` for another head."""
    head = plan["head"][-1][2]
    if head not in HEADS:
        raise ConfigurationError(another_head(where, head))
    return HEADS[head]


def another_head(where: object, head: str) -> str:
    """Return what is said of a network that ends in a layer which nothing here can train."""
    return (
        f"weights: {where} has a {head} head; expected one of {', '.join(HEADS)}, as that of "
        "yolov8n.yaml, yolov8n-seg.yaml or yolov8n-cls.yaml"
    )


def _shipped() -> Mapping[str, Path]:
    """Return name -> file of the architectures."""
    spec = find_spec("ultralytics")
    if spec is None or spec.origin is None:
        raise ConfigurationError(MISSING)
    files = Path(spec.origin).parent.joinpath("cfg", "models").rglob("*.yaml")
    return {path.name: path for path in files}
