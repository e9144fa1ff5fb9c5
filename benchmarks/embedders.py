"""How much an embedder matters: accuracy of one model on labels drawn by lot, by what it reads.

The sets lie in `AUTO_LABELING_DATA`, or `../shared/data`; what is absent is left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from auto_labeling import embedders, models
from auto_labeling.models.threads import one_thread
from auto_labeling.ports import FitsPool
from benchmarks.data import DATA

LABELS = (50, 100, 300, 1_000)
KINDS: dict[str, dict[str, Any]] = {
    "hashing": {},
    "tfidf": {},
    "tfidf, no letters": {"letters": False},
    "tfidf, 128": {"components": 128},
}


def sets(draws: int) -> Iterator[tuple[str, list[tuple[Any, Any, Any, Any]]]]:
    """Yield each set with its splits: texts and labels of the pool, and of what judges."""
    folder = DATA / "text"
    if not folder.is_dir():
        print(f"{folder} is absent: set AUTO_LABELING_DATA")
        return
    pool, judges = (
        pd.read_csv(folder / name) for name in ("trec_train_5500.csv.gz", "trec_test_500.csv.gz")
    )
    pool = pool[~pool["text"].isin(set(judges["text"]))]
    split = (list(pool["text"]), pool["coarse"], list(judges["text"]), judges["coarse"])
    yield "TREC", [tuple(map(_plain, split))] * draws
    sms = pd.read_csv(folder / "sms_spam.csv.gz").drop_duplicates("text")
    shuffled = (sms.sample(frac=1, random_state=draw) for draw in range(draws))
    yield (
        "SMS spam",
        [
            tuple(map(_plain, (one["text"][1_500:], one["label"][1_500:], *_judges(one))))
            for one in shuffled
        ],
    )


def figures(draws: int, model: str) -> pd.DataFrame:
    """Return the accuracy by set, embedder and number of labels, a row a draw."""
    rows = []
    for name, splits in sets(draws):
        for draw, (texts, labels, judges, known) in enumerate(splits):
            order = np.random.default_rng([draw, 7]).permutation(len(texts))
            for kind, keys in KINDS.items():
                points, judged = _embedded(kind.split(",")[0], keys, texts, judges)
                for n in LABELS:
                    some = order[:n]
                    fitted = models.TABLE[model]().build(0).fit(points[some], labels[some])
                    hits = fitted.classes_[fitted.predict_proba(judged).argmax(axis=1)] == known
                    rows.append((name, kind, n, draw, hits.mean()))
    return pd.DataFrame(rows, columns=["set", "embedder", "labels", "draw", "accuracy"])


def _embedded(
    kind: str, keys: dict[str, Any], texts: list[str], judges: list[str]
) -> tuple[NDArray[Any], NDArray[Any]]:
    settings = embedders.TABLE[kind](**keys)
    learned = settings.fit(texts, 0) if isinstance(settings, FitsPool) else None
    embedder = settings.open(Path(), learned)
    return embedder.embed(texts), embedder.embed(judges)


def _judges(shuffled: pd.DataFrame) -> tuple[Any, Any]:
    return shuffled["text"][:1_500], shuffled["label"][:1_500]


def _plain(column: Any) -> Any:
    return column if isinstance(column, list) else np.asarray(column, dtype=object)


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--draws", type=int, default=3)
    asked.add_argument("--model", default="logistic_regression")
    given = asked.parse_args()
    with one_thread():
        found = figures(given.draws, given.model)
    table = found.pivot_table(index=["set", "embedder"], columns="labels", values="accuracy")
    print(table.round(3).to_string())
