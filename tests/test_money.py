from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_labeling.errors import ConfigurationError
from auto_labeling.money import (
    PayUnit,
    PerAnswer,
    PerHour,
    PerObject,
    expected_seconds,
    format_micros,
    micros,
    price_for,
    upper_seconds,
)


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("0.05", 50_000),
        ("60.00", 60_000_000),
        (Decimal("18.00"), 18_000_000),
        (3, 3_000_000),
        ("-1.5", -1_500_000),
        ("0.0000005", 0),  # a half goes to the even neighbour
        ("0.0000015", 2),
        ("0.0000025", 2),
        ("0.00000250000000000000000000000000001", 3),  # more digits than a decimal context keeps
    ],
)
def test_amounts_become_millionths(amount: str | Decimal | int, expected: int) -> None:
    assert micros(amount) == expected


@given(st.integers(-(10**18), 10**18))
def test_every_figure_comes_back_as_it_was_written(amount: int) -> None:
    written = format_micros(amount, "CHF").replace(",", "").replace("CHF ", "")
    assert micros(written) == amount


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (0.05, r'got the float 0\.05; write "0\.05" in quotes'),
        (True, "got True"),
        (None, "got None"),
        ("five", "got 'five'"),
        ("", "got ''"),
        ("NaN", "at most"),
        ("Infinity", "at most"),
        ("1e999999", "at most"),
    ],
)
def test_what_is_no_amount_is_refused(amount: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        micros(amount)


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        (50_000, "USD", "$0.05"),
        (50_000, "EUR", "€0.05"),
        (-1_500_000, "GBP", "-£1.50"),
        (1_234_567_890_000, "SEK", "SEK 1,234,567.89"),
        (500_000_000, "JPY", "JPY 500"),
        (12_345, "USD", "$0.012345"),
        (0, "USD", "$0.00"),
    ],
)
def test_amounts_are_written_as_people_write_them(amount: int, currency: str, written: str) -> None:
    assert format_micros(amount, currency) == written


def test_a_currency_is_a_code() -> None:
    with pytest.raises(ConfigurationError, match="'dollar'"):
        format_micros(1, "dollar")


prices = st.one_of(
    st.builds(PerAnswer, rate_micros=st.integers(0, 10**8)),
    st.builds(PerObject, rate_micros=st.integers(0, 10**8), objects_upper=st.integers(1, 50)),
    st.builds(PerHour, rate_micros=st.integers(0, 10**9), seconds_upper=st.floats(0.1, 10_000)),
)


@given(prices, st.integers(0, 50), st.floats(0, 10_000))
def test_an_answer_within_the_uppers_never_costs_more_than_was_reserved(
    price: PerAnswer | PerObject | PerHour, objects: int, seconds: float
) -> None:
    objects = min(objects, getattr(price, "objects_upper", objects))
    seconds = min(seconds, getattr(price, "seconds_upper", seconds))
    assert 0 <= price.settle(objects=objects, seconds=seconds) <= price.reserve_micros


@pytest.mark.parametrize("seconds", [None, math.nan, math.inf, -3.0])
def test_an_hour_that_nobody_measured_costs_what_was_reserved(seconds: float | None) -> None:
    price = PerHour(rate_micros=36_000_000, seconds_upper=10.0)
    assert price.settle(objects=1, seconds=seconds) == price.reserve_micros == 100_000


@pytest.mark.parametrize(
    ("unit", "reserved", "settled"),
    [("answer", 60_000, 60_000), ("object", 300_000, 120_000), ("hour", 500, 200)],
)
def test_each_unit_of_pay_has_its_price(unit: PayUnit, reserved: int, settled: int) -> None:
    price = price_for(unit, 60_000, objects_upper=5, seconds_upper=30.0)
    assert price.reserve_micros == reserved
    assert price.settle(objects=2, seconds=12.0) == settled


def test_an_hour_without_a_figure_goes_by_the_time_model() -> None:
    price = price_for("hour", 18_000_000)
    assert price == PerHour(rate_micros=18_000_000, seconds_upper=upper_seconds("single"))


@pytest.mark.parametrize("objects", [1, 5])
@pytest.mark.parametrize(("task", "act"), [("single", [1.5]), ("boxes", [10.0, 1.5])])
def test_the_upper_time_is_hardly_ever_passed_by_simulated_people(
    task: str, act: list[float], objects: int
) -> None:
    rng = np.random.default_rng(0)
    acts = np.array([2.0, *(act * objects)])
    assert expected_seconds(task, objects) == acts.sum()
    noise = np.exp(0.35 * rng.standard_normal((20_000, len(acts))))
    slowest = 1.5 * (acts * noise).sum(axis=1)
    assert np.mean(slowest > upper_seconds(task, objects, 0.95)) <= 0.05
    assert np.quantile(slowest, 0.95) > 0.65 * upper_seconds(task, objects, 0.95)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: PerAnswer(rate_micros=-1), "no less than zero"),
        (lambda: PerObject(rate_micros=1, objects_upper=0), "objects_upper"),
        (lambda: PerHour(rate_micros=1, seconds_upper=0.0), "seconds_upper"),
        (lambda: PerHour(rate_micros=1, seconds_upper=math.nan), "seconds_upper"),
        (lambda: upper_seconds("single", quantile=1.0), "quantile"),
    ],
)
def test_prices_that_make_no_sense_are_refused(make: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        make()
