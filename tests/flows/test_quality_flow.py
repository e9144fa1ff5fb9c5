from __future__ import annotations

import pytest

from auto_labeling import assemble, launch
from auto_labeling.campaign.schema import log_points
from auto_labeling.workspace import Workspace
from tests.support.campaigns import ledger_of
from tests.support.flows import NAME, begin, run

pytestmark = pytest.mark.slow

PLAN = {"agreement": {"slice": 12, "share": "50%"}}


def test_the_figures_are_reckoned_noted_and_shown_whoever_drives(workspace: Workspace) -> None:
    from flows.quality import quality

    begin(workspace, quality=PLAN)
    run(workspace, max_rounds=2)
    with launch.prefect(workspace):
        found = quality(NAME)
        with assemble.held(workspace, NAME):
            assert quality(NAME) == found
    assert -1 <= found["quality/alpha_low"] <= found["quality/alpha"] <= found["quality/alpha_high"]
    assert found["quality/slice_items"] == 6.0
    assert found["quality/answers_per_item"] > 1
    with ledger_of(workspace.root) as ledger, ledger.read() as connection:
        rows = connection.execute(log_points.select()).all()
    noted = {row.series: row.value for row in rows if row.series.startswith("quality/")}
    assert noted == found
    assert (workspace.campaign(NAME) / "report.html").exists()
