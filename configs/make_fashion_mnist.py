"""Draw the pictures of `fashion_mnist.yaml`: some of Fashion-MNIST's, drawn by lot.

It lies in `AUTO_LABELING_DATA`, or `../shared/data` beside the checkout.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

DATA = Path(os.environ.get("AUTO_LABELING_DATA", Path(__file__).parents[2] / "shared" / "data"))
CLASSES = (
    "t-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)


def write(archive: Path, folder: Path, pool: int = 6_000, judges: int = 1_000) -> None:
    """Write pictures/00000.png ... (the pool), truth.csv, and heldout/bag/00000.png ....

    Names of the pool say nothing: people see them.
    """
    rng = np.random.default_rng(0)
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    with np.load(archive) as sets:
        drawn = np.sort(rng.choice(len(sets["x_train"]), pool, replace=False))
        pictures, classes = sets["x_train"][drawn], sets["y_train"][drawn]
        held = np.sort(rng.choice(len(sets["x_test"]), judges, replace=False))
        shown, known = sets["x_test"][held], sets["y_test"][held]
    for at, levels in enumerate(pictures):
        Image.fromarray(levels).save(folder / "pictures" / f"{at:05}.png")
    pd.DataFrame({"label": [CLASSES[one] for one in classes]}).to_csv(
        folder / "truth.csv", index=False
    )
    for at, (levels, one) in enumerate(zip(shown, known, strict=True)):
        path = folder / "heldout" / CLASSES[one] / f"{at:05}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(levels).save(path)


if __name__ == "__main__":
    write(DATA / "fashion_mnist.npz", Path(__file__).parent / "data" / "fashion_mnist")
