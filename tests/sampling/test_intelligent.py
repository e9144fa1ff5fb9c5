from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.sampling.intelligent import IntelligentSampler
from auto_labeling.sampling.metrics import blind_savings, relative_diversity
from tests.support.clouds import clouds

X, Y = clouds(30, seed=1)
POOL, TRUTH = clouds(90)


def sampler(strategy: str = "hybrid", **more: Any) -> IntelligentSampler:
    return IntelligentSampler(strategy, random_state=0, **more).fit(X, Y)


@pytest.mark.parametrize(
    "strategy",
    ["uncertainty", "committee", "diversity", "hybrid", "expected_model_change", "random"],
)
@pytest.mark.parametrize("mode", ["diverse", "sequential", "clustered"])
def test_every_strategy_in_every_mode(strategy: str, mode: Any) -> None:
    picks = sampler(strategy).select(POOL, 12, batch_mode=mode)
    assert len(set(picks.tolist())) == 12


def ranked_by(method: str) -> list[int]:
    proba = np.sort(sampler().model.predict_proba(POOL), axis=1)[:, ::-1]
    scores = {
        "least_confident": 1 - proba[:, 0],
        "margin": proba[:, 1] - proba[:, 0],
        "ratio": proba[:, 1] / proba[:, 0],
        "entropy": -(proba * np.log(proba)).sum(axis=1),
    }
    return np.argsort(-scores[method]).tolist()


@pytest.mark.parametrize("method", ["entropy", "margin", "least_confident", "ratio"])
def test_uncertainty_is_that_of_the_method(method: str) -> None:
    made = sampler("uncertainty", uncertainty_method=method)
    picks = made.select(POOL, 12, batch_diversity_threshold=0.0)
    assert picks.tolist() == ranked_by(method)[:12]


@pytest.mark.parametrize("method", ["kmeans", "coreset", "determinantal"])
def test_every_way_to_be_diverse(method: str) -> None:
    for strategy in ("hybrid", "diversity"):
        made = sampler(strategy, diversity_method=method)
        assert len(set(made.select(POOL, 12).tolist())) == 12
    made = sampler(diversity_method=method, uncertainty_weight=0.5, diversity_weight=0.5)
    picks = made.select(POOL, 12, batch_mode="sequential")
    assert len(set(picks.tolist())) == 12


def test_diversity_weighs_against_uncertainty() -> None:
    most_uncertain = ranked_by("entropy")
    ranks = []
    for weight in (0.2, 0.5, 0.8):
        made = sampler(uncertainty_weight=1 - weight, diversity_weight=weight)
        picks = made.select(POOL, 12, batch_diversity_threshold=0.0)
        reach = math.ceil(round(12 / (1 - weight), 6))
        assert set(picks.tolist()) <= set(most_uncertain[: 10 * reach])
        ranks.append(np.mean([most_uncertain.index(at) for at in picks]))
    assert ranks[0] <= ranks[-1]


def test_exploration_alone_is_chance() -> None:
    made = IntelligentSampler(
        uncertainty_weight=0, diversity_weight=0, exploration_weight=1, random_state=0
    )
    drawn = made.fit(X, Y).select(POOL, 12)
    assert drawn.tolist() != ranked_by("entropy")[:12]


def test_a_diverse_batch_has_no_two_alike() -> None:
    doubled = np.repeat(POOL[:45], 2, axis=0)
    picks = sampler("uncertainty").select(doubled, 12, batch_mode="diverse")
    assert len({at // 2 for at in picks.tolist()}) == 12
    plain = sampler("uncertainty").select(doubled, 12, batch_diversity_threshold=0.0)
    assert len({at // 2 for at in plain.tolist()}) < 12


def test_a_clustered_batch_reaches_every_cluster() -> None:
    far = np.repeat(100.0 * np.eye(4)[:3], 30, axis=0) + POOL
    made = IntelligentSampler("uncertainty", random_state=0).fit(far[::9], TRUTH[::9])
    picks = made.select(far, 9, batch_mode="clustered", n_clusters=3)
    assert np.bincount(picks // 30).tolist() == [3, 3, 3]


def test_efficiency_is_how_often_the_model_was_wrong() -> None:
    made = sampler("uncertainty")
    assert math.isnan(made.get_metrics().efficiency)
    picks = made.select(POOL, 20)
    wrong = made.model.predict(POOL[picks]) != TRUTH[picks]
    made.update(POOL[picks], TRUTH[picks])
    assert made.get_metrics().efficiency == pytest.approx(wrong.mean())
    assert math.isnan(sampler().get_metrics().efficiency)
    known = made.model.predict(X)
    made.update(X, known)
    assert made.get_metrics().efficiency == pytest.approx(wrong.sum() / 50)


def test_diversity_is_that_of_the_last_batch_against_chance() -> None:
    made = sampler("random")
    assert math.isnan(made.get_metrics().diversity)
    made.select(POOL, 1)
    assert math.isnan(made.get_metrics().diversity), "one pick is like nothing"
    points = np.array([[at, other] for at in range(20) for other in range(20)], dtype=float)
    corners, huddled = np.array([0, 19, 380, 399]), np.array([0, 1, 20, 21])
    by_chance = [
        relative_diversity(points, np.random.default_rng(seed).choice(400, 4, replace=False), 9)
        for seed in range(200)
    ]
    assert relative_diversity(points, corners, 0) > 1.5
    assert relative_diversity(points, huddled, 0) < 0.5
    assert np.mean(by_chance) == pytest.approx(1.0, abs=0.2)
    assert math.isnan(relative_diversity(np.ones((9, 2)), np.array([0, 1]), 0))


def test_savings_are_unknown_until_somebody_judges() -> None:
    made = IntelligentSampler("uncertainty", random_state=0).fit(X[:6], np.roll(Y[:6], 1))
    assert math.isnan(made.get_metrics().label_savings)
    judges = clouds(300, seed=5)
    accuracy = made.judge(*judges)
    assert accuracy == pytest.approx((made.model.predict(judges[0]) == judges[1]).mean())
    assert made.get_metrics().label_savings == 1 - 6 / 2, "two blind labels are as good"
    made.update(POOL[:3], TRUTH[:3])
    assert math.isnan(made.get_metrics().label_savings), "it is another model now"


def test_savings_count_labels_against_blind_choice() -> None:
    judges = clouds(400, seed=5)
    cheap, dear = (blind_savings(None, labels, 0.9, *judges, seed=0) for labels in (5, 500))
    assert cheap > 0 > dear
    assert (1 - cheap) / (1 - dear) == pytest.approx(5 / 500)
    assert math.isnan(blind_savings(None, 50, 1.01, *judges, seed=0)), (
        "blind choice never gets there"
    )


def test_a_judge_needs_a_model_and_labels() -> None:
    with pytest.raises(ConfigurationError, match="call fit"):
        IntelligentSampler(random_state=0).judge(X, Y)
    with pytest.raises(DataError, match="y_test: expected at least one"):
        sampler().judge(X[:0], Y[:0])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"strategy": "margin"}, "strategy: expected uncertainty, committee.*got 'margin'"),
        ({"uncertainty_method": "bald"}, "uncertainty_method: expected least_confident"),
        ({"diversity_method": "herding"}, "diversity_method: expected kmeans, coreset or det"),
        ({"diversity_weight": -0.1}, "diversity_weight: expected a weight of 0 or more, got -0.1"),
        ({"exploration_weight": math.nan}, "exploration_weight: expected a weight"),
        ({"uncertainty_weight": 0, "diversity_weight": 0}, "expected one weight above 0"),
    ],
)
def test_what_cannot_be_made_is_named(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        IntelligentSampler(**given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"batch_mode": "greedy"}, "batch_mode: expected diverse, sequential or clustered"),
        ({"n_clusters": 0}, "n_clusters: expected a whole number of 1"),
        ({"batch_diversity_threshold": -1}, "batch_diversity_threshold: expected"),
    ],
)
def test_what_cannot_be_selected_by_is_named(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        sampler().select(POOL, 5, **given)
