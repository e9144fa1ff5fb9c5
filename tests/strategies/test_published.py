"""Margin sampling gives the published areas under the curve, seed by seed."""

from __future__ import annotations

import csv

import pytest
from threadpoolctl import threadpool_limits

from auto_labeling.strategies.uncertainty import Margin
from benchmarks import pools
from benchmarks.label_efficiency import FirstOfEqual, area, curve
from tests.support.real_data import DATA, needs

PUBLISHED = DATA / "tabular" / "published"
QUICK = ("appendicitis", "ionosphere")


def published_areas(name: str) -> dict[int, float]:
    """Return the area by seed; a seed whose first labels show one class only has none."""
    [path] = PUBLISHED.glob(f"{name}-margin-*.csv")
    with path.open() as file:
        return {int(r["res_expno"]): float(r["res_tst_score"]) for r in csv.DictReader(file)}


@needs(PUBLISHED)
@pytest.mark.parametrize(
    ("name", "seeds"),
    [(name, (0, 1, 4)) for name in QUICK]
    + [
        pytest.param(name, (5,), marks=pytest.mark.slow)
        for name in pools.TABULAR
        if name not in QUICK
    ],
)
def test_margin_gives_the_published_areas(name: str, seeds: tuple[int, ...]) -> None:
    expected = published_areas(name)
    for seed in seeds:
        with threadpool_limits(1):
            scores = curve(pools.published(name, seed), FirstOfEqual(Margin()), seed)
        assert area(scores, published=True) / 100 == pytest.approx(expected[seed], abs=1e-4)
