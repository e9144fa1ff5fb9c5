"""The latent space against scikit-learn's own steps, and texts that nothing can be made of."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer

from auto_labeling.errors import DataError
from auto_labeling.models import latent
from auto_labeling.models.latent import LatentSpace, latent_space, unpacked
from auto_labeling.models.latent_texts import LatentTexts

WORDS = [
    "ant",
    "bee",
    "cat",
    "dog",
    "eel",
    "fox",
    "gnu",
    "hen",
    "ibis",
    "jay",
    "kite",
    "lynx",
    "mole",
]


def texts(n: int, seed: int = 0) -> list[str]:
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, rng.integers(3, 9))) for _ in range(n)]


def space(some: list[str], components: int = 8, *, letters: bool = True) -> LatentSpace:
    return latent_space(some, components, letters=letters, rng=np.random.default_rng(0))


@pytest.mark.parametrize("letters", [False, True])
def test_it_is_tf_idf_and_a_truncated_svd(letters: bool) -> None:
    some = texts(120)
    kinds = [{"ngram_range": (1, 2)}, {"analyzer": "char_wb", "ngram_range": (3, 5)}]
    weighed = hstack(
        [
            TfidfVectorizer(sublinear_tf=True, min_df=2, **kind).fit_transform(some)
            for kind in kinds[: 2 if letters else 1]
        ]
    ).toarray()
    directions = np.linalg.svd(weighed, full_matrices=False)[2][:8]
    projected = weighed @ directions.T
    expected = projected / np.linalg.norm(projected, axis=1, keepdims=True)
    points = space(some, letters=letters).embed(some)
    # Directions have no sign, and close ones may be turned: what counts is how alike points are.
    # The exact ones are drawn near, not found, hence a few hundredths.
    np.testing.assert_allclose(points @ points.T, expected @ expected.T, atol=0.05)


def test_a_text_has_the_same_point_whatever_is_beside_it() -> None:
    found = space(texts(60))
    together = found.embed(texts(30, seed=1))
    alone = np.concatenate([found.embed([text]) for text in texts(30, seed=1)])
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_the_same_texts_and_seed_give_the_same_bytes_and_they_are_read_again() -> None:
    first, second = space(texts(60)).packed(), space(texts(60)).packed()
    assert first == second
    some = texts(9, seed=2)
    np.testing.assert_array_equal(unpacked(first).embed(some), space(texts(60)).embed(some))


def test_what_is_kept_holds_no_word() -> None:
    packed = space(texts(60)).packed()
    assert not any(word.encode() in packed for word in WORDS if len(word) > 3)


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_few_texts_have_few_directions(n: int) -> None:
    some = [f"{word} common" for word in WORDS[:n]]
    points = space(some, 128).embed([*some, "§", ""])
    assert points.shape[0] == n + 2
    assert 1 <= points.shape[1] <= max(1, n // 2)
    assert np.isfinite(points).all()
    assert not points[-2:].any()


def test_many_texts_are_learned_from_by_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latent, "_SAMPLE", 50)
    assert space(texts(300)).embed(texts(5, seed=3)).shape == (5, 8)


def test_no_more_columns_are_kept_than_fit_and_they_are_the_common_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(latent, "_MOST_COLUMNS", 4)
    some = ["ant bee"] * 9 + ["cat dog"] * 5 + ["eel fox"] * 2
    found = space(some, letters=False)
    assert len(found.terms[0].columns) == 4
    points = found.embed(["ant bee", "eel fox"])
    assert points[0].any()
    assert not points[1].any()


def test_texts_without_a_word_are_said() -> None:
    with pytest.raises(DataError, match="not one text has a letter: expected texts with words"):
        space(["", " "])


def test_letters_tell_texts_apart_that_have_no_words() -> None:
    points = space(["§ §", "§ !", "1 2", "1 3"]).embed(["§", "1"])
    assert np.abs(points).sum(axis=1).min() > 0
    assert abs(points[0] @ points[1]) < 1e-6


@pytest.mark.parametrize("content", [b"", b"no npz", space(texts(20)).packed()[:200]])
def test_damaged_bytes_are_said(content: bytes) -> None:
    with pytest.raises(DataError, match="what the embedder learned is damaged"):
        unpacked(content)


def test_the_step_of_a_pipeline_takes_texts_only() -> None:
    step = LatentTexts(components=4).fit(texts(30))
    assert step.transform(texts(3, seed=4)).shape == (3, 4)
    with pytest.raises(DataError, match="X: expected texts, row 1 is a int"):
        LatentTexts().fit(["a b", 3])  # type: ignore[list-item]
