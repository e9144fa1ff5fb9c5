"""The real data sets that lie beside a checkout; what needs an absent one is skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.data import DATA

WEIGHTS = DATA / "weights" / "yolov8n.pt"


def needs(path: Path) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not path.exists(), reason=_absent(path))


def needed(path: Path) -> Path:
    if not path.exists():
        pytest.skip(_absent(path))
    return path


def _absent(path: Path) -> str:
    return f"{path} is absent: set AUTO_LABELING_DATA"
