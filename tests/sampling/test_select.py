from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.sampling.files import Request, choose_from_files, read_labeled, read_rows
from auto_labeling.sampling.learner import ActiveLearner
from auto_labeling.sampling.select import select_for_labeling
from tests.support.clouds import TEXTS, TONES, clouds

X, Y = clouds(30, seed=1)
POOL = clouds(60)[0]


def test_positions_alone_or_with_their_scores() -> None:
    alone = select_for_labeling(X, Y, POOL, 9, "margin")
    picks, scores = select_for_labeling(X, Y, POOL, 9, "margin", return_scores=True)
    np.testing.assert_array_equal(alone, picks)
    assert (np.diff(scores) <= 0).all()
    proba = np.sort(ActiveLearner().fit(X, Y).model.predict_proba(POOL[picks]), axis=1)
    np.testing.assert_allclose(scores, 1 - (proba[:, -1] - proba[:, -2]))


def test_what_scores_no_single_candidate_has_no_scores() -> None:
    picks, scores = select_for_labeling(X, Y, POOL, 9, "typiclust", return_scores=True)
    assert len(set(picks.tolist())) == 9
    assert np.isnan(scores).all()


def test_nothing_labeled_starts_cold() -> None:
    cold = ActiveLearner(random_state=0).select(POOL, 9)
    for nothing in ((X[:0], []), (None, None)):
        picks = select_for_labeling(*nothing, POOL, 9, "margin")
        np.testing.assert_array_equal(picks, cold)


def test_an_unknown_strategy_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"strategy: expected .*got 'best'"):
        select_for_labeling(X, Y, POOL, 9, "best")


def write_pool(folder: Path, suffix: str) -> Path:
    path = folder / f"pool{suffix}"
    frame = pd.DataFrame(POOL, columns=list("abcd")).assign(id=[f"p{at}" for at in range(60)])
    if suffix == ".csv":
        frame.to_csv(path, index=False)
    elif suffix == ".parquet":
        frame.to_parquet(path)
    elif suffix == ".npz":
        np.savez(path, X=POOL)
    else:
        np.save(path, POOL)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".npz", ".npy"])
def test_a_choice_from_files_is_the_choice_from_arrays(suffix: str, tmp_path: Path) -> None:
    labeled = tmp_path / "labeled.parquet"
    pd.DataFrame(X, columns=list("abcd")).assign(label=Y).to_parquet(labeled)
    to = tmp_path / "chosen.csv"
    request = Request(
        pool=write_pool(tmp_path, suffix), labeled=labeled, to=to, n_samples=5, strategy="margin"
    )
    assert choose_from_files(request) == 5
    chosen = pd.read_csv(to)
    expected, scores = select_for_labeling(X, Y, POOL, 5, "margin", return_scores=True)
    rows = chosen["id"].astype(str).str.removeprefix("p").astype(int) - (suffix[:3] == ".np")
    np.testing.assert_array_equal(rows, expected)
    np.testing.assert_allclose(chosen["score"], scores, rtol=1e-4)
    assert chosen["rank"].tolist() == [1, 2, 3, 4, 5]


def test_texts_in_files_are_chosen_by_their_words(tmp_path: Path) -> None:
    pd.DataFrame({"said": TEXTS, "tone": TONES}).to_csv(tmp_path / "known.csv", index=False)
    pd.DataFrame({"said": TEXTS[::-1]}).to_csv(tmp_path / "pool.csv", index=False)
    request = Request(
        pool=tmp_path / "pool.csv",
        labeled=tmp_path / "known.csv",
        to=tmp_path / "chosen.csv",
        n_samples=3,
        label="tone",
        text="said",
    )
    assert choose_from_files(request) == 3


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        ({"a": [1.0, 2.0]}, "expected labels in the column 'label', got none"),
        ({"a": [1.0, 2.0], "id": ["x", "y"], "label": ["b", None]}, "y has none .1 of 2"),
    ],
)
def test_labels_that_are_missing_are_named(
    frame: dict[str, Any], said: str, tmp_path: Path
) -> None:
    pd.DataFrame(frame).to_parquet(tmp_path / "known.parquet")
    with pytest.raises(DataError, match=said):
        read_labeled(tmp_path / "known.parquet")


def test_labels_of_another_length_are_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "all.npz", X=POOL, y=np.zeros(3))
    with pytest.raises(DataError, match=r"expected y of shape \(60,\), got \(3,\)"):
        read_rows(tmp_path / "all.npz")
