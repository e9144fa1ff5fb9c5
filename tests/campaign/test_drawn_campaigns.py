"""Whole campaigns of boxes and of outlines, with a YOLOv8 that begins with random weights."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from auto_labeling import assemble, config
from auto_labeling.campaign import reviewing
from auto_labeling.campaign.schema import answers, items, suggested
from auto_labeling.campaign.statement import Statement
from auto_labeling.workspace import Workspace
from benchmarks import digits
from tests.models.yolo_scene import needs_yolo

CONFIGS = Path(__file__).parents[2] / "configs"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200), needs_yolo]


@pytest.mark.parametrize(("file", "shape"), [("shapes_yolo", "box"), ("shapes_segment", "polygon")])
def test_a_yolo_learns_what_simulated_people_draw(tmp_path: Path, file: str, shape: str) -> None:
    base = written(tmp_path)
    raw = config.read(CONFIGS / f"{file}.yaml") | {"tracking": {"kind": "none"}}
    workspace = Workspace(tmp_path / "workspace")
    name = assemble.create(workspace, raw, config_path=None, base=base)
    digits.drive(workspace, name)
    account = assemble.account_of(workspace, name)
    first, *_, last = [point for point in account.curve if point.metric == "map50"]
    assert last.interval.value >= first.interval.value + 0.2
    assert first.items < last.items == 90
    expect_suggestions_used(workspace, name, shape)
    expect_nothing_left_over(account, tmp_path)


def written(folder: Path) -> Path:
    """Write the generated shapes below `folder`, and return it."""
    sys.path.insert(0, str(CONFIGS))
    try:
        from make_shapes import write
    finally:
        sys.path.remove(str(CONFIGS))
    write(folder / "data" / "shapes")
    return folder


def expect_suggestions_used(workspace: Workspace, name: str, shape: str) -> None:
    """People of later rounds begin with suggestions, but for the blind share; it is all kept."""
    ledger = assemble.open_ledger(workspace)
    with ledger.read() as connection:
        kept = connection.execute(select(suggested)).all()
        touched = dict(
            connection.execute(select(answers.c.item, answers.c.touched_suggestion)).all()
        )
        pairs = reviewing.pairs(connection, name)
        pool = connection.scalars(select(items.c.item)).all()
    ledger.close()
    shown = [row for row in kept if not row.blind and row.value]
    assert len(kept) == 60  # two of three rounds
    assert 0 < sum(row.blind for row in kept) < 20
    assert shown
    assert all(f'"{shape}":' in row.value for row in shown)
    assert {row.item for row in kept} <= set(pool)
    assert all(touched[row.item] is not None for row in shown)
    assert all(touched[row.item] is None for row in kept if row.blind)
    assert len(pairs) == len(kept)


def expect_nothing_left_over(account: Statement, folder: Path) -> None:
    """Training leaves models of rounds behind, and nothing else."""
    left: list[Any] = [path.suffix for path in folder.rglob("models/*")]
    assert left == [".joblib"] * 3
    assert account.budget.committed_answers == 90
