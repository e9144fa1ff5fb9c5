"""Contents that are the same to whoever reads them: texts that differ in case or spaces only."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass


def folded_hash(text: str) -> str:
    r"""Return the sha256 of a text whose case, spaces and forms of letters are evened out.

    >>> folded_hash("Win a  PRIZE now!\n") == folded_hash("win a prize now!")
    True
    """
    evened = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return hashlib.sha256(evened.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class OneContent:
    """The content hash by which a split knows each item: that of its first twin."""

    pool: Sequence[str]
    heldout: Sequence[str]
    leaking: int
    """How many items of the pool repeat a held-out row, case and spaces aside."""
    folded: int
    """How many of those are no exact copies."""


def one_content(
    hashes: Sequence[str],
    twins: Sequence[str],
    heldout_hashes: Sequence[str] = (),
    heldout_twins: Sequence[str] = (),
) -> OneContent:
    """Return one content hash for all twins: the first of them, and held-out rows come first.

    `twins` are equal where contents are the same to a reader. An item without another twin keeps
    its own, so that where nothing repeats a split is as it would be without.

    >>> found = one_content(["a1", "a2", "b"], ["a", "a", "b"], ["a3"], ["a"])
    >>> found.pool, found.leaking, found.folded
    (['a3', 'a3', 'b'], 2, 2)
    """
    first: dict[str, str] = {}
    heldout = [
        first.setdefault(twin, one) for twin, one in zip(heldout_twins, heldout_hashes, strict=True)
    ]
    judged, exact = set(first), set(heldout_hashes)
    leaks = [one for twin, one in zip(twins, hashes, strict=True) if twin in judged]
    return OneContent(
        pool=[first.setdefault(twin, one) for twin, one in zip(twins, hashes, strict=True)],
        heldout=heldout,
        leaking=len(leaks),
        folded=sum(one not in exact for one in leaks),
    )
