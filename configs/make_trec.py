"""Write the data of `trec_text.yaml`: TREC's questions, those of the second file held out.

They lie in `AUTO_LABELING_DATA`, or `../shared/data` beside the checkout.
"""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

DATA = Path(os.environ.get("AUTO_LABELING_DATA", Path(__file__).parents[2] / "shared" / "data"))


def write(source: Path, folder: Path) -> None:
    """Write pool.csv (the questions), truth.csv (for simulated people), heldout.csv (both)."""
    folder.mkdir(parents=True, exist_ok=True)
    pool, judges = (
        pd.read_csv(source / name).rename(columns={"coarse": "label"})
        for name in ("trec_train_5500.csv.gz", "trec_test_500.csv.gz")
    )
    pool["id"] = [f"q{at:04}" for at in range(len(pool))]
    pool[["id", "text"]].to_csv(folder / "pool.csv", index=False)
    pool[["id", "label"]].to_csv(folder / "truth.csv", index=False)
    judges[["text", "label"]].to_csv(folder / "heldout.csv", index=False)


if __name__ == "__main__":
    write(DATA / "text", Path(__file__).parent / "data" / "trec")
