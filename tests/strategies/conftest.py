from __future__ import annotations

import pytest

from auto_labeling.strategies import shrinking


@pytest.fixture(
    params=[(262_144, 65_536, 16, 512), (64, 16, 16, 512), (1_000, 20, 16, 512), (70, 32, 4, 8)],
    ids=["whole", "two", "one", "three"],
)
def levels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small levels, so that small pools are narrowed down as large ones are."""
    for name, value in zip(
        ("_WATCHED", "_COPIED", "_SHARE", "_FEWEST"), request.param, strict=True
    ):
        monkeypatch.setattr(shrinking, name, value)
    monkeypatch.setattr(shrinking, "_LONG", 5)
