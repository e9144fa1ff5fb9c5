"""Texts as points that need no download, and texts that are made up."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

from benchmarks.data import DATA

_COMPONENTS = 100
_WORDS = 8_000
_TOPICS = 60
_OF_TOPIC = 400
_OPINIONS = 200
_AGREED = 0.65
"""How often a word of opinion is one of its text's own."""


@cache
def trec(_seed: int = 0) -> Any:
    """Return the questions as published: 5,452 in training, 500 that judge.

    Ten of the training questions stand in the test set as well: they are left out of the pool.
    """
    import pandas as pd

    train = pd.read_csv(DATA / "text" / "trec_train_5500.csv.gz")
    test = pd.read_csv(DATA / "text" / "trec_test_500.csv.gz")
    train = train[~_plain(train["text"]).isin(_plain(test["text"]))]
    classes, y = np.unique(train["coarse"], return_inverse=True)
    X, test_X = _points_of_texts(train["text"], test["text"])
    return (X, y), (test_X, np.searchsorted(classes, test["coarse"]))


def sms_spam(seed: int) -> Any:
    """Return messages, three tenths of them as judges; copies stay on one side."""
    import pandas as pd

    frame = pd.read_csv(DATA / "text" / "sms_spam.csv.gz")
    groups = pd.factorize(_plain(frame["text"]))[0]
    n = int(groups.max()) + 1
    judges = np.random.default_rng([seed, 4]).permutation(n)[groups] < 0.3 * n
    y = (frame["label"] == "spam").to_numpy(dtype=np.intp)
    X, test_X = _points_of_texts(frame["text"][~judges], frame["text"][judges])
    return (X, y[~judges]), (test_X, y[judges])


def news(seed: int) -> Any:
    """Return made-up long texts of 20 classes, whose subjects overlap in groups of four."""
    rng = np.random.default_rng([seed, 6])
    y = rng.integers(0, 20, 6_000)
    likes = np.full((20, _TOPICS), 0.02)
    for one in range(20):
        likes[one, rng.choice(_TOPICS, 3, replace=False)] += 0.8
        likes[one, one // 4 * 3 : one // 4 * 3 + 3] += 0.25  # what its group talks about
    shares = rng.gamma(likes[y])
    return _judged(_written(shares, np.full(len(y), 2), rng), y)


def reviews(seed: int) -> Any:
    """Return made-up long texts of two classes that differ in a few words of opinion.

    What a text is about says nothing of its class, and shapes it far more: neighbours share a
    subject.
    """
    rng = np.random.default_rng([seed, 7])
    y = rng.integers(0, 2, 6_000)
    shares = rng.gamma(np.full((len(y), _TOPICS), 0.08))
    return _judged(_written(shares, y, rng), y)


def _points_of_texts(texts: Sequence[str], others: Sequence[str]) -> Any:
    count = CountVectorizer(min_df=2, ngram_range=(1, 2))
    return _points(count.fit_transform(texts), count.transform(others))


def _points(counts: Any, others: Any) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the points of both, of length one: latent semantic analysis, learned of the first.

    In single precision, as embeddings are kept.
    """
    weigh = TfidfTransformer(sublinear_tf=True).fit(counts)
    leading = TruncatedSVD(_COMPONENTS, random_state=0).fit(weigh.transform(counts))
    found = [leading.transform(weigh.transform(some)) for some in (counts, others)]
    return tuple(
        (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)).astype(np.float32)
        for rows in found
    )  # type: ignore[return-value]


def _plain(texts: Any) -> Any:
    """Return the texts without what case and spaces add."""
    return texts.str.lower().str.split().str.join(" ")


def _judged(counts: Any, y: NDArray[np.intp]) -> Any:
    """Return 4,500 texts as a pool, and the others as judges."""
    X, test_X = _points(counts[:4_500], counts[4_500:])
    return (X, y[:4_500]), (test_X, y[4_500:])


def _written(
    shares: NDArray[np.float64], opinion: NDArray[np.intp], rng: np.random.Generator
) -> Any:
    """Return (n, words) counts: each word of a topic of its text, of an opinion, or of no matter.

    Words of every source follow Zipf's law, and sources share words. Opinions are 0, 1 or, where a
    text has none, 2.
    """
    n = len(shares)
    lengths = np.maximum(rng.lognormal(np.log(120), 0.5, n).astype(np.intp), 5)
    text = np.repeat(np.arange(n), lengths)
    source = rng.choice(3, len(text), p=[0.6, 0.3, 0.1])
    rank = np.searchsorted(_zipf(_WORDS), rng.random(len(text)))
    word = rank.copy()
    of_topic, of_opinion = source == 1, (source == 2) & (opinion[text] < 2)
    own = rng.integers(0, _WORDS, (_TOPICS, _OF_TOPIC))
    rank = np.searchsorted(_zipf(_OF_TOPIC), rng.random(of_topic.sum()))
    word[of_topic] = own[_drawn(shares, text[of_topic], rng), rank]
    said = np.searchsorted(_zipf(_OPINIONS), rng.random(of_opinion.sum()))
    meant = rng.random(len(said)) < _AGREED
    side = opinion[text[of_opinion]]
    word[of_opinion] = _WORDS - 1 - 2 * said - np.where(meant, side, 1 - side)
    ones = np.ones(len(text), dtype=np.float32)
    return csr_array((ones, (text, word)), shape=(n, _WORDS))


def _zipf(words: int) -> NDArray[np.float64]:
    """Return (words,) the cumulated shares of words, by their rank."""
    shares = np.cumsum(1 / np.arange(3.0, words + 3))
    return shares / shares[-1]


def _drawn(
    shares: NDArray[np.float64], text: NDArray[np.intp], rng: np.random.Generator
) -> NDArray[np.intp]:
    """Return a topic for each word, by the shares of its text."""
    reached = np.cumsum(shares / shares.sum(axis=1, keepdims=True), axis=1)
    return (rng.random((len(text), 1)) > reached[text]).sum(axis=1).clip(max=_TOPICS - 1)
