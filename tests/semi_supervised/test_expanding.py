"""People's rows and a model's, as one set to fit on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.pipeline import make_pipeline

from auto_labeling import PseudoLabeler, expand_with_pseudo_labels
from auto_labeling.errors import ConfigurationError, DataError

LABELED = np.array([[0.0], [1.0], [8.0], [9.0]])
NAMES = ["no", "no", "yes", "yes"]
MODEL = GaussianNB().fit(LABELED, NAMES)


@given(
    pool=st.lists(st.floats(-2, 11), max_size=30),
    ratio=st.sampled_from([0.0, 0.25, 0.5, 2.0, 100.0]),
)
def test_people_first_and_behind_them_no_more_than_the_ratio_allows(
    pool: list[float], ratio: float
) -> None:
    unlabeled = np.array(pool).reshape(-1, 1)
    rows, labels, weights = expand_with_pseudo_labels(
        LABELED, NAMES, unlabeled, MODEL, PseudoLabeler(), max_pseudo_ratio=ratio
    )
    chances = MODEL.predict_proba(unlabeled).max(axis=1) if pool else np.empty(0)
    sure = np.flatnonzero(chances >= 0.9)
    surest = sorted(sure, key=lambda row: (-chances[row], row))[: int(ratio * 4)]
    assert rows.tolist() == [*LABELED.tolist(), *unlabeled[sorted(surest)].tolist()]
    assert labels[:4].tolist() == NAMES
    assert labels[4:].tolist() == (MODEL.predict(rows[4:]).tolist() if len(surest) else [])
    assert weights.tolist() == [1.0] * 4 + [0.5] * len(surest)


@pytest.mark.parametrize("form", [csr_matrix, pd.DataFrame])
def test_rows_keep_their_form(form: Any) -> None:
    rows, labels, _ = PseudoLabeler().expand_with_pseudo_labels(
        form(LABELED), NAMES, form([[0.5], [8.5]]), _Loose(), max_pseudo_ratio=1
    )
    assert isinstance(rows, form)
    assert (rows.shape, len(labels)) == ((6, 1), 6)


class _Loose:
    """A model that takes any form."""

    classes_ = np.array(["no", "yes"])

    def predict_proba(self, X: Any) -> Any:
        dense = X.toarray() if hasattr(X, "toarray") else np.asarray(X)
        return GaussianNB().fit(LABELED, NAMES).predict_proba(dense)


def test_texts_stay_texts() -> None:
    texts = ["good film", "nice good film", "bad plot", "awful bad plot"] * 3
    names = ["yes", "yes", "no", "no"] * 3
    model = make_pipeline(CountVectorizer(), MultinomialNB()).fit(texts, names)
    rows, labels, weights = expand_with_pseudo_labels(
        texts, names, ["good nice film", "plot film", "bad awful plot"], model, PseudoLabeler()
    )
    assert rows[12:] == ["good nice film", "bad awful plot"]
    assert (labels[12:].tolist(), weights[12:].tolist()) == (["yes", "no"], [0.5, 0.5])


@pytest.mark.parametrize("names", [["no", "perhaps"], [3, 8], [False, True]])
def test_what_nobody_has_said_is_refused(names: list[Any]) -> None:
    """A module says positions, and a model may know a class that people have not met."""
    model = GaussianNB().fit(LABELED, [0, 0, 2, 2])
    with pytest.raises(DataError, match="expected every label that the model says, it says 2, got"):
        expand_with_pseudo_labels(LABELED[1:3], names, [[9.0]], model, PseudoLabeler())


def test_what_does_not_fit_together_is_refused() -> None:
    def expanded(**given: Any) -> Any:
        usual = {"X_labeled": LABELED, "y_labeled": NAMES, "X_unlabeled": [[9.0]], "model": MODEL}
        return expand_with_pseudo_labels(**{**usual, **given}, labeler=PseudoLabeler())

    with pytest.raises(DataError, match="y: expected one label for each of 4 rows"):
        expanded(y_labeled=["no"])
    with pytest.raises(DataError, match="y_labeled: expected every label that the model says"):
        expanded(y_labeled=[0, 0, 1, 1])
    with pytest.raises(DataError, match="X_unlabeled: expected finite numbers, row 0 is not"):
        expanded(X_unlabeled=[[np.nan]])
    with pytest.raises(DataError, match="GaussianNB expected other rows"):
        expanded(X_unlabeled=[[1.0, 2.0]])
    with pytest.raises(ConfigurationError, match="weight: expected a number above 0 and below 1"):
        expanded(weight=1.0)
    with pytest.raises(ConfigurationError, match="max_ratio: expected a number of 0 or more"):
        expanded(max_pseudo_ratio=-1)


def test_frames_of_other_columns_are_refused() -> None:
    frames = [pd.DataFrame({name: [0.5]}) for name in ("a", "b")]
    with pytest.raises(DataError, match=r"X: expected the columns \['a'\], got \['b'\]"):
        expand_with_pseudo_labels(
            frames[0], ["no"], frames[1], _Loose(), PseudoLabeler(), max_pseudo_ratio=1
        )
