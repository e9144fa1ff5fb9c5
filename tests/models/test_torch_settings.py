"""What is refused of `kind: torch` before anything is loaded, torch included."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from auto_labeling.errors import ConfigurationError
from auto_labeling.models.torch_model import Torch


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"module": "net.py:net"}, r"sha256: expected the digest of net\.py, .*`sha256sum`"),
        ({"module": "net.py:net", "sha256": "abc"}, "sha256: expected 64 hex digits, got 'abc'"),
        ({"module": "nets:net", "sha256": "0" * 64}, "sha256: expected none, because nets is no"),
        ({"module": "net.py"}, r"module: expected a function, as net\.py:make_net"),
        ({"module": "nets:make net"}, "module: expected a function"),
        ({"epochs": 0}, "epochs: expected at least 1, got 0"),
        ({"batch": 1}, "batch: expected at least 2, got 1"),
        ({"patience": 0}, "patience: expected at least 1"),
        ({"lr": float("nan")}, "lr: expected a number above 0, got nan"),
        ({"lr": 0.0}, "lr: expected a number above 0"),
        ({"weight_decay": -1.0}, "weight_decay: expected a number of at least 0"),
        ({"image_size": 0}, "image_size: expected at least 1"),
        ({"dropout_samples": 1}, "dropout_samples: expected 0 or at least 2"),
    ],
)
def test_what_cannot_be_is_one_sentence(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Torch(**{"module": "nets:net"} | given)


def test_only_a_model_with_samples_disagrees_with_itself() -> None:
    assert not Torch(module="nets:net").samples_posterior
    assert Torch(module="nets:net", dropout_samples=5).samples_posterior


def test_settings_import_neither_torch_nor_scikit_learn() -> None:
    script = (
        "import sys, auto_labeling.models; sys.exit(bool({'torch', 'sklearn'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
