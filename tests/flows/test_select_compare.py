from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from auto_labeling import launch
from auto_labeling.workspace import Workspace
from tests.support.clouds import clouds
from tests.support.seen import Seen

pytestmark = pytest.mark.slow


def test_a_choice_from_files_is_written(workspace: Workspace, tmp_path: Path, seen: Seen) -> None:
    X, y = clouds(60)
    np.save(tmp_path / "pool.npy", X)
    np.savez(tmp_path / "labeled.npz", X=X[:12], y=y[:12])
    with launch.prefect(workspace):
        from flows.select import SelectRun, select

        run = SelectRun(
            pool=str(tmp_path / "pool.npy"),
            labeled=str(tmp_path / "labeled.npz"),
            to=str(tmp_path / "chosen.csv"),
            n_samples=7,
            strategy="margin",
        )
        assert select(run) == run.to
    assert pd.read_csv(run.to)["rank"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert seen.flow_runs()[-1][1] == "Completed"


def test_a_comparison_is_written(workspace: Workspace, tmp_path: Path, seen: Seen) -> None:
    X, y = clouds(60)
    np.savez(tmp_path / "points.npz", X=X, y=y)
    with launch.prefect(workspace):
        from flows.compare import CompareRun, compare

        run = CompareRun(
            data=str(tmp_path / "points.npz"),
            strategies=["margin"],
            n_iterations=1,
            samples_per_iteration=5,
            n_initial=6,
            n_repeats=2,
        )
        folder = Path(compare(run))
    assert folder == workspace.root / "compare" / "points"
    assert {one.name for one in folder.iterdir()} == {"curves.csv", "table.csv", "curves.png"}
    assert set(pd.read_csv(folder / "table.csv")["strategy"]) == {"margin", "random"}
    assert seen.flow_runs()[-1][1] == "Completed"


def test_forms_refuse_what_no_flow_could_do(workspace: Workspace) -> None:
    with launch.prefect(workspace):
        from flows.compare import CompareRun
        from flows.select import SelectRun

        with pytest.raises(ValidationError):
            SelectRun(pool="a", to="b", n_samples=0)
        with pytest.raises(ValidationError):
            CompareRun(data="a", strategies=[])
