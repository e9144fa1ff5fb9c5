"""Draw the pictures of `digits_label_studio.yaml`: scikit-learn's digits, 450 of them held out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from make_digits import HELD_OUT
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits

SIZE = 160


def write(folder: Path, seed: int = 0) -> None:
    """Write pictures/digits/0000.png ... (the pool), and heldout/7/0000.png ... by their digit.

    Names of the pool say nothing: people see them.
    """
    levels, digits = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(levels))
    for at, row in enumerate(order[HELD_OUT:]):
        _draw(levels[row], folder / "pictures" / "digits" / f"{at:04}.png")
    for at, row in enumerate(order[:HELD_OUT]):
        _draw(levels[row], folder / "pictures_heldout" / str(digits[row]) / f"{at:04}.png")


def _draw(levels: NDArray[np.float64], path: Path) -> None:
    """Draw (64,) levels in [0, 16] as ink on paper with a margin, large enough to be looked at."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ink = np.pad(levels.reshape(8, 8), 1) * 255 / 16
    Image.fromarray(np.uint8(255) - ink.astype(np.uint8)).resize(
        (SIZE, SIZE), Image.Resampling.BICUBIC
    ).save(path)


if __name__ == "__main__":
    write(Path(__file__).parent / "data")
