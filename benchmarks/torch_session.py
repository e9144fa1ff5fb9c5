"""A torch session on pairs of Fashion-MNIST: by chance, hybrid, and hybrid with pseudo-labels.

Of either pair 2,000 training pictures may be labeled, and all 2,000 test pictures judge. A seed
draws the pictures and the weights that a small convolutional network begins with; all arms share
both. Every 25 labels the network is trained anew; in every arm its mini-batches are moved about.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from auto_labeling import ActiveLearningSession, HybridQueryStrategy, PseudoLabeler
from auto_labeling.models.torch_module import TorchModule
from auto_labeling.strategies.at_random import Random
from auto_labeling.strategies.auto import COLD_START
from auto_labeling.torch_session import NoisyStudent, Training
from benchmarks.data import DATA
from benchmarks.rule_of_thumb import RULE

PAIRS = {"shirt or T-shirt": (6, 0), "dress or coat": (3, 4)}
"""Two classes each; those of the first pair are easily taken for one another."""
_FILE = DATA / "fashion_mnist.npz"
_POOL = 2_000
_STEP = 25
_PLAN = Training(epochs=10, min_steps=300, lr=0.003, patience=None)

Mean: TypeAlias = tuple[float, float | None, float | None]
"""A mean over seeds with its 95 % t limits, which one seed has none of."""
Pictures: TypeAlias = tuple[NDArray[np.float32], NDArray[np.intp]]
"""(n, 1, 28, 28) in [0, 1], and (n,) which of the two classes each shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """How a session asks, and what it learns from."""

    strategy: Any
    cold_start: Any
    labeler: type[PseudoLabeler] | None = None


ARMS = {
    "random": Arm(strategy=Random(), cold_start=Random()),
    "hybrid": Arm(strategy=HybridQueryStrategy(random_state=0), cold_start=COLD_START),
    "hybrid, pseudo-labels": Arm(
        strategy=HybridQueryStrategy(random_state=0),
        cold_start=COLD_START,
        labeler=PseudoLabeler,
    ),
}


def network(seed: int) -> Any:
    """Return a network of two convolutions and one logit, not trained yet."""
    import torch
    from torch import nn

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(1, 8, 5, stride=2, padding=2),
            nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Dropout(0.3),
            nn.Linear(784, 1),
        )


def moved(batch: Any) -> Any:
    """Return (b, 1, h, w) pictures, all moved by up to two pixels; their edges are empty."""
    import torch

    by = torch.randint(-2, 3, (2,)).tolist()
    return torch.roll(batch, by, dims=(2, 3))


def pictures(part: str, pair: tuple[int, int], rng: np.random.Generator) -> Pictures:
    """Return up to 2,000 pictures of two classes from `train` or `test`, in random order."""
    X, y = _fashion(part)
    rows = rng.permutation(np.flatnonzero(np.isin(y, pair)))[:_POOL]
    return (X[rows, None] / 255).astype(np.float32), (y[rows] == pair[1]).astype(np.intp)


def curve(pair: tuple[int, int], arm: Arm, seed: int) -> dict[int, float]:
    """Return the accuracy of one session by how many labels it had."""
    rng = np.random.default_rng(seed)
    (X, y), (test_X, test_y) = pictures("train", pair, rng), pictures("test", pair, rng)
    session = ActiveLearningSession(
        network(seed),
        X,
        arm.strategy,
        arm.labeler and arm.labeler(),
        training=_PLAN,
        cold_start=arm.cold_start,
        random_state=seed,
    )
    scores = {}
    for labels in range(_STEP, max(RULE) + 1, _STEP):
        batch = session.get_next_batch(_STEP)
        session.add_labels(batch, y[batch])
        session.retrain_model(noisy=NoisyStudent(augment=moved))
        said = TorchModule(module=session.model).predict_proba(test_X).argmax(axis=1)
        scores[labels] = float((said == test_y).mean())
    return scores


def mean(values: NDArray[np.float64]) -> Mean:
    """Return the mean of (seeds,) values with its limits."""
    middle, n = float(values.mean()), len(values)
    if n < 2:
        return middle, None, None
    half = float(t.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n))
    return middle, middle - half, middle + half


def measure(pair: tuple[int, int], seeds: int) -> dict[int, dict[str, Any]]:
    """Return for each number of labels the rule, the arms, and their differences to random."""
    runs = {label: [curve(pair, arm, seed) for seed in range(seeds)] for label, arm in ARMS.items()}
    table: dict[int, dict[str, Any]] = {}
    for labels, promised in RULE.items():
        at = {label: np.array([one[labels] for one in found]) for label, found in runs.items()}
        gaps = {label: at[label] - at["random"] for label in ARMS if label != "random"}
        table[labels] = {
            "rule": promised,
            **{label: mean(values) for label, values in at.items()},
            **{f"{label}, above random": mean(values) for label, values in gaps.items()},
        }
    return table


def main() -> None:
    """Measure both pairs, and print tables or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found: dict[str, Any] = {"benchmark": "torch_session", "seeds": options.seeds}
    if absent := missing():
        found["skipped"] = absent
    else:
        found["tables"] = {name: measure(pair, options.seeds) for name, pair in PAIRS.items()}
    if options.json:
        print(json.dumps(found))
        return
    if absent:
        print(f"torch_session: skipped, {absent}")
    for name, table in found.get("tables", {}).items():
        print(name)
        for labels, row in table.items():
            print(f"  {labels:>3} labels: {line(row)}")


def missing() -> str | None:
    """Return what has to be there first; None where all is."""
    if not _FILE.is_file():
        return f"{_FILE} is absent: set AUTO_LABELING_DATA"
    if find_spec("torch") is None:
        return "torch is absent: pip install 'auto-labeling[torch]'"
    return None


def line(row: Mapping[str, Any]) -> str:
    """Return one number of labels for people."""
    low, high = row["rule"]
    shown = [f"promised {low:.0%} to {high:.0%}"]
    for label, (middle, least, most) in list(row.items())[1:]:
        limits = "" if least is None else f" [{least:.1%}, {most:.1%}]"
        shown.append(f"{label} {middle:.1%}{limits}")
    return "; ".join(shown)


@cache
def _fashion(part: str) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    with np.load(_FILE) as file:
        return file[f"x_{part}"], file[f"y_{part}"].astype(np.intp)


if __name__ == "__main__":
    main()
