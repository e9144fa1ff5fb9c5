from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from auto_labeling.campaign.curve_forecast import LEAST, forecast
from auto_labeling.errors import ConfigurationError
from auto_labeling.records import Interval


def measured(values: list[float]) -> list[Interval]:
    return [Interval(value=one, low=one, high=one, n=300) for one in values]


def drawn(rng: np.random.Generator, counts: NDArray[np.intp], noise: float) -> NDArray[np.float64]:
    """A power law of a drawn end, height and bend, measured with noise."""
    end, height, bend = rng.uniform(0.7, 0.95), rng.uniform(0.1, 0.5), rng.uniform(0.3, 1.5)
    return end - height * (counts / 20) ** -bend + rng.normal(0, noise, len(counts))


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.003, 0.01])
def test_limits_hold_what_they_promise_on_power_laws(noise: float) -> None:
    rng = np.random.default_rng(5)
    counts = np.arange(20, 820, 20)
    held = []
    for _ in range(60):
        values = np.clip(drawn(rng, counts, noise), 0, 1)
        for at, ahead in ((6, 1), (10, 5), (20, 10)):
            found = forecast(
                counts[: at + 1].tolist(), measured(values[: at + 1].tolist()), 20 * ahead
            )
            held.append(found.low <= values[at + ahead] <= found.high)
    assert 0.85 <= np.mean(held) <= 0.97


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1_000), st.integers(1, 400))
def test_a_forecast_is_a_share_between_its_limits(seed: int, more: int) -> None:
    rng = np.random.default_rng(seed)
    counts = np.cumsum(rng.integers(1, 30, 8))
    found = forecast(counts.tolist(), measured(rng.random(8).tolist()), more)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.n == 300


def test_the_farther_and_the_surer_the_wider() -> None:
    counts = list(range(20, 220, 20))
    curve = measured([0.9 - 0.4 * (count / 20) ** -1.0 for count in counts])
    near, far = forecast(counts, curve, 20), forecast(counts, curve, 400)
    sure = forecast(counts, curve, 20, level=0.99)
    assert near.high - near.low < far.high - far.low
    assert sure.low < near.low < near.high < sure.high
    assert far.value > near.value > curve[-1].value


def test_a_curve_that_is_flat_stays_flat() -> None:
    counts = list(range(20, 420, 20))
    found = forecast(counts, measured([0.85] * 20), 100)
    assert found.value == pytest.approx(0.85, abs=0.002)
    assert found.high - found.low < 0.02


def test_rounds_that_nobody_judged_do_not_count() -> None:
    counts = [20, 40, 60, 80, 100, 120]
    curve = measured([0.7, 0.8, 0.84, 0.86, 0.87, 0.875])
    gap = [*curve[:2], Interval.unknown(), *curve[2:]]
    assert forecast([20, 40, 50, 60, 80, 100, 120], gap, 40) == forecast(counts, curve, 40)
    assert math.isnan(forecast(counts[: LEAST - 1], curve[: LEAST - 1], 40).value)
    assert math.isnan(forecast([], [], 40).value)


def test_labels_that_repeat_do_no_harm() -> None:
    """A round that only corrected labels is judged anew with as many as before."""
    found = forecast([20, 40, 40, 40, 40], measured([0.7, 0.8, 0.81, 0.8, 0.82]), 20)
    assert found.low < found.value < found.high


@pytest.mark.parametrize(
    ("more", "level", "said"),
    [(0, 0.9, "more: expected at least 1"), (20, 1.0, "level: expected a share between")],
)
def test_what_cannot_be_forecast_is_refused(more: int, level: float, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        forecast([20], measured([0.5]), more, level)
