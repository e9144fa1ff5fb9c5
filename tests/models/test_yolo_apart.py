"""YOLO calls nobody, and leaves nothing in the home or the working folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.models.yolo_scene import needs_yolo
from tests.privacy.scene import guarded

_LEARNS = """
import sys
from pathlib import Path

import numpy as np
from PIL import Image

printing, opens = np.get_printoptions(), Image.open
from tests.models.yolo_scene import BOXES, scenes, small

pictures, boxes, _ = scenes(Path(sys.argv[1]), 20)
model = small(epochs=2, patience=5).build(0)
model.learn(pictures, boxes, BOXES)
model.detect(pictures)
model.embed(pictures)
assert np.get_printoptions() == printing
assert Image.open is opens
"""


@needs_yolo
@pytest.mark.slow
def test_it_learns_offline_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "attempts").touch()
    environment = {
        name: value
        for name, value in guarded(tmp_path).items()
        if not name.startswith(("XDG", "YOLO", "MPLCONFIGDIR", "TORCH", "OMP", "PYTEST"))
    }
    (tmp_path / "tmp").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", _LEARNS, str(tmp_path / "pictures")],
        cwd=tmp_path / "here",
        env={**environment, "TMPDIR": str(tmp_path / "tmp")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "OUT" not in (tmp_path / "attempts").read_text()
    for folder in ("user", "here"):
        assert not list((tmp_path / folder).rglob("*"))
    left = [path for path in (tmp_path / "tmp").rglob("*") if path.is_file()]
    assert not left  # torch makes an empty folder there
