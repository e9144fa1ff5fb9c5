"""What is installed from the locks works together, and the locks agree and name no place."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = sorted(ROOT.glob("requirements*.lock"))
OURS = [
    lock for lock in LOCKS if lock.name not in ("requirements-studio.lock", "requirements-uv.lock")
]


def pinned(lock: Path) -> dict[str, str]:
    """Return the version of each package of a lock."""
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[[^]]*])?==(\S+)", lock.read_text(), re.MULTILINE))


def test_no_package_has_two_versions() -> None:
    assert {"requirements.lock", "requirements-dev.lock", "requirements-vision.lock"} <= {
        lock.name for lock in OURS
    }
    for one in OURS:
        for other in OURS:
            ours, theirs = pinned(one), pinned(other)
            moved = {name for name in ours.keys() & theirs.keys() if ours[name] != theirs[name]}
            assert not moved, f"{one.name} and {other.name}"


def test_what_goes_on_top_holds_what_it_is_put_on() -> None:
    core, dev, vision, everything = (
        pinned(ROOT / f"requirements{name}.lock") for name in ("", "-dev", "-vision", "-all")
    )
    assert core.keys() < dev.keys() < vision.keys() < everything.keys()
    assert {"torch", "torchvision", "ultralytics"} <= vision.keys() - dev.keys()
    assert "pycocotools" in core


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_locks_name_no_place_to_get_things_from(lock: Path) -> None:
    assert not re.search(r"://|--(extra-)?index|--find-links", lock.read_text())


def test_opencv_works_with_both_its_owners_installed() -> None:
    """Label Studio's SDK brings opencv-python-headless 4, ultralytics opencv-python 5: one cv2."""
    for owner in ("opencv-python", "opencv-python-headless"):
        try:
            version(owner)
        except PackageNotFoundError:
            pytest.skip(f"{owner} is not installed here: `make test` installs it")
    script = (
        "import cv2, numpy as np; image = np.arange(48, dtype=np.uint8).reshape(4, 4, 3);"
        "done, content = cv2.imencode('.png', image);"
        "assert done and (cv2.imdecode(content, cv2.IMREAD_COLOR) == image).all()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
