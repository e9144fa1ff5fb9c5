"""Coefficients against other packages, published figures, and their definitions by brute force."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from auto_labeling.errors import DataError
from auto_labeling.quality.agreement import (
    Coefficient,
    FleissKappa,
    GwetAC1,
    IntervalAlpha,
    NominalAlpha,
    OrdinalAlpha,
    Percent,
    coefficient_interval,
    coefficient_of,
)
from auto_labeling.quality.agreement.cohen import cohen_kappa, one_against_others, pair_agreement
from auto_labeling.quality.agreement.pairs import every_pair, mean_cohen_kappa
from auto_labeling.ratings import Ratings

COEFFICIENTS: dict[str, Coefficient] = {
    "nominal": NominalAlpha(),
    "ordinal": OrdinalAlpha(),
    "interval": IntervalAlpha(values=(0.0, 1.0, 2.0, 3.0)),
    "ac1": GwetAC1(),
    "fleiss": FleissKappa(),
    "percent": Percent(),
}
# Five people on 40 items with four classes; a line a person, a dot where nothing was said.
SOME = [
    ".2...2.3.00.1012323.231301.3.10.301020..",
    "..1202..0000202032.0.0302101.1.0331.0...",
    "...0.222200..311.213.0200300010003.0.030",
    "....0002.0000.0132130030010111000.1.0.30",
    "...00..2.000.01..22..210020.310.00200320",
]
ALL = [
    "1120023320011012323323130103110130102020",
    "1222020300002020321000302101210033100301",
    "1220222220000311121300200300010003100030",
    "1222000220000001321300300101110001100130",
    "1020020230000013222302100203310000200320",
]
ELSEWHERE = {
    # krippendorff 0.9.0, alpha(value_domain=[0, 1, 2, 3])
    "nominal": 0.3288005578800558,
    "ordinal": 0.3038563122801744,
    "interval": 0.2584554168927474,
    # irrCAC 0.4.4, CAC(...).gwet(), .fleiss() and its pa
    "ac1": 0.383719235619,
    "fleiss": 0.299221730537,
    "percent": 0.523423423423,
}
COHEN = {  # scikit-learn 1.9.1, cohen_kappa_score of the items of both
    (0, 1): 0.33554817275747506,
    (0, 2): 0.2666666666666667,
    (0, 3): 0.2393617021276595,
    (0, 4): 0.375,
    (1, 2): 0.22999999999999998,
    (1, 3): 0.5278592375366569,
    (1, 4): 0.25,
    (2, 3): 0.5543766578249337,
    (2, 4): 0.3875739644970414,
    (3, 4): 0.432258064516129,
}


def ratings_of(lines: list[str]) -> Ratings:
    said = [
        (item, person, int(label))
        for person, line in enumerate(lines)
        for item, label in enumerate(line)
        if label != "."
    ]
    return Ratings.of(said, classes=range(4))[0]


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("name", COEFFICIENTS)
def test_other_packages_say_the_same(name: str) -> None:
    counts = ratings_of(SOME).counts()
    assert coefficient_of(COEFFICIENTS[name], counts) == pytest.approx(ELSEWHERE[name], abs=1e-11)


def test_of_complete_ratings_statsmodels_says_the_same() -> None:
    """statsmodels 0.15.0, fleiss_kappa(aggregate_raters(...)), which takes no missing values."""
    found = coefficient_of(FleissKappa(), ratings_of(ALL).counts())
    assert found == pytest.approx(0.32960493296049326, abs=1e-12)


def test_scikit_learn_says_the_same_of_every_pair() -> None:
    ratings = ratings_of(SOME)
    for (one, other), kappa in COHEN.items():
        assert cohen_kappa(ratings, one, other) == pytest.approx(kappa, abs=1e-12)
    found = {(pair.one, pair.other): pair for pair in every_pair(ratings, random())}
    assert {pair: one.kappa.value for pair, one in found.items()} == pytest.approx(COHEN)
    shared = [pair.kappa.n for pair in found.values()]
    assert shared == sorted(shared, reverse=True)
    one, other = next(iter(found))  # the first draws from the same numbers
    assert found[one, other] == pair_agreement(ratings, one, other, random())


def test_the_mean_over_pairs_is_light_s_kappa_of_complete_ratings() -> None:
    ratings = ratings_of(ALL)
    every = [cohen_kappa(ratings, *pair) for pair in itertools.combinations(range(5), 2)]
    found = mean_cohen_kappa(ratings, random())
    assert found.value == pytest.approx(np.mean(every))
    assert found.low < found.value < found.high
    assert found.n == 40


# Fleiss (1971): ten subjects in five diagnoses by fourteen raters, as the textbooks have it.
TEXTBOOK = np.array(
    [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
)


def test_published_kappas() -> None:
    assert coefficient_of(FleissKappa(), TEXTBOOK) == pytest.approx(0.210, abs=5e-4)
    # Gwet (2002), Kappa statistic is not satisfactory for assessing the extent of agreement: two
    # people say yes 118 times and never both no; kappa is below 0 there.
    paradox = np.repeat([[2, 0], [1, 1]], [118, 7], axis=0)
    assert round(coefficient_of(GwetAC1(), paradox), 4) == 0.9408
    said = [(at, "a", "y" if at < 123 else "n") for at in range(125)]
    said += [(at, "b", "y" if at < 118 or at >= 123 else "n") for at in range(125)]
    assert round(cohen_kappa(Ratings.of(said)[0], 0, 1), 4) == -0.0234
    # Krippendorff (2011), example C, of numbers and of ranks
    lines = ["123321412...", "1233224125.3", ".3332342251.", "12332441251."]
    counts = np.array([[unit.count(v) for v in "12345"] for unit in zip(*lines, strict=True)])
    ordinal, numbers = OrdinalAlpha(), IntervalAlpha(values=(1, 2, 3, 4, 5))
    assert round(coefficient_of(ordinal, counts), 3) == 0.815
    assert round(coefficient_of(numbers, counts), 3) == 0.849


units = st.lists(
    st.lists(st.integers(0, 3), min_size=4, max_size=4).map(np.array), min_size=1, max_size=8
)


@given(units)
def test_ordered_alphas_are_their_definition(rows: list[NDArray[np.intp]]) -> None:
    """Distances summed pair by pair, and the ordinal one as it was published, class by class."""
    counts = np.array(rows)
    answers = [np.repeat(np.arange(4), row).tolist() for row in counts if row.sum() >= 2]
    pooled = [one for unit in answers for one in unit]
    n = [pooled.count(value) for value in range(4)]

    def ranks(a: int, b: int) -> float:
        a, b = min(a, b), max(a, b)
        return float(sum(n[a : b + 1]) - (n[a] + n[b]) / 2) ** 2

    metrics = {"ordinal": ranks, "interval": lambda a, b: float(a - b) ** 2}
    for name, apart in metrics.items():
        expected = sum(apart(a, b) for a, b in itertools.permutations(pooled, 2))
        found = coefficient_of(COEFFICIENTS[name], counts)
        if expected == 0:
            assert math.isnan(found)
            continue
        observed = sum(
            sum(apart(a, b) for a, b in itertools.permutations(unit, 2)) / (len(unit) - 1)
            for unit in answers
        )
        assert found == pytest.approx(1 - (len(pooled) - 1) * observed / expected, abs=1e-9)


@given(units)
def test_every_figure_is_at_most_one_or_unknown_and_raises_no_warning(
    rows: list[NDArray[np.intp]],
) -> None:
    for coefficient in COEFFICIENTS.values():
        found = coefficient_interval(coefficient, np.array(rows), random())
        assert math.isnan(found.value) or found.value <= 1 + 1e-12
        assert math.isnan(found.low) == math.isnan(found.high)
        assert math.isnan(found.low) or -1e9 < found.low <= found.high <= 1 + 1e-12


def test_where_all_say_the_same_kappas_are_unknown_and_ac1_is_one() -> None:
    counts = np.array([[3, 0], [2, 0], [2, 0]])
    for name in ("nominal", "ordinal", "fleiss"):
        assert math.isnan(coefficient_of(COEFFICIENTS[name], counts))
    assert math.isnan(coefficient_of(IntervalAlpha(values=(0.1, 0.3)), counts))
    assert coefficient_of(GwetAC1(), counts) == coefficient_of(Percent(), counts) == 1.0
    assert math.isnan(coefficient_of(GwetAC1(), counts[:, :1]))  # a single class is no choice


@pytest.mark.parametrize("coefficient", COEFFICIENTS.values())
def test_of_nothing_shared_nothing_is_known(coefficient: Coefficient) -> None:
    alone = coefficient_interval(coefficient, np.eye(4, dtype=np.intp), random())
    none = coefficient_interval(coefficient, np.zeros((0, 4), dtype=np.intp), random())
    for found in (alone, none):
        assert math.isnan(found.value)
        assert math.isnan(found.low)
        assert found.n == 0


def test_one_item_has_no_limits() -> None:
    found = coefficient_interval(Percent(), np.array([[3, 1]]), random())
    assert found.value == 0.5
    assert math.isnan(found.low)


def test_numbers_that_are_none_are_refused() -> None:
    with pytest.raises(DataError, match="finite"):
        IntervalAlpha(values=(1.0, math.nan))


def test_the_limits_are_those_of_items_drawn_one_by_one() -> None:
    """Drawn by kinds of rows, which is how it is done, or by rows: the same distribution."""
    rng = random(1)
    counts = rng.multinomial(3, (0.6, 0.3, 0.1), size=300)
    found = coefficient_interval(NominalAlpha(), counts, random())
    one_by_one = [
        coefficient_of(NominalAlpha(), counts[rng.integers(300, size=300)]) for _ in range(1_000)
    ]
    low, high = np.percentile(one_by_one, (2.5, 97.5))
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.02)


def test_groups_are_drawn_whole() -> None:
    """Ten equal items a group say no more than one: limits are as wide as of the groups alone."""
    counts = random(2).multinomial(2, (0.7, 0.3), size=60)
    tenfold = np.repeat(counts, 10, axis=0)
    alone = coefficient_interval(Percent(), counts, random())
    whole = coefficient_interval(Percent(), tenfold, random(), np.repeat(np.arange(60), 10))
    split = coefficient_interval(Percent(), tenfold, random())
    assert (whole.low, whole.high) == pytest.approx((alone.low, alone.high), abs=0.03)
    assert split.high - split.low < 0.5 * (whole.high - whole.low)
    assert whole.n == 600


def test_one_against_the_others_is_an_average_over_the_others() -> None:
    ratings = ratings_of(ALL)
    said = np.array([[int(one) for one in line] for line in ALL])
    found = {one.person: one for one in one_against_others(ratings, random())}
    assert list(found) == [0, 1, 2, 3, 4]
    others = np.delete(said, 2, axis=0)
    assert found[2].percent.value == pytest.approx((others == said[2]).mean())
    by_chance = sum((said[2] == value).mean() * (others == value).mean() for value in range(4))
    kappa = (found[2].percent.value - by_chance) / (1 - by_chance)
    assert found[2].kappa.value == pytest.approx(kappa)


def test_two_people_against_each_other_are_a_pair() -> None:
    ratings = ratings_of(SOME[:2])
    [pair] = every_pair(ratings, random())
    one, other = one_against_others(ratings, random())
    assert one.kappa.value == other.kappa.value == pair.kappa.value


def test_people_who_share_too_little_are_left_out() -> None:
    ratings = Ratings.of([("a", "ann", 0), ("a", "bob", 0), ("b", "cat", 1), ("b", "ann", 1)])[0]
    assert len(list(every_pair(ratings, random()))) == 2
    assert list(every_pair(ratings, random(), least=2)) == []
    assert [one.person for one in one_against_others(ratings, random(), least=2)] == [0]
    assert math.isnan(cohen_kappa(ratings, 1, 2))


def test_a_hundred_thousand_people_are_no_trouble_but_for_pairs() -> None:
    n = 100_000
    rng = random()
    ratings = Ratings(
        items=rng.integers(1_000, size=n), people=np.arange(n), labels=rng.integers(2, size=n),
        shape=(1_000, n, 2),
    )  # fmt: skip
    found = coefficient_interval(FleissKappa(), ratings.counts(), rng)
    assert found.low < 0.01
    assert found.high > -0.01
    crowded = Ratings(
        items=np.zeros(n, np.intp), people=np.arange(n), labels=ratings.labels, shape=(1, n, 2)
    )
    with pytest.raises(DataError, match="fleiss_kappa"):
        mean_cohen_kappa(crowded, rng)
