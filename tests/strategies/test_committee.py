from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import entropy

from auto_labeling.errors import DataError
from auto_labeling.strategies.committee import (
    consensus_entropy,
    entropy_of_votes,
    max_disagreement,
    mutual_information,
    vote_entropy,
)

Posterior = NDArray[np.float64]
ALL = [vote_entropy, consensus_entropy, max_disagreement, mutual_information]


@st.composite
def posteriors(draw: st.DrawFn) -> Posterior:
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    n, k, m = draw(st.integers(1, 20)), draw(st.integers(2, 12)), draw(st.integers(1, 9))
    sharpness = draw(st.sampled_from([0.01, 1.0, 50.0]))
    return rng.dirichlet(np.full(k, sharpness), (n, m)).transpose(0, 2, 1)


@settings(deadline=None)
@given(posterior=posteriors())
def test_the_formulas(posterior: Posterior) -> None:
    _, k, m = posterior.shape
    votes = [np.bincount(row.argmax(axis=0), minlength=k) / m for row in posterior]
    mean = posterior.mean(axis=2)
    divergences = entropy(posterior, mean[:, :, None], axis=1)
    np.testing.assert_allclose(vote_entropy(posterior), entropy(votes, axis=1), atol=1e-12)
    np.testing.assert_allclose(consensus_entropy(posterior), entropy(mean, axis=1), atol=1e-12)
    np.testing.assert_allclose(max_disagreement(posterior), divergences.max(axis=1), atol=1e-12)
    np.testing.assert_allclose(mutual_information(posterior), divergences.mean(axis=1), atol=1e-12)


@pytest.mark.parametrize("score", [vote_entropy, max_disagreement, mutual_information])
def test_members_that_agree_score_nothing_however_unsure(
    score: Callable[[Posterior], NDArray[np.float64]],
) -> None:
    unanimous = np.repeat(np.random.default_rng(0).dirichlet(np.ones(4), 50)[:, :, None], 5, axis=2)
    np.testing.assert_allclose(score(unanimous), 0.0, atol=1e-12)


@pytest.mark.parametrize("k", [3, 255, 256, 300])
def test_of_equally_likely_classes_the_first_has_the_vote(k: int) -> None:
    member = np.zeros((1, k, 2))
    member[0, [0, k - 1], 0] = 0.5
    member[0, 0, 1] = 1.0
    assert vote_entropy(member)[0] == 0.0
    member[0, 0, 1], member[0, k - 1, 1] = 0.0, 1.0
    assert vote_entropy(member)[0] == pytest.approx(np.log(2))


@pytest.mark.parametrize("m", [2, 300])
def test_votes_may_be_of_any_type_and_number(m: int) -> None:
    votes = np.where(np.arange(m) < m // 2, "cat", "dog")[None]
    assert entropy_of_votes(votes)[0] == pytest.approx(np.log(2))


@settings(deadline=None)
@given(posterior=posteriors())
def test_votes_score_like_the_probabilities_they_come_from(posterior: Posterior) -> None:
    votes = posterior.argmax(axis=1)
    np.testing.assert_array_equal(entropy_of_votes(votes), vote_entropy(posterior))


@pytest.mark.parametrize("score", ALL)
def test_many_chunks_score_like_one(score: Callable[[Posterior], NDArray[np.float64]]) -> None:
    posterior = np.random.default_rng(0).dirichlet(np.ones(4), (5_001, 3)).transpose(0, 2, 1)
    parts = [score(posterior[:9]), score(posterior[9:3_000]), score(posterior[3_000:])]
    np.testing.assert_array_equal(score(posterior), np.concatenate(parts))


@pytest.mark.parametrize("score", ALL)
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_less_precision_is_no_error(
    score: Callable[[Posterior], NDArray[np.float64]], dtype: type
) -> None:
    posterior = np.random.default_rng(0).dirichlet(np.ones(5), (200, 3)).transpose(0, 2, 1)
    rounded = posterior.astype(dtype)
    again = score(rounded)
    assert again.dtype == np.float64
    assert np.median(np.abs(again - score(posterior))) < 0.01


@pytest.mark.parametrize(
    ("member", "said"),
    [
        ([3.0, -1.5], "posterior: .*row 2500 sums to 1.5"),
        ([2.0, -1.0], "posterior: expected nothing below 0, row 2500 has -1"),
        ([np.nan, 0.5], "posterior: .*row 2500 sums to nan"),
    ],
)
def test_a_member_without_probabilities_is_refused(member: list[float], said: str) -> None:
    posterior = np.full((3_000, 2, 4), 0.5)
    posterior[2500, :, 3] = member
    with pytest.raises(DataError, match=said):
        vote_entropy(posterior)


def test_no_members_are_refused() -> None:
    with pytest.raises(DataError, match="posterior: expected at least one member"):
        vote_entropy(np.ones((3, 2, 0)))
    with pytest.raises(DataError, match="votes: expected at least one member"):
        entropy_of_votes(np.ones((3, 0)))


@pytest.mark.parametrize("score", ALL)
def test_a_posterior_on_disk_is_scored_in_bounded_memory(
    score: Callable[[Posterior], NDArray[np.float64]], tmp_path: Path
) -> None:
    n = 100_000
    np.save(tmp_path / "posterior.npy", np.full((n, 10, 5), 0.1, dtype=np.float32))
    mapped = np.load(tmp_path / "posterior.npy", mmap_mode="r")
    tracemalloc.start()
    score(mapped)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # The scores are .8 MB; the posterior is 20 MB.
    assert peak < 4e6
