from __future__ import annotations

import pytest

from tests.cli.conftest import Desk


@pytest.mark.slow
def test_run_with_prefect_shows_rounds_and_raises_our_errors(desk: Desk) -> None:
    config = desk.write(stop={"max_rounds": 2}, tracking={"kind": "mlflow"})
    done = desk.spawn("run", config)
    assert done.code == 0, done.err
    assert "round   1" in done.out
    assert "round   2" in done.out
    assert "mlflow ui --backend-store-uri sqlite:///" in done.out
    assert done.err == "", "no log lines of Prefect"
    assert " | " not in done.out
    ticked = desk.spawn("tick", config)
    assert (ticked.code, ticked.err) == (0, "")
    assert "nothing new came in" in ticked.out
    gone = desk.write("gone.yaml")
    assert desk.type("run", gone, "--plain", "--max-rounds", "1") == 0
    (desk.folder / "pool.npy").unlink()
    blocked = desk.spawn("run", gone)
    assert blocked.code == 6, blocked.err
    assert len(blocked.err.splitlines()) == 1
