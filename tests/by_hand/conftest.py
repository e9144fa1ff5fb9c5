"""A script's client of the CVAT that all tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.by_hand.cvat_desk import Desk
from tests.cvat.people import Office


@pytest.fixture
def desk(cvat: Office, tmp_path: Path) -> Iterator[Desk]:
    one = Desk(cvat, tmp_path)
    yield one
    for task in one.made:
        cvat.call("DELETE", f"/api/tasks/{task}")
