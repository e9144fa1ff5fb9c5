"""The classes that hold no labels: a model and a pool in, items or positions out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.sampling.committee import QueryByCommittee
from auto_labeling.sampling.diversity import DiversitySampling
from auto_labeling.sampling.hybrid import HybridQueryStrategy
from auto_labeling.sampling.model_change import ExpectedModelChange
from auto_labeling.sampling.names import DIVERSITY
from auto_labeling.sampling.uncertainty import UncertaintySampling
from auto_labeling.strategies import TABLE
from tests.support.clouds import TEXTS, clouds

X, Y = clouds(30, seed=1)
POOL, TRUTH = clouds(90)
MODEL = LogisticRegression().fit(X, Y)
PROBA = np.sort(MODEL.predict_proba(POOL), axis=1)[:, ::-1]
BUILT = sorted(name for name, kind in DIVERSITY.items() if kind in TABLE)


@pytest.mark.parametrize(
    ("method", "scores"),
    [
        ("least_confident", 1 - PROBA[:, 0]),
        ("margin", PROBA[:, 1] - PROBA[:, 0]),
        ("ratio", PROBA[:, 1] / PROBA[:, 0]),
        ("entropy", -(PROBA * np.log(PROBA)).sum(axis=1)),
    ],
)
def test_uncertainty_ranks_by_the_method(method: str, scores: Any) -> None:
    picks = UncertaintySampling(method, random_state=0).query(MODEL, POOL, 20)
    np.testing.assert_array_equal(picks, np.argsort(-scores)[:20])


def test_uncertainty_draws_between_equals() -> None:
    same = np.zeros((20, 4))
    drawn = [UncertaintySampling(random_state=s).query(MODEL, same, 5).tolist() for s in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize("pool", [POOL, csr_matrix(POOL), pd.DataFrame(POOL)])
def test_uncertainty_takes_what_the_model_takes(pool: Any) -> None:
    model = LogisticRegression().fit(type(pool)(X) if pool is not POOL else X, Y)
    picks = UncertaintySampling(random_state=0).query(model, pool, 5)
    np.testing.assert_array_equal(picks, np.argsort(PROBA[:, 0])[:5])


def test_lists_give_items() -> None:
    rows = POOL.tolist()
    asked = UncertaintySampling(random_state=0).query(MODEL, rows, 5)
    assert asked == [rows[at] for at in np.argsort(PROBA[:, 0])[:5]]
    assert set(DiversitySampling(random_state=0).query(TEXTS, 4)) < set(TEXTS)


@pytest.mark.parametrize("method", BUILT)
def test_diversity_gives_what_was_asked_for(method: str) -> None:
    for size in (0, 1, 30, 90, 91):
        picks = DiversitySampling(method, random_state=0).query(POOL, size)
        assert len(set(picks.tolist())) == len(picks) == min(size, 90)
    again = DiversitySampling(method, random_state=0).query(POOL, 91)
    np.testing.assert_array_equal(picks, again)


@pytest.mark.parametrize("method", sorted({"kmeans", "coreset", "typiclust"} & set(BUILT)))
def test_diversity_reaches_far_corners(method: str) -> None:
    far = np.repeat(100.0 * np.eye(4)[:3], 30, axis=0) + 0.1 * POOL
    picks = DiversitySampling(method, random_state=0).query(far, 3)
    assert sorted(picks // 30) == [0, 1, 2]


def test_clusters_are_made_finer_than_the_batch() -> None:
    # Two clusters of 40 and one of 10: with two clusters made, the small one has no part.
    far = np.repeat([[0.0, 0.0], [50.0, 0.0], [0.0, 90.0]], [40, 40, 10], axis=0)
    far += np.random.default_rng(0).normal(size=far.shape)
    picks = DiversitySampling(n_clusters=3, random_state=0).query(far, 2)
    assert sorted(picks // 40) == [0, 1]


def test_hybrid_shortlists_and_spreads() -> None:
    picks = HybridQueryStrategy(beta=2, random_state=0).select_batch(MODEL, POOL, 10)
    shortlist = np.argsort(PROBA[:, 0] - PROBA[:, 1])[:20]
    assert set(picks.tolist()) <= set(shortlist.tolist())
    assert picks.tolist() != shortlist[:10].tolist()
    copies = np.repeat(POOL[:3], 30, axis=0)
    assert len(set(HybridQueryStrategy(random_state=0).select_batch(MODEL, copies, 12))) == 12
    assert len(HybridQueryStrategy(random_state=0).select_batch(MODEL, POOL, 100)) == 90


def test_hybrid_scores_lie_between_none_and_one() -> None:
    scores = HybridQueryStrategy().compute_uncertainty_scores(MODEL, POOL, "cpu")
    np.testing.assert_allclose(scores, 1 - (PROBA[:, 0] - PROBA[:, 1]))


def test_a_committee_of_copies_disagrees_where_classes_meet() -> None:
    committee = QueryByCommittee(base_estimator=LogisticRegression(), random_state=0).fit(X, Y)
    assert len(committee.members) == 5
    scores = committee.get_disagreement_scores(POOL)
    votes = np.stack([member.predict(POOL) for member in committee.members])
    for at, column in enumerate(votes.T):
        shares = np.unique(column, return_counts=True)[1] / 5
        assert scores[at] == pytest.approx(-(shares * np.log(shares)).sum())
    best = scores[committee.select(POOL, 9)]
    np.testing.assert_allclose(best, np.sort(scores)[::-1][:9])


@pytest.mark.parametrize("measure", ["vote_entropy", "consensus_entropy", "max_disagreement"])
def test_members_that_are_alike_agree(measure: str) -> None:
    twins = QueryByCommittee(
        [LogisticRegression(), LogisticRegression()], disagreement_measure=measure, random_state=0
    ).fit(X, Y)
    scores = twins.get_disagreement_scores(POOL)
    if measure == "consensus_entropy":
        expected = -(PROBA * np.log(PROBA)).sum(axis=1)
        np.testing.assert_allclose(scores, expected)
    else:
        np.testing.assert_allclose(scores, 0, atol=1e-12)


def test_no_member_is_without_a_class() -> None:
    rare = np.array(["ant"] * 29 + ["bee"])
    committee = QueryByCommittee(base_estimator="logistic_regression", random_state=0).fit(X, rare)
    assert all(list(member.classes_) == ["ant", "bee"] for member in committee.members)


def test_model_change_prefers_long_rows_among_the_unsure() -> None:
    longer = np.vstack([POOL, 3 * POOL])
    change = ExpectedModelChange(LogisticRegression(fit_intercept=False), random_state=0).fit(X, Y)
    proba = change.model.predict_proba(longer)
    norms = np.linalg.norm(longer, axis=1)
    residuals = np.linalg.norm(proba[:, None, :] - np.eye(3)[None], axis=2)
    expected = (proba * residuals).sum(axis=1) * norms
    np.testing.assert_array_equal(change.select(longer, 12), np.argsort(-expected)[:12])


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: UncertaintySampling("bald"), "method: expected least_confident"),
        (lambda: UncertaintySampling().query(object(), POOL, 3), "model: expected one with"),
        (lambda: UncertaintySampling().query(MODEL, POOL, -3), "n_instances: expected"),
        (lambda: DiversitySampling("magic"), "method: expected kmeans, coreset"),
        (lambda: DiversitySampling(n_clusters=0), "n_clusters: expected"),
        (lambda: HybridQueryStrategy(beta=0), "beta: expected a whole number of 1"),
        (lambda: HybridQueryStrategy().select_batch(object(), POOL), "with predict_proba"),
        (lambda: HybridQueryStrategy().select_batch(MODEL, POOL, 5, "cuda"), "device: expected"),
        (lambda: QueryByCommittee(n_estimators=1), "n_estimators: expected"),
        (lambda: QueryByCommittee([MODEL]), "models: expected two or more, got 1"),
        (lambda: QueryByCommittee([MODEL, 3]), r"models\[1\]: expected something with fit"),
        (lambda: QueryByCommittee(disagreement_measure="bald"), "disagreement_measure: expected"),
        (lambda: ExpectedModelChange(gradient_method="exact"), "gradient_method: expected empir"),
    ],
)
def test_what_cannot_be_asked_for_is_named(make: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        make()


def test_what_is_no_pool_is_named() -> None:
    with pytest.raises(DataError, match="unlabeled_pool: expected items or rows, got None"):
        DiversitySampling().query(None, 3)
    with pytest.raises(DataError, match=r"unlabeled_pool: expected rows of shape"):
        DiversitySampling().query(np.arange(9), 3)
    with pytest.raises(DataError, match="call fit first"):
        QueryByCommittee(random_state=0).get_disagreement_scores(POOL)
