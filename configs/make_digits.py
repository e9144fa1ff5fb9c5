"""Write the data files of `digits.yaml`: scikit-learn's digits, 450 of them held out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits

HELD_OUT = 450


def write(folder: Path, seed: int = 0) -> None:
    """Write digits.npy (pool), digits_truth.csv (for simulated people), digits_heldout.parquet."""
    folder.mkdir(parents=True, exist_ok=True)
    pixels, digits = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(pixels))
    judges, pool = order[:HELD_OUT], order[HELD_OUT:]
    np.save(folder / "digits.npy", pixels[pool].astype(np.float32))
    pd.DataFrame({"label": digits[pool].astype(str)}).to_csv(
        folder / "digits_truth.csv", index=False
    )
    held = pd.DataFrame(pixels[judges], columns=[f"pixel_{at:02d}" for at in range(64)])
    held["label"] = digits[judges].astype(str)
    held.to_parquet(folder / "digits_heldout.parquet", index=False)


if __name__ == "__main__":
    write(Path(__file__).parent / "data")
