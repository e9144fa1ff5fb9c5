from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from sklearn import metrics as reference

from auto_labeling.campaign.evaluation import evaluate
from auto_labeling.campaign.intervals import (
    Groups,
    exact,
    items_needed,
    lower_bound,
    passing,
    resampled,
    spent,
)
from auto_labeling.campaign.metrics import LOSSES, OVERALL, PER_CLASS, cohen_kappa
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.records import Interval
from auto_labeling.strategies.stopping.ranges import FALLING

CLASSES = ["cat", "dog", "cow/calf"]
EVERY = [*OVERALL, *LOSSES, *(f"{kind}/{name}" for kind in PER_CLASS for name in CLASSES)]


def judged(
    truth: Sequence[int] | NDArray[Any],
    guess: Sequence[int] | NDArray[Any],
    metrics: Sequence[str] = EVERY,
    *,
    seed: int = 0,
    **more: Any,
) -> dict[str, Interval]:
    """Evaluate sure predictions of the three classes."""
    proba = np.eye(3)[np.asarray(guess, dtype=int)]
    return evaluate(truth, proba, CLASSES, metrics, rng=np.random.default_rng(seed), **more)


pairs = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=60)


@given(pairs)
def test_values_agree_with_scikit_learn(seen: list[tuple[int, int]]) -> None:
    truth, guess = (list(side) for side in zip(*seen, strict=True))
    found = judged(truth, guess)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns of what is undefined; we say nan
        assert found["accuracy"].value == pytest.approx(reference.accuracy_score(truth, guess))
        assert found["balanced_accuracy"].value == pytest.approx(
            reference.balanced_accuracy_score(truth, guess)
        )
        assert found["f1_macro"].value == pytest.approx(
            reference.f1_score(truth, guess, average="macro")
        )
        for kind, score in (
            ("f1", reference.f1_score),
            ("precision", reference.precision_score),
            ("recall", reference.recall_score),
        ):
            expected = score(truth, guess, average=None, labels=[0, 1, 2], zero_division=np.nan)
            values = [found[f"{kind}/{name}"].value for name in CLASSES]
            np.testing.assert_allclose(values, expected)


@given(st.integers(0, 10_000), st.integers(1, 40))
def test_values_of_label_sets_agree_with_scikit_learn(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    truth = (rng.random((n, 3)) < 0.4).astype(int)
    proba = rng.random((n, 3)).clip(0.01, 0.99)
    guess = (proba > 0.5).astype(int)
    found = evaluate(truth, proba, CLASSES, EVERY, rng=np.random.default_rng(0), draws=10)
    one = {"zero_division": np.nan}
    expected = {
        "accuracy": reference.accuracy_score(truth, guess),
        "f1_macro": reference.f1_score(truth, guess, average="macro", **one),
        "f1_micro": reference.f1_score(truth, guess, average="micro", **one),
        "log_loss": np.mean(
            [reference.log_loss(t, p, labels=[0, 1]) for t, p in zip(truth.T, proba.T, strict=True)]
        ),
        "brier": np.mean((truth - proba) ** 2),
    }
    for at, name in enumerate(CLASSES):
        for kind in PER_CLASS:
            score = getattr(reference, f"{kind}_score")
            expected[f"{kind}/{name}"] = score(truth[:, at], guess[:, at], **one)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        recalls = [expected[f"recall/{name}"] for name in CLASSES]
        expected["balanced_accuracy"] = np.nanmean(recalls)
    assert expected.keys() == found.keys()
    for name, value in expected.items():
        assert found[name].value == pytest.approx(value, nan_ok=True), name


def test_limits_of_label_sets_hold() -> None:
    """Of 300 samples of a known truth, 95 % limits hold the figure about 95 % of the times."""
    held = {"accuracy": 0, "f1_micro": 0, "recall/cat": 0}
    rng = np.random.default_rng(3)
    big = (rng.random((200_000, 3)) < 0.4).astype(int)
    right = rng.random(big.shape) < np.array([0.9, 0.8, 0.7])
    proba = np.where(right, big, 1 - big) * 0.8 + 0.1
    true = {
        "accuracy": right.all(axis=1).mean(),
        "f1_micro": reference.f1_score(big, proba > 0.5, average="micro"),
        "recall/cat": right[big[:, 0] == 1, 0].mean(),
    }
    for draw in range(300):
        rows = rng.choice(len(big), 150, replace=False)
        found = evaluate(
            big[rows], proba[rows], CLASSES, list(held), rng=np.random.default_rng(draw), draws=200
        )
        for name, interval in found.items():
            held[name] += interval.low <= true[name] <= interval.high
    assert all(275 <= count <= 300 for count in held.values()), held


def test_an_item_seen_twice_is_one_group_of_label_sets() -> None:
    rng = np.random.default_rng(4)
    truth = (rng.random((150, 3)) < 0.4).astype(int)
    proba = np.where(rng.random(truth.shape) < 0.8, truth, 1 - truth) * 0.8 + 0.1
    twice = np.repeat(np.arange(150), 2)

    def width(rows: NDArray[Any], **more: Any) -> float:
        told = (truth[rows], proba[rows], CLASSES, ["f1_micro"])
        found = evaluate(*told, rng=np.random.default_rng(0), **more)["f1_micro"]
        return found.high - found.low

    assert width(twice, groups=twice.astype(str)) == pytest.approx(width(np.arange(150)), rel=0.1)
    assert width(twice) < 0.8 * width(np.arange(150))


def test_losses_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    truth, proba = rng.integers(0, 3, 80), rng.dirichlet(np.ones(3), 80)
    found = evaluate(truth, proba, CLASSES, ["log_loss", "brier"], rng=rng)
    assert found["log_loss"].value == pytest.approx(reference.log_loss(truth, proba))
    squares = ((np.eye(3)[truth] - proba) ** 2).sum(axis=1)
    assert found["brier"].value == pytest.approx(squares.mean())
    spread = stats.norm.ppf(0.975) * squares.std() / math.sqrt(80)
    assert found["brier"].low == pytest.approx(squares.mean() - spread, rel=0.1)
    assert found["brier"].high == pytest.approx(squares.mean() + spread, rel=0.1)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
def test_kappa_agrees_with_scikit_learn(seen: list[tuple[int, int]]) -> None:
    first, second = (np.array(side) for side in zip(*seen, strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = reference.cohen_kappa_score(first, second)
    assert cohen_kappa(first, second) == pytest.approx(expected, nan_ok=True)


def test_kappa_of_nothing_is_unknown_and_of_two_lengths_an_error() -> None:
    assert math.isnan(cohen_kappa(np.array([]), np.array([])))
    with pytest.raises(ConfigurationError, match="one length"):
        cohen_kappa(np.array([1, 2]), np.array([1]))


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_shares_have_the_limits_of_scipys_exact_test(seen: tuple[int, int]) -> None:
    hits, n = seen
    both = stats.binomtest(hits, n).proportion_ci(0.95, method="exact")
    assert exact(hits, n, 0.05) == pytest.approx((both.low, both.high))
    one = stats.binomtest(hits, n, alternative="greater").proportion_ci(0.9975, method="exact")
    assert lower_bound(hits, n, 0.0025) == pytest.approx(one.low)


@given(pairs)
def test_shares_of_a_class_rest_on_its_own_items(seen: list[tuple[int, int]]) -> None:
    truth, guess = (np.array(side) for side in zip(*seen, strict=True))
    hits = int(((truth == 0) & (guess == 0)).sum())
    found = judged(truth, guess)
    for name, size in (
        ("recall/cat", int((truth == 0).sum())),
        ("precision/cat", int((guess == 0).sum())),
        ("f1/cat", int(((truth == 0) | (guess == 0)).sum())),
    ):
        assert found[name].n == size
        if size:
            low, high = exact(hits, size)
            if name == "f1/cat":  # limits of the Jaccard index, carried over
                low, high = 2 * low / (1 + low), 2 * high / (1 + high)
            assert (found[name].low, found[name].high) == pytest.approx((low, high))


def test_what_is_undefined_is_nan_and_the_rest_is_not() -> None:
    found = judged([0, 0, 1], [0, 1, 1])
    for name in ("recall/cow/calf", "precision/cow/calf", "f1/cow/calf"):
        assert all(math.isnan(x) for x in (found[name].value, found[name].low, found[name].high))
    assert found["f1_macro"].value == pytest.approx(2 / 3)


def test_nothing_judged_is_nothing_known() -> None:
    found = evaluate([], np.zeros((0, 3)), CLASSES, EVERY, rng=np.random.default_rng(0))
    assert all(math.isnan(one.value) and one.n == 0 for one in found.values())


@settings(max_examples=30, deadline=None)
@given(pairs, st.booleans())
def test_limits_enclose_the_value_and_widen_with_confidence(
    seen: list[tuple[int, int]], grouped: bool
) -> None:
    truth, guess = (list(side) for side in zip(*seen, strict=True))
    groups = [at // 3 for at in range(len(truth))] if grouped else None
    wide, narrow = (
        judged(truth, guess, groups=groups, alpha=alpha, draws=200) for alpha in (0.01, 0.2)
    )
    for name in EVERY:
        one, other = narrow[name], wide[name]
        if math.isnan(one.low):
            continue
        assert other.low <= one.low <= one.high <= other.high
        if name not in LOSSES:
            assert 0 <= one.low <= one.value + 1e-12
            assert one.value - 1e-12 <= one.high <= 1


def test_the_same_generator_gives_the_same_limits_whatever_else_is_asked_for() -> None:
    rng = np.random.default_rng(0)
    truth, guess = rng.integers(0, 3, 90), rng.integers(0, 3, 90)
    groups = rng.integers(0, 9, 90)
    every = judged(truth, guess, seed=4, groups=groups)
    assert every == judged(truth, guess, seed=4, groups=groups)
    assert list(every) == EVERY
    for name in EVERY:
        assert judged(truth, guess, [name], seed=4, groups=groups)[name] == every[name]
    other = judged(truth, guess, seed=5, groups=groups)
    assert other["log_loss"].low != every["log_loss"].low


def test_copies_in_a_group_teach_nothing() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 60)
    guess = np.where(rng.random(60) < 0.8, truth, (truth + 1) % 3)
    once = judged(truth, guess)
    copied = judged(np.repeat(truth, 9), np.repeat(guess, 9), groups=np.repeat(np.arange(60), 9))
    blind = judged(np.repeat(truth, 9), np.repeat(guess, 9))
    for name in OVERALL:
        width = once[name].high - once[name].low
        assert copied[name].high - copied[name].low == pytest.approx(width, rel=0.15)
        assert blind[name].high - blind[name].low < 0.5 * width


def test_items_without_a_group_are_groups_of_their_own() -> None:
    truth, guess = [0, 1, 2, 0, 1, 2], [0, 1, 2, 0, 1, 0]
    unnamed = judged(truth, guess, groups=["a", "a", None, None, "b", "b"])
    named = judged(truth, guess, groups=["a", "a", "x", "y", "b", "b"])
    assert unnamed == named


def test_one_group_is_worth_one_item() -> None:
    found = judged([0, 1, 2], [0, 1, 2], groups=["a", "a", "a"])
    one_item = exact(1, 1)
    assert (found["accuracy"].low, found["accuracy"].high) == pytest.approx(one_item)
    assert math.isnan(found["log_loss"].low)


def _missed(gen: Any, true_value: float, metric: str, alpha: float) -> tuple[float, float]:
    """Return how often the lower limit, and the percentile, lie above the true value."""
    rng = np.random.default_rng(7)
    ours = theirs = 0
    for repeat in range(300):
        truth, guess, groups = gen(rng)
        found = judged(truth, guess, [metric], groups=groups, alpha=2 * alpha, seed=repeat)
        ours += found[metric].low > true_value
        theirs += _percentile(truth, guess, groups, metric, alpha, rng) > true_value
    return ours / 300, theirs / 300


def _percentile(
    truth: NDArray[Any], guess: NDArray[Any], groups: Any, metric: str, alpha: float, rng: Any
) -> float:
    codes = np.arange(len(truth)) if groups is None else np.asarray(groups)
    units = codes.max() + 1
    table = np.zeros((units, 3, 3))
    np.add.at(table, (codes, truth, guess), 1)
    drawn = np.tensordot(rng.multinomial(units, np.full(units, 1 / units), 500), table, 1)
    hits, truths = np.einsum("dii->di", drawn), drawn.sum(2)
    if metric == "accuracy":
        return float(np.quantile(hits.sum(1) / truths.sum(1), alpha))
    return float(np.nanquantile((hits / truths).mean(1), alpha))


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy"])
def test_the_lower_limit_keeps_its_word_where_percentiles_break_it(metric: str) -> None:
    def items(rng: np.random.Generator) -> tuple[Any, Any, None]:
        truth = np.repeat([0, 1, 2], 25)  # a small control slice of a good model
        return truth, np.where(rng.random(75) < 0.96, truth, (truth + 1) % 3), None

    def groups(rng: np.random.Generator) -> tuple[Any, Any, Any]:
        codes = np.repeat(np.arange(30), 10)  # patients, who differ in how hard they are
        truth = rng.integers(0, 3, 300)
        right = rng.random(300) < rng.beta(0.95 * 4, 0.05 * 4, 30)[codes]
        return truth, np.where(right, truth, (truth + 1) % 3), codes

    alpha = spent(0.05, 10)
    for gen, value in ((items, 0.96), (groups, 0.95)):
        ours, percentile = _missed(gen, value, metric, alpha)
        assert ours <= 3 * alpha
        assert percentile > 4 * alpha


def test_a_variance_that_happens_to_be_small_makes_no_items() -> None:
    assert resampled(0.9, 1e-9, n=50, groups=None, alpha=0.05) == exact(45, 50)
    many = Groups(size=5, telling=40)
    assert resampled(0.9, 1e-9, n=50, groups=many, alpha=0.05)[0] < exact(45, 50)[0]


def test_alpha_is_spent_over_the_rounds() -> None:
    assert spent(0.05, 1) == 0.05
    assert spent(0.05, 25) == pytest.approx(0.002)
    for alpha, rounds in ((0.0, 3), (0.5, 3), (0.05, 0)):
        with pytest.raises(ConfigurationError):
            spent(alpha, rounds)


@settings(max_examples=40)
@given(st.floats(0.5, 0.97), st.sampled_from([0.05, 0.0025]), st.sampled_from([1.0, 0.99]))
def test_the_items_needed_are_enough_and_one_less_is_not(
    target: float, alpha: float, share: float
) -> None:
    n = int(items_needed(share, target, alpha))
    assert lower_bound(share * n, n, alpha) >= target
    assert lower_bound(share * (n - 1), n - 1, alpha) < target or n == 1


def test_no_number_of_items_shows_what_is_not_there() -> None:
    assert items_needed(0.9, 0.9, 0.05) == math.inf


@given(st.integers(1, 200), st.floats(0.5, 0.99))
def test_the_passing_share_is_the_least_that_passes(n: int, target: float) -> None:
    passed = [hits / n for hits in range(n + 1) if lower_bound(hits, n, 0.01) >= target]
    assert passing(target, n, 0.01) == pytest.approx(min(passed, default=math.nan), nan_ok=True)


def test_losses_are_those_that_no_stopping_rule_waits_for() -> None:
    assert frozenset(LOSSES) == FALLING


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ("acuracy", "did you mean 'accuracy'"),
        ("recal/cat", "did you mean 'recall/cat'"),
        ("recall/caat", "'caat' is not among the classes; did you mean 'cat'"),
        ("recall", "expected one of accuracy"),
        ("map50", r"metric 'map50': expected one of"),
    ],
)
def test_a_metric_that_nobody_knows_is_named(metric: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        judged([0], [0], [metric])


@pytest.mark.parametrize(
    ("truth", "proba", "more", "said"),
    [
        ([0, 3], np.eye(3)[[0, 1]], {}, r"truth in 0\.\.2, got 0\.\.3"),
        ([-1, 1], np.eye(3)[[0, 1]], {}, r"truth in 0\.\.2, got -1"),
        ([0.0, 1.0], np.eye(3)[[0, 1]], {}, "got float64"),
        ([0, 1], np.eye(4)[[0, 1]], {}, r"proba \(2, 3\), got \(2, 4\)"),
        ([0, 1], np.full((2, 3), np.nan), {}, "finite"),
        ([0, 1], np.ones((2, 3)), {}, "sum to one"),
        ([0, 1], np.eye(3)[[0, 1]], {"groups": ["a"]}, "expected 2 groups"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(truth: Any, proba: Any, more: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        evaluate(truth, proba, CLASSES, EVERY, rng=np.random.default_rng(0), **more)


def test_an_alpha_that_is_no_error_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="alpha"):
        judged([0], [0], alpha=1.0)
