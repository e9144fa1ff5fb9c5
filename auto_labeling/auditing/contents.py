"""What tasks hold, as keys that tell equal contents and as features that tell near ones."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from auto_labeling.errors import DataError
from auto_labeling.pool.pixels import pixels
from auto_labeling.pool.texts import HashedTexts
from auto_labeling.records import Item

Fetch: TypeAlias = Callable[[str], bytes | None]
"""The bytes of a picture, by its address; None where they cannot be had."""
TEXT_WIDTH, PICTURE_SIZE = 1024, 16
"""As wide as the features of a pool are by default."""
TEXTS_NEAR, PICTURES_NEAR = 0.9, 0.995
"""From which cosine on two contents are near-duplicates: of words and word pairs, and of grey
levels less their mean, where even pictures of one thing are alike."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contents:
    """What the tasks hold, as parallel columns."""

    keys: Sequence[str | None]
    """The same for equal contents; None where a task shows nothing that can be read."""
    features: Any
    """(m, d) dense, or sparse for texts, of the tasks at `at`; None where there are none."""
    at: NDArray[np.intp]
    """(m,) ascending positions among the tasks."""
    near: float
    """The cosine from which two of the features are near-duplicates."""
    centered: bool
    """Whether the cosine is of the features less the mean of each row."""

    @property
    def directions(self) -> Any:
        """Return the features whose cosines are compared."""
        if not self.centered:
            return self.features
        return self.features - self.features.mean(axis=1, keepdims=True)


def contents_of(items: Sequence[Item | None], fetch: Fetch) -> Contents:
    """Return what the items hold; rows of numbers and other content have no features here."""
    kinds = {item.kind for item in items if item is not None}
    if kinds == {"image"}:
        return _pictures(items, fetch)
    keys = [None if item is None else _key(item) for item in items]
    texts = [(at, item.text) for at, item in enumerate(items) if item is not None and item.text]
    features = None if kinds != {"text"} or not texts else _hashed([text for _, text in texts])
    return Contents(
        keys=keys,
        features=features,
        at=_positions([at for at, _ in texts] if features is not None else []),
        near=TEXTS_NEAR,
        centered=False,
    )


def _pictures(items: Sequence[Item | None], fetch: Fetch) -> Contents:
    keys: list[str | None] = []
    rows: list[NDArray[np.uint8]] = []
    at: list[int] = []
    for place, item in enumerate(items):
        content = None if item is None or item.uri is None else fetch(item.uri)
        if content is None:
            keys.append(None if item is None else _key(item))
            continue
        keys.append(hashlib.sha256(content).hexdigest())
        try:
            levels = pixels(content, PICTURE_SIZE, "gray")
        except DataError:
            continue
        rows.append(levels)
        at.append(place)
    return Contents(
        keys=keys,
        features=np.stack(rows).astype(np.float32) / 255 if rows else None,
        at=_positions(at),
        near=PICTURES_NEAR,
        centered=True,
    )


def _key(item: Item) -> str:
    """Return what is the same for contents that a person would call equal.

    >>> _key(Item(item_id="1", text="Not  BAD ")) == _key(Item(item_id="2", text="not bad"))
    True
    """
    if item.text is not None:
        words = unicodedata.normalize("NFKC", item.text).casefold().split()
        return "text:" + hashlib.sha256(" ".join(words).encode("utf-8", "replace")).hexdigest()
    if item.uri is not None:
        return f"uri:{item.uri}"
    return "row:" + json.dumps(item.row, sort_keys=True, default=str)


def _hashed(texts: Sequence[str]) -> Any:
    hashed = HashedTexts(texts=texts, width=TEXT_WIDTH)
    return vstack([csr_array(chunk) for chunk in hashed.chunks()]).tocsr()


def _positions(at: Sequence[int]) -> NDArray[np.intp]:
    return np.array(at, dtype=np.intp)
