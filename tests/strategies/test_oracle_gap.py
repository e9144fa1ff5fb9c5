"""The oracle finds the best order of labels, and shares of a gap are what they say."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, permutations

import numpy as np
import pytest

from benchmarks import pools
from benchmarks.beam_search import Judge, accuracies, oracle, without_test
from benchmarks.oracle_gap import PUBLISHED, closed, interval, means, print_table, summary
from benchmarks.pools import Machine, Pool

EVERY_SET = 10_000  # more beams than there are sets of labels: the search leaves nothing out


def small_pool(seed: int, n: int = 10, start: int = 4) -> Pool:
    """Return two clouds that overlap, the first labels from both."""
    rng = np.random.default_rng(seed)
    y = np.arange(n + 40) % 2
    X = rng.normal(size=(n + 40, 2)) + y[:, None]
    return Pool(
        X=X[:n],
        y=y[:n],
        test_X=X[n:],
        test_y=y[n:],
        model=Machine,
        start=np.arange(start),
        batch=1,
        budget=n,
    )


def accuracy_of_machine(pool: Pool, rows: list[int]) -> float:
    machine = pool.model().fit(pool.X[rows], pool.y[rows])
    return float((machine.predict_proba(pool.test_X).argmax(axis=1) == pool.test_y).mean())


@pytest.mark.parametrize("seed", range(5))
def test_the_judge_is_the_machine_of_the_protocol(seed: int) -> None:
    pool = small_pool(seed, n=40)
    rows = np.sort(np.random.default_rng(seed).permutation(40)[:25])
    assert Judge(pool).accuracy(rows) == accuracy_of_machine(pool, rows.tolist())


@pytest.mark.parametrize("seed", range(5))
def test_labels_said_to_change_nothing_change_nothing(seed: int) -> None:
    pool = small_pool(seed, n=60)
    judge, rows = Judge(pool), np.arange(30)
    idle = np.flatnonzero(~judge.would_change(rows)[30:]) + 30
    before = pool.model().fit(pool.X[rows], pool.y[rows]).predict_proba(pool.test_X)
    assert len(idle)
    for row in idle:
        more = np.append(rows, row)
        after = pool.model().fit(pool.X[more], pool.y[more]).predict_proba(pool.test_X)
        np.testing.assert_allclose(after, before, atol=2e-3)  # the tolerance of the solver


@pytest.mark.parametrize("seed", range(3))
def test_beams_for_every_set_find_the_best_of_all_orders(seed: int) -> None:
    pool = small_pool(seed, n=9)
    known = {
        frozenset(bought): accuracy_of_machine(pool, [0, 1, 2, 3, *bought])
        for m in range(6)
        for bought in combinations(range(4, 9), m)
    }
    best = max(
        sum(known[frozenset(order[:m])] for m in range(6)) for order in permutations(range(4, 9))
    )
    found = oracle(pool, np.random.default_rng(0), width=EVERY_SET)
    assert sorted(found) == [4, 5, 6, 7, 8]
    assert accuracies(pool, found).sum() == pytest.approx(best)


def test_one_beam_with_one_candidate_is_a_random_order() -> None:
    pool = small_pool(0)
    orders = [oracle(pool, np.random.default_rng(seed), 1, 1) for seed in range(12)]
    assert len({tuple(order) for order in orders}) > 6
    assert all(sorted(order) == [4, 5, 6, 7, 8, 9] for order in orders)


def test_a_beam_takes_the_best_label_first() -> None:
    pool = small_pool(1)
    firsts = [accuracy_of_machine(pool, [0, 1, 2, 3, row]) for row in range(4, 10)]
    assert firsts[oracle(pool, np.random.default_rng(0), width=1)[0] - 4] == max(firsts)


def test_an_oracle_without_the_test_set_does_not_depend_on_it() -> None:
    pool = small_pool(2)
    other = replace(pool, test_X=-pool.test_X, test_y=1 - pool.test_y)
    orders = [oracle(without_test(one), np.random.default_rng(0)) for one in (pool, other)]
    assert orders[0] == orders[1]
    seen = oracle(pool, np.random.default_rng(0))
    assert accuracies(pool, orders[0]).sum() < accuracies(pool, seen).sum()


def searched(**areas: list[float]) -> dict[str, np.ndarray]:
    return {label: np.array(values) for label, values in areas.items()}


def test_the_share_of_all_sets_adds_up_what_is_gained() -> None:
    sets = {
        "one": searched(random=[80, 82], margin=[82, 84], auto=[83, 85], oracle=[90, 92]),
        "two": searched(random=[50, 50], margin=[51, 51], auto=[50, 50], oracle=[52, 52]),
    }
    assert closed({"one": sets["one"]}, "margin") == pytest.approx(0.2)
    assert closed(sets, "margin") == pytest.approx(3 / 12)
    assert closed(sets, "auto") == pytest.approx(3 / 12)
    low, high = interval(sets, "margin", draws=50)
    assert low == pytest.approx(0.25)  # every seed gains the same, so nothing varies
    assert high == pytest.approx(0.25)


def test_the_interval_covers_what_seeds_vary() -> None:
    sets = {"one": searched(random=[0] * 4, margin=[1, 2, 3, 4], oracle=[10] * 4)}
    low, high = interval(sets, "margin")
    assert 0.1 <= low < 0.25 < high <= 0.4


def test_without_a_search_gains_over_margin_are_added_to_the_published_margin() -> None:
    uniform, margin, best = PUBLISHED["heart"]
    found = means("heart", searched(margin=[70, 80], auto=[71, 81]))
    expected = {"random": uniform, "margin": margin, "auto": margin + 1, "oracle": best}
    assert found == pytest.approx(expected)


def test_every_tabular_set_has_its_published_areas() -> None:
    assert tuple(sorted(PUBLISHED)) == pools.TABULAR
    assert all(uniform < best and margin < best for uniform, margin, best in PUBLISHED.values())


def test_what_is_published_has_no_interval(capsys: pytest.CaptureFixture[str]) -> None:
    found = summary({"heart": searched(margin=[70, 80], auto=[71, 83])})
    assert found["shares"]["margin"]["interval"] is None
    low, high = found["shares"]["auto"]["interval"]
    assert low < found["shares"]["auto"]["closed"] < high
    print_table(found)
    heart, together, even = capsys.readouterr().out.splitlines()
    assert heart.startswith("heart (2 seeds): margin 81.57  auto 83.57  random 80.51  oracle 89.30")
    assert "margin closes 12.1%, auto closes 34.8% [" in together
    assert even == "mean over sets: margin 12.1%, auto 34.8%"
