from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from auto_labeling.semi_supervised.label_spreading import spread
from auto_labeling.semi_supervised.neighbours import neighbour_graph
from benchmarks import broken_clusters, pools_full, pools_texts
from benchmarks.full_arms import ARMS, Run, arms, raced
from benchmarks.full_results import fewer, over_sets, print_table, reached, summary
from benchmarks.pools import Pool
from benchmarks.pools_pictures import gradients
from tests.support.real_data import DATA, needs

BOUGHT = np.array([10, 20, 30, 40])


def run_of(everything: float = 0.8, **scores: list[float]) -> Run:
    return Run(
        bought=BOUGHT,
        scores={label: np.array(found) for label, found in scores.items()},
        used={label: np.array([label == "full"] * 4) for label in scores},
        everything=everything,
    )


RUNS = [
    run_of(random=[0.4, 0.5, 0.6, 0.7], full=[0.5, 0.75, 0.7, 0.8]),
    run_of(random=[0.3, 0.5, 0.5, 0.5], full=[0.5, 0.65, 0.7, 0.7]),
]


@pytest.mark.parametrize(
    ("target", "labels"),
    [(0.3, 10), (0.5, 10), (0.6, 15), (0.7, 20), (0.75, 37.5), (0.9, math.inf)],
)
def test_the_first_point_that_reaches_counts(target: float, labels: float) -> None:
    assert reached(BOUGHT, np.array([0.5, 0.7, 0.6, 0.8]), target) == pytest.approx(labels)


def test_the_figures_of_curves_drawn_by_hand() -> None:
    found = summary(RUNS)
    row = found["rows"]["full"]
    assert found["target"] == pytest.approx(0.6)
    # The mean curve goes from .5 to .7 between 10 and 20 labels.
    assert row["labels"] == pytest.approx(15)
    assert row["fewer"] == pytest.approx(1 - 15 / 40)
    # The first seed's own target is .7, which lies at 18 labels; the second's is .5.
    assert row["median"] == pytest.approx((18 + 10) / 2)
    assert row["n95"] is None, "the second seed never reaches .76"
    assert row["aulc"] == pytest.approx(100 * (0.7 + (0.6 + 0.65 + 0.7) / 3) / 2)
    assert row["against_random"]["mean"] == pytest.approx(100 * (0.7 - 0.55 + 0.65 - 1.4 / 3) / 2)
    assert row["used"] == 1
    assert found["rows"]["random"]["fewer"] == 0
    json.dumps(found)


def test_an_arm_that_never_gets_there_counts_with_the_whole_budget() -> None:
    assert fewer(BOUGHT, np.full((2, 4), 0.1), np.full((2, 4), 0.5)) == 0


def test_sets_count_alike(capsys: pytest.CaptureFixture[str]) -> None:
    told = {"set": "drawn", "noise": 0.0, "seconds": 1.0, **summary(RUNS)}
    other = {"rows": {label: {"fewer": 0.0} for label in ("random", "full")}}
    total = over_sets([told, other])
    assert total["full"] == {"mean": pytest.approx(25 / 80), "least": 0}
    print_table(told)
    assert "15 labels (14)" in capsys.readouterr().out


def test_people_are_wrong_as_often_as_asked_and_always_in_the_same_way() -> None:
    y = np.arange(20_000) % 4
    said = pools_full.answers(y, 0.1, seed=3)
    assert (said != y).mean() == pytest.approx(0.1, abs=0.01)
    assert np.bincount((said - y)[said != y] % 4, minlength=4)[1:].min() > 0.3 * (said != y).sum()
    assert (said == pools_full.answers(y, 0.1, seed=3)).all()
    assert (pools_full.answers(y, 0.0, seed=3) == y).all()


def small(seed: int = 0) -> Pool:
    made = broken_clusters.pool("crossed_lines", seed)
    return Pool(
        X=made.X[:80], y=made.y[:80], test_X=made.test_X[:90], test_y=made.test_y[:90],
        model=LogisticRegression, start=np.arange(8), batch=4, budget=14,
    )  # fmt: skip


def test_every_arm_begins_and_ends_where_the_others_do() -> None:
    pool = small()
    found = raced(pool, ARMS, seed=0)
    assert found.bought.tolist() == [8, 12, 14]
    assert all(len(scores) == 3 for scores in found.scores.values())
    first = LogisticRegression().fit(pool.X[:8], pool.y[:8])
    expected = first.score(pool.test_X, pool.test_y)
    assert found.scores["random"][0] == found.scores["margin"][0] == expected
    whole = LogisticRegression().fit(pool.X, pool.y)
    assert found.everything == whole.score(pool.test_X, pool.test_y)
    assert not any(found.used[label].any() for label in ARMS if label != "full")


def test_two_arms_of_one_course_are_what_each_is_by_itself() -> None:
    pool = replace(broken_clusters.pool("parity", 0), budget=50)
    both, one = (
        raced(pool, arms(labels), 0) for labels in (["full_without", "full"], ["full_without"])
    )
    np.testing.assert_allclose(both.scores["full_without"], one.scores["full_without"])
    assert not both.used["full_without"].any()
    apart = both.scores["full"] != both.scores["full_without"]
    assert not apart[~both.used["full"]].any()


def test_a_rival_changes_nothing_and_judges_are_never_wrong() -> None:
    pool = small()
    alone, among = (
        raced(pool, arms(labels), 0, noise=0.3) for labels in (["random"], ["margin", "random"])
    )
    assert (alone.scores["random"] == among.scores["random"]).all()
    clean = raced(pool, arms(["random"]), 0)
    assert clean.everything == alone.everything
    assert (clean.scores["random"] != alone.scores["random"]).any()


def test_gradients_are_those_of_a_loop_over_pixels() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (2, 8, 12)).astype(np.uint8)
    bright = np.sqrt(pictures / 255)
    expected = np.zeros((2, 2, 3, 6))
    for at, row, column in np.ndindex(2, 8, 12):
        one = bright[at]
        down = one[row + 1, column] - one[row - 1, column] if 0 < row < 7 else 0.0
        right = one[row, column + 1] - one[row, column - 1] if 0 < column < 11 else 0.0
        turned = math.atan2(down, right) % math.pi / math.pi * 6
        cell = expected[at, row // 4, column // 4]
        low = math.floor(turned)
        cell[low % 6] += math.hypot(down, right) * (1 - (turned - low))
        cell[(low + 1) % 6] += math.hypot(down, right) * (turned - low)
    np.testing.assert_allclose(gradients(pictures), np.sqrt(expected).reshape(2, -1), atol=1e-3)


@pytest.mark.parametrize("name", broken_clusters.SETS)
def test_on_the_broken_sets_neighbours_are_worse_than_a_plain_model(name: str) -> None:
    gaps = []
    for seed in range(3):
        pool, rng = broken_clusters.pool(name, seed), np.random.default_rng(seed)
        labeled = rng.permutation(len(pool.y))[:60]
        rest = np.setdiff1d(np.arange(len(pool.y)), labeled)
        graph, k = neighbour_graph(pool.X, 7, rng=rng), int(pool.y.max()) + 1
        said = spread(graph, labeled, pool.y[labeled], k).argmax(axis=1)[rest]
        model = pool.model().fit(pool.X[labeled], pool.y[labeled])
        gaps.append(model.score(pool.X[rest], pool.y[rest]) - (said == pool.y[rest]).mean())
    assert min(gaps) > 0.05


@needs(DATA / "text")
def test_copies_of_a_message_stay_on_one_side(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def kept(texts: Any, others: Any) -> Any:
        seen.append([set(some.str.lower().str.split().str.join(" ")) for some in (texts, others)])
        return np.zeros((len(texts), 1)), np.zeros((len(others), 1))

    monkeypatch.setattr(pools_texts, "_points_of_texts", kept)
    pools_texts.sms_spam(0)
    pools_texts.trec.__wrapped__(0)
    assert [len(pool & judges) for pool, judges in seen] == [0, 0]
