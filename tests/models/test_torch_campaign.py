"""A whole campaign whose model is a torch module in a file beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

from auto_labeling import assemble
from auto_labeling.campaign.rounds import RoundState
from auto_labeling.workspace import Workspace
from tests.models.torch_nets import torch_settings
from tests.support.campaigns import data_of, drive, template
from tests.support.examination import examined


@pytest.mark.slow
def test_people_label_digits_and_a_module_learns_them(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    path = tmp_path / "ws"
    folder = data_of(path)
    settings = torch_settings(folder, "net")
    X, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(X))
    pool, judges = order[:900], order[900:]
    np.save(folder / "pool.npy", X[pool].astype(np.float32))
    pd.DataFrame({"label": y[pool].astype(str)}).to_csv(folder / "truth.csv", index=False)
    held = pd.DataFrame(X[judges].astype(np.float32)).add_prefix("x")
    held.assign(label=y[judges].astype(str)).to_parquet(folder / "heldout.parquet", index=False)
    raw = template(tuple("0123456789"))
    raw["pool"] = {"kind": "arrays", "features": "pool.npy", "heldout": "heldout.parquet"}
    raw["model"] = {"kind": "torch", "module": settings.module, "sha256": settings.sha256}
    raw["strategy"]["batch"] = 60
    raw["backend"]["annotators"] = [1.0]
    raw["budget"] = {"answers": 300, "money": "15.00", "price": "0.05"}
    raw["stop"] = {"max_rounds": 5}
    campaign = assemble.create(Workspace.of(path), raw, config_path=None, base=folder)
    assert drive(path, campaign).state is RoundState.STOPPED
    examined(path, campaign)
    curve = assemble.account_of(Workspace.of(path), campaign).curve
    found = [
        one.interval.value for one in curve if (one.metric, one.arm) == ("accuracy", "campaign")
    ]
    assert len(found) == 5
    assert found[-1] > 0.85
    assert found[-1] > found[0] + 0.1
