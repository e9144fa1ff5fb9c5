"""What a campaign will buy at most, and what its figures will be able to show. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, TypeAlias

from auto_labeling.campaign.intervals import items_needed, lower_bound, passing, spent
from auto_labeling.campaign.metrics import OVERALL
from auto_labeling.errors import ConfigurationError
from auto_labeling.money import format_micros
from auto_labeling.records import Micros, PersonId

Limit: TypeAlias = Literal["pool", "answers", "money", "max_rounds"]
_ABOVE = 0.03
"""How far above its target a model is imagined when it is asked whether that would show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How much one person answers on a working day."""

    person: PersonId
    answers_per_day: float

    def __post_init__(self) -> None:
        if not 0 < self.answers_per_day < math.inf:
            raise ConfigurationError(
                f"people.{self.person}: expected a capacity above zero, got {self.answers_per_day}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a campaign is to do, and with what."""

    candidates: int
    """Items that may be asked about."""
    batch: int
    overlap: int
    adaptive_max: int | None = None
    """Opinions on an item where more are bought where they help; None: no more than `overlap`."""
    answers_cap: int
    money_cap_micros: Micros | None = None
    kept: Fraction = Fraction(0)
    """The share of both caps that is kept for adjudicators, who settle what nobody foresees."""
    gold: Fraction = Fraction(0)
    """Answers on gold for each answer on an item that is to be labeled."""
    sliced: int = 0
    """Items of the slice on which agreement is measured."""
    slice_opinions: int = 0
    """Opinions on each of them."""
    price_micros: Micros = 0
    """What one answer is expected to cost."""
    reserve_micros: Micros | None = None
    """What is reserved for one answer; the price, if not given."""
    currency: str = "USD"
    max_rounds: int | None = None
    control: float = 0.2
    """The share of a batch that only judges, where there is no held-out set."""
    heldout: int = 0
    """Items of the held-out set."""
    class_count: int = 2
    drawn: bool = False
    """Whether answers are drawn on pictures: shares of objects are then no shares of items."""
    targets: Mapping[str, float] = field(default_factory=dict)
    """The least that each metric has to reach by its lower bound."""
    alpha: float = 0.05
    tests: int = 50
    """How many times the target may be tested; each test spends its part of alpha."""
    paces: Sequence[Pace] = ()

    def __post_init__(self) -> None:
        for name in ("batch", "overlap", "tests", "class_count"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"{name}: expected at least 1, got {getattr(self, name)}")
        for name in ("candidates", "answers_cap", "price_micros", "heldout"):
            if getattr(self, name) < 0:
                raise ConfigurationError(f"{name}: expected no less than 0, got a negative number")
        if not 0 <= self.control < 1:
            raise ConfigurationError(f"control: expected a share in [0, 1), got {self.control}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is bought if no target or plateau ends it earlier.

    Further opinions, on ties and skipped items, are not foreseen; `answers_cap` is never passed.
    """

    rounds: int
    items: int
    answers: int
    """With as many opinions on every item as the caps allow, and those on gold and the slice."""
    fewest_answers: int
    """With no opinion more than every item gets."""
    answers_cap: int
    """What all answers together never pass."""
    money_micros: Micros
    binds: Limit
    """What ends the buying."""
    judged: int
    """Items that the last model is judged on."""
    workdays: float
    """Working days of the people who are named; nan where nobody is."""
    warnings: tuple[str, ...]


def plan(terms: Terms) -> Plan:
    """Return the forecast of a campaign that has bought nothing yet.

    >>> terms = Terms(candidates=1347, batch=20, overlap=3, answers_cap=1200,
    ...               money_cap_micros=60_000_000, price_micros=50_000, heldout=450, max_rounds=20)
    >>> found = plan(terms)
    >>> found.rounds, found.items, found.answers, found.money_micros, found.binds
    (20, 400, 1200, 60000000, 'answers')
    """
    limits = _limits(terms)
    binds = min(limits, key=lambda limit: limits[limit])
    items = limits[binds]
    fewest = items * terms.overlap
    # Every item gets its first opinions, whatever the caps hold beside them.
    most = max(_answers_within(terms, _own(terms)), fewest)
    own = min(items * (terms.adaptive_max or terms.overlap), most)
    sliced = min(terms.sliced, items) * max(terms.slice_opinions - terms.overlap, 0)
    answers = min(int((own + sliced) * (1 + terms.gold)), _answers_within(terms, 1 - terms.kept))
    judged = terms.heldout or _control_items(terms, items)
    return Plan(
        rounds=-(-items // terms.batch),
        items=items,
        answers=answers,
        fewest_answers=fewest,
        answers_cap=terms.answers_cap,
        money_micros=answers * terms.price_micros,
        binds=binds,
        judged=judged,
        workdays=workdays(items, -(-own // items) if items else 0, terms.paces),
        warnings=(*_purchase_warnings(terms, items, binds), *_judging_warnings(terms, judged)),
    )


def workdays(items: int, overlap: int, paces: Sequence[Pace]) -> float:
    """Return in how many days each item has `overlap` opinions of different people.

    A quick person answers every item once and then has nothing to do: the rest is left to the
    others. nan where nobody is named, inf where there are fewer people than opinions.

    >>> team = [Pace(person="li", answers_per_day=900), Pace(person="mia", answers_per_day=100)]
    >>> workdays(300, 1, team), workdays(300, 2, team)
    (0.3, 3.0)
    """
    if not paces:
        return math.nan
    if not items:
        return 0.0
    speeds = sorted((pace.answers_per_day for pace in paces), reverse=True)
    for done in range(min(overlap, len(speeds))):  # people who have answered everything
        days = items * (overlap - done) / sum(speeds[done:])
        if speeds[done] * days <= items * (1 + 1e-12):
            return days
    return math.inf


def _limits(terms: Terms) -> dict[Limit, int]:
    """Return how many items each limit allows."""
    own = _own(terms)
    limits: dict[Limit, int] = {
        "pool": terms.candidates,
        "answers": int(terms.answers_cap * own) // terms.overlap,
    }
    if terms.money_cap_micros is not None:
        limits["money"] = _affordable(terms, int(terms.money_cap_micros * own))
    if terms.max_rounds is not None:
        limits["max_rounds"] = terms.max_rounds * terms.batch
    return limits


def _own(terms: Terms) -> Fraction:
    """Return the share of both caps that is there for the items that are to be labeled."""
    return (1 - terms.kept) / (1 + terms.gold)


def _affordable(terms: Terms, cap_micros: Micros) -> int:
    """Return how many items money buys: the last one has to be reserved in full."""
    price = terms.overlap * terms.price_micros
    reserve = price if terms.reserve_micros is None else terms.overlap * terms.reserve_micros
    if cap_micros < reserve:
        return 0
    if price == 0:
        return terms.candidates
    return (cap_micros - reserve) // price + 1


def _answers_within(terms: Terms, share: Fraction) -> int:
    """Return how many answers a share of both caps holds: the last is reserved in full."""
    most, price = int(terms.answers_cap * share), terms.price_micros
    if terms.money_cap_micros is None or not price:
        return most
    reserve = price if terms.reserve_micros is None else terms.reserve_micros
    return min(most, max(int(terms.money_cap_micros * share) - reserve, 0) // price + 1)


def _control_items(terms: Terms, items: int) -> int:
    a_batch = max(1, round(terms.batch * terms.control)) if terms.control else 0
    return items * a_batch // terms.batch


def _purchase_warnings(terms: Terms, items: int, binds: Limit) -> list[str]:
    found = []
    price = format_micros(terms.overlap * terms.price_micros, terms.currency)
    if items == 0 and binds != "pool":
        found.append(
            f"the budget buys not a single item: one takes {terms.overlap} answers and {price}"
        )
    elif items < terms.batch and binds in ("answers", "money"):
        found.append(
            f"the cap of {binds} buys {items} items at {terms.overlap} answers and {price} each: "
            f"less than one batch of {terms.batch}"
        )
    if terms.batch > terms.candidates:
        found.append(
            f"the batch of {terms.batch} is larger than the pool of {terms.candidates}: one round "
            "asks about everything, and nothing is left to choose"
        )
    if terms.paces and len(terms.paces) < terms.overlap:
        found.append(
            f"an overlap of {terms.overlap} needs as many people, and {len(terms.paces)} are named"
        )
    return found


def _judging_warnings(terms: Terms, judged: int) -> list[str]:
    if terms.targets and judged == 0:
        return [
            "nothing judges the model: add a held-out set or a control slice, or no target fires"
        ]
    said = (_unresolved(terms, name, least, judged) for name, least in terms.targets.items())
    return [sentence for sentence in said if sentence]


def _unresolved(terms: Terms, metric: str, target: float, judged: int) -> str | None:
    """Return why so few judged items cannot show that a target is reached, or None if they can.

    Only of shares is it known beforehand how their limits go with the number of items: of an F1
    or of a metric of boxes nothing is said. Classes are taken to be equally common.
    """
    kind, _, one = metric.partition("/")
    if terms.drawn or (metric not in OVERALL and kind not in ("precision", "recall")):
        return None
    parts = terms.class_count if one else 1
    n, alpha = judged // parts, spent(terms.alpha, terms.tests)
    imagined = min(target + _ABOVE, (1 + target) / 2)
    seen = lower_bound(imagined * n, n, alpha) if n else 0.0
    if seen >= target:
        return None
    best = lower_bound(n, n, alpha) if n else 0.0

    def needed(share: float) -> int:
        return int(items_needed(share, target, alpha)) * parts

    what = f"{n} judged items" + (f" of {one} (about 1 in {parts})" if one else "")
    if best < target:
        return (
            f"{what} cannot show {metric} {target:.1%}: even with all of them right the lower "
            f"bound is {best:.1%}; judge {needed(1.0)} items at the very least, and "
            f"{needed(imagined)} to see it in a model that reaches {imagined:.1%}"
        )
    return (
        f"{what} show {metric} {target:.1%} only from {passing(target, n, alpha):.1%} right on: at "
        f"{imagined:.1%} the lower bound is {seen:.1%}; judge {needed(imagined)} items to see it "
        "in such a model"
    )
