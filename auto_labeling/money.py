"""Money as integers: amounts to micros and back, and what an answer costs under each kind of pay.

Floats never hold money: a cap that is compared with sums of them is passed or missed by a rounding.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from statistics import NormalDist
from typing import Literal, Protocol, TypeAlias

from auto_labeling.errors import ConfigurationError
from auto_labeling.records import Micros

MICROS = 1_000_000
_MOST = 9 * 10**12  # units; beyond it the micros leave the 64 bits of a ledger column
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}
_WITHOUT_CENTS = frozenset({"CLP", "ISK", "JPY", "KRW", "VND"})
PayUnit: TypeAlias = Literal["answer", "object", "hour"]


def micros(amount: str | Decimal | int) -> Micros:
    """Return an amount in millionths of its unit, rounded half to even.

    Raises `ConfigurationError` for a float: what YAML reads as one has lost its digits already.

    >>> micros("0.05")
    50000
    """
    if isinstance(amount, float):
        raise ConfigurationError(
            f"expected a quoted amount of money, got the float {amount!r}; "
            f'write "{amount!r}" in quotes'
        )
    if isinstance(amount, bool) or not isinstance(amount, str | Decimal | int):
        raise ConfigurationError(f'expected an amount of money such as "0.05", got {amount!r}')
    try:
        exact = Decimal(amount)
    except InvalidOperation as error:
        raise ConfigurationError(
            f'expected an amount of money such as "0.05", got {amount!r}'
        ) from error
    if not exact.is_finite() or abs(exact) > _MOST:
        raise ConfigurationError(f"expected an amount of at most {_MOST:,} units, got {amount!r}")
    return round(Fraction(exact) * MICROS)


def format_micros(amount: Micros, currency: str) -> str:
    """Return an amount as people write it: cents at least, and further digits where it has any.

    >>> format_micros(50_000, "USD"), format_micros(1_500, "USD"), format_micros(10**9, "CHF")
    ('$0.05', '$0.0015', 'CHF 1,000.00')
    """
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise ConfigurationError(f"currency: expected an ISO code such as USD, got {currency!r}")
    whole, rest = divmod(abs(amount), MICROS)
    least = 0 if currency in _WITHOUT_CENTS else 2
    digits = f"{rest:06d}".rstrip("0").ljust(least, "0")
    figure = f"{whole:,}.{digits}" if digits else f"{whole:,}"
    sign = "-" if amount < 0 else ""
    return f"{sign}{_SIGNS.get(currency) or currency + ' '}{figure}"


class Price(Protocol):
    """What one answer costs: an upper figure before it is asked for, the true one after."""

    @property
    def reserve_micros(self) -> Micros:
        """What is set aside before the answer is asked for."""
        ...

    def settle(self, *, objects: int, seconds: float | None) -> Micros:
        """Return what an answer with so many objects, given in so many seconds, costs."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PerAnswer:
    """A fixed price for every answer.

    >>> PerAnswer(rate_micros=50_000).settle(objects=7, seconds=None)
    50000
    """

    rate_micros: Micros

    def __post_init__(self) -> None:
        _refuse_negative(self.rate_micros)

    @property
    def reserve_micros(self) -> Micros:
        return self.rate_micros

    def settle(self, *, objects: int, seconds: float | None) -> Micros:  # noqa: ARG002 - the port's
        return self.rate_micros


@dataclass(frozen=True, slots=True, kw_only=True)
class PerObject:
    """A price for every object that an answer holds.

    >>> price = PerObject(rate_micros=20_000, objects_upper=12)
    >>> price.reserve_micros, price.settle(objects=3, seconds=None)
    (240000, 60000)
    """

    rate_micros: Micros
    objects_upper: int
    """As many objects as an item hardly ever passes, such as the .95 quantile of those seen."""

    def __post_init__(self) -> None:
        _refuse_negative(self.rate_micros)
        if self.objects_upper < 1:
            raise ConfigurationError(
                f"objects_upper: expected at least one, got {self.objects_upper}"
            )

    @property
    def reserve_micros(self) -> Micros:
        return self.rate_micros * self.objects_upper

    def settle(self, *, objects: int, seconds: float | None) -> Micros:  # noqa: ARG002 - the port's
        return self.rate_micros * objects


@dataclass(frozen=True, slots=True, kw_only=True)
class PerHour:
    """A wage for the time that an answer took.

    An answer whose time the tool does not know costs what was reserved for it, so that what was
    spent is never understated.

    >>> price = PerHour(rate_micros=18_000_000, seconds_upper=10.0)
    >>> price.reserve_micros, price.settle(objects=1, seconds=4.0)
    (50000, 20000)
    """

    rate_micros: Micros
    seconds_upper: float
    """As many seconds as an answer hardly ever passes, such as the .95 quantile."""

    def __post_init__(self) -> None:
        _refuse_negative(self.rate_micros)
        if not 0 < self.seconds_upper < math.inf:
            raise ConfigurationError(
                f"seconds_upper: expected a time above zero, got {self.seconds_upper}"
            )

    @property
    def reserve_micros(self) -> Micros:
        return math.ceil(self.rate_micros * Fraction(self.seconds_upper) / 3600)

    def settle(self, *, objects: int, seconds: float | None) -> Micros:  # noqa: ARG002 - the port's
        if seconds is None or not 0 <= seconds < math.inf:
            return self.reserve_micros
        return round(self.rate_micros * Fraction(seconds) / 3600)


def price_for(
    unit: PayUnit,
    rate_micros: Micros,
    *,
    objects_upper: int = 1,
    seconds_upper: float | None = None,
) -> Price:
    """Return the price rule of pay by `unit`; the uppers count where the unit needs them.

    Without `seconds_upper` the time model's figure for choosing one class is taken.
    """
    if unit == "answer":
        return PerAnswer(rate_micros=rate_micros)
    if unit == "object":
        return PerObject(rate_micros=rate_micros, objects_upper=objects_upper)
    return PerHour(rate_micros=rate_micros, seconds_upper=seconds_upper or upper_seconds("single"))


_OPEN_AND_READ = 2.0
_CHOOSE = 1.5
_DRAW = {"boxes": 10.0, "polygons": 35.0, "masks": 35.0}
_MOST_DRAWN = 10
"""Objects on an item, until some are seen."""
_SIGMA = 0.35  # of the log-normal noise of one act
_SLOWEST = 1.5  # the largest speed factor of a person


def expected_seconds(task: str, objects: float = 1.0) -> float:
    """Return the typical seconds of one answer: the median acts of the fixed time model, summed.

    The model holds until a campaign has measured times of its own. Every object of a drawing task
    is drawn and given its class; for other tasks one class is chosen for each of `objects`.

    >>> expected_seconds("single"), expected_seconds("boxes", objects=4)
    (3.5, 48.0)
    """
    act = _CHOOSE + _DRAW[task] if task in _DRAW else _CHOOSE
    return _OPEN_AND_READ + objects * act


def most_objects(task: str, classes: int) -> int:
    """Return as many objects as an answer hardly ever passes, before any was seen.

    >>> most_objects("single", 3), most_objects("multi", 3), most_objects("boxes", 3)
    (1, 3, 10)
    """
    if task in _DRAW:
        return _MOST_DRAWN
    return classes if task == "multi" else 1


def upper_seconds(task: str, objects: float = 1.0, quantile: float = 0.95) -> float:
    """Return seconds that an answer of the slowest person hardly ever passes.

    All acts are taken at their `quantile` at once, which bounds the quantile of their sum for the
    upper quantiles meant here.

    >>> round(upper_seconds("single"), 1)
    9.3
    """
    if not 0.5 <= quantile < 1:
        raise ConfigurationError(f"quantile: expected [.5, 1), got {quantile}")
    noise = math.exp(_SIGMA * NormalDist().inv_cdf(quantile))
    return expected_seconds(task, objects) * noise * _SLOWEST


def _refuse_negative(rate_micros: Micros) -> None:
    if rate_micros < 0:
        raise ConfigurationError(f"price: expected no less than zero, got {rate_micros} micros")
