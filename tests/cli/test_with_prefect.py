from __future__ import annotations

import pytest

from auto_labeling import assemble
from auto_labeling.mirroring import MODEL
from auto_labeling.workspace import Workspace
from tests.cli.conftest import Desk
from tests.support.stores import copies_in


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


@pytest.mark.slow
def test_what_the_mirror_missed_is_brought_to_it_by_the_next_command(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = desk.write(
        stop={"max_rounds": 1}, tracking={"kind": "mlflow", "uri": {"env": "THE_STORE"}}
    )
    monkeypatch.delenv("THE_STORE", raising=False)
    assert desk.spawn("run", config).code == 0
    missed = desk.spawn("run", config)
    assert missed.code == 0
    assert "MLflow is behind: the environment variable THE_STORE is not set" in missed.err
    store = f"sqlite:///{desk.folder}/elsewhere.db"
    monkeypatch.setenv("THE_STORE", store)
    brought = desk.spawn("resume", config)
    assert (brought.code, brought.err) == (0, "")
    [campaign] = assemble.known(Workspace.of(desk.workspace))
    assert any(series == MODEL for _, series, _ in copies_in(store, campaign))
    monkeypatch.delenv("THE_STORE")
    assert desk.type("run", config) == 0
    assert desk.err == "", "nothing is left to bring"
