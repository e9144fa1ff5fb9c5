"""The campaign files over real sets, and the scripts that lay these out."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from auto_labeling import assemble
from auto_labeling.cli.forecasting import outlook_of
from auto_labeling.workspace import Workspace
from tests.support.campaigns import drive
from tests.support.real_data import DATA, needed

CONFIGS = Path(__file__).parents[1] / "configs"


@pytest.fixture(autouse=True)
def scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(CONFIGS)
    for name in ("make_trec", "make_fashion_mnist"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def test_trec_is_laid_out_and_its_leaks_are_said(tmp_path: Path) -> None:
    from make_trec import write

    write(needed(DATA / "text"), tmp_path / "data" / "trec")
    shutil.copy(CONFIGS / "trec_text.yaml", tmp_path)
    found = outlook_of(tmp_path / "trec_text.yaml", tmp_path / "plan")
    assert (found.pool_items, found.heldout, found.candidates) == (5452, 500, 5441)
    leaks, folded = found.warnings[:2]
    assert leaks.startswith("11 of 5452 items share their content or group with held-out rows")
    assert folded == "1 of them differ from a held-out text in case or spaces only"


@pytest.mark.slow
def test_fashion_is_laid_out_and_learned(tmp_path: Path) -> None:
    from make_fashion_mnist import write

    write(needed(DATA / "fashion_mnist.npz"), tmp_path / "data" / "fashion_mnist", 400, 100)
    said = (CONFIGS / "fashion_mnist.yaml").read_text().replace("max_rounds: 20", "max_rounds: 3")
    path = tmp_path / "fashion_mnist.yaml"
    path.write_text(said.replace("baseline: random\n", "tracking: {kind: none}\n"))
    workspace = Workspace.of(tmp_path / "ws")
    campaign = assemble.find_or_create(workspace, str(path))
    drive(workspace.root, campaign)
    statement = assemble.account_of(workspace, campaign)
    assert statement.judged_against is not None
    assert statement.latest("accuracy").n == 100
    assert statement.latest("accuracy").value > 0.5
