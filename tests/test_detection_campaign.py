"""The benchmark of detection campaigns: what is written down is not run again."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from benchmarks import detection_campaign
from benchmarks.detection_campaign import curves, fewer, known, needed, table


def rising(*map50: float) -> list[dict[str, float]]:
    """A curve with ten pictures and a hundred seconds a round."""
    return [
        {"pictures": 10.0 * at, "boxes": 50.0 * at, "seconds": 100.0 * at, "map50": value}
        for at, value in enumerate(map50, start=1)
    ]


def test_what_is_needed_lies_on_the_line_between_two_rounds() -> None:
    found = rising(0.4, 0.6, 0.5, 0.9)
    assert needed(found, "pictures", 0.5) == pytest.approx(15)
    assert needed(found, "seconds", 0.75) == pytest.approx(362.5)
    assert math.isnan(needed(found, "pictures", 0.95))


def test_savings_are_seed_by_seed_against_its_own_end() -> None:
    saved = fewer(
        [rising(0.4, 0.8), rising(0.2, 0.3)], [rising(0.4, 0.6), rising(0.2, 0.4)], "boxes"
    )
    assert saved[0] == pytest.approx(0.25)
    assert math.isnan(saved[1])


def test_a_row_says_what_an_arm_saves() -> None:
    lot, chosen = rising(0.4, 0.6), rising(0.4, 0.8)
    rows = table({("random", "without"): [lot], ("hybrid", "with"): [chosen]})
    assert [row["map50"] for row in rows] == [0.6, 0.8]
    assert rows[1]["fewer_pictures"] == [0.25]
    assert "fewer_pictures" not in table({("hybrid", "with"): [chosen]})[0]


def test_a_recorded_campaign_is_not_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[Any] = []

    def one(folder: Path, arm: str, suggested: str, seed: int, device: str) -> Any:
        ran.append((arm, suggested, seed))
        return rising(0.1, 0.1 + seed)

    monkeypatch.setattr(detection_campaign, "curve", one)
    record = tmp_path / "record.jsonl"
    first = curves([("random", "without", 0)], tmp_path, "cpu", record)
    wanted = [("random", "without", 0), ("hybrid", "with", 1)]
    both = curves(wanted, tmp_path, "cpu", record)
    assert ran == wanted
    assert both["random", "without", 0] == first["random", "without", 0]
    assert known(record) == both
    assert known(None) == known(tmp_path / "none.jsonl") == {}
