"""Run every benchmark in turn: `python -m benchmarks [--json]`."""

from __future__ import annotations

import runpy
import sys

NAMES = (
    "adaptive_overlap",
    "broken_clusters",
    "campaign_overhead",
    "consensus",
    "consensus_boxes",
    "demo_savings",
    "detection_campaign",
    "embedders",
    "full_pipeline",
    "label_efficiency",
    "label_spreading",
    "oracle_gap",
    "preannotation",
    "rule_of_thumb",
    "selection_speed",
    "stopping",
    "torch_session",
)

if __name__ == "__main__":
    for name in NAMES:
        sys.argv[0] = name
        runpy.run_module(f"benchmarks.{name}", run_name="__main__")
