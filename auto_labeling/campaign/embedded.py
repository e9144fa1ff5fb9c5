"""What an `embedder` makes of a campaign's items: once, kept on disk, opened when looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.campaign.payloads import (
    heldout_as_it_was,
    heldout_items_as_they_were,
    items_as_they_were,
    pictures_as_they_were,
)
from auto_labeling.config import CampaignConfig
from auto_labeling.embedders.embedding import AT_ONCE, complete, store_of
from auto_labeling.files import write_atomically
from auto_labeling.pool.pool import Pool
from auto_labeling.pool.rows import GatheredRows, StackedRows
from auto_labeling.ports import Contents, Embedder, EmbedderSettings, FitsPool

LEARNED = "embedder.learned"
"""What an embedder learned from the pool lies beside it: without it no later item could join."""


def unwatched(_instant: str) -> None:
    """Say nothing of how far it is."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Embedded:
    """The points of one campaign's pool, and of what judges it.

    Items of one content have one point, whichever campaigns of the workspace they belong to.
    """

    settings: EmbedderSettings
    pool: Pool
    inputs: Path
    """The folder of the pool."""
    cache: Path
    base: Path
    seed: int
    tell: Callable[[str], None] = field(default=unwatched)

    @classmethod
    def of(cls, config: CampaignConfig, pool: Pool, **places: Any) -> Embedded | None:
        """Return those of a campaign; None where its features are those of its pool."""
        if config.embedder is None:
            return None
        return cls(settings=config.embedder, pool=pool, seed=config.seed, **places)

    @cached_property
    def embedder(self) -> Embedder:
        """Return what embeds; it learns from the pool the first time, where it learns at all."""
        if not isinstance(self.settings, FitsPool):
            return self.settings.open(self.base)
        path = self.inputs / LEARNED
        if not path.exists():
            self._learn(self.settings)
        return self.settings.open(self.base, path.read_bytes())

    @property
    def features(self) -> GatheredRows:
        """Return (n, d) the points of the pool, by position."""
        return self._features

    @property
    def heldout(self) -> GatheredRows | None:
        """Return (h, d) those of the held-out rows; None where there are none."""
        return None if self.pool.heldout is None else self._heldout

    def begin(self) -> None:
        """Learn from the pool, whatever was learned in a beginning that failed, and embed it."""
        if isinstance(self.settings, FitsPool):
            self._learn(self.settings)
        self.complete()

    def complete(self) -> None:
        """Embed whatever is not yet. Raises `DataError` for what cannot be embedded."""
        for rows in (self.features, self.heldout):
            if rows is not None:
                len(rows)

    def _learn(self, settings: FitsPool) -> None:
        self.tell("the embedder learns from the pool")
        learned = settings.fit(self._read(self._teaching()), self.seed)
        write_atomically(self.inputs / LEARNED, learned)

    @cached_property
    def _features(self) -> GatheredRows:
        pool = self.pool
        return GatheredRows(
            places=lambda: self._places(pool.content_hashes, self._read, pool.where)
        )

    @cached_property
    def _heldout(self) -> GatheredRows:
        held = self.pool.heldout
        hashes = held.content_hashes if held is not None else ()
        return GatheredRows(
            places=lambda: self._places(
                hashes, self._read_heldout, lambda at: f"held-out row {at + 1}"
            )
        )

    @cached_property
    def _kind(self) -> str:
        return min(self.pool.kinds())  # `check_embedder` saw to it that there is one

    def _places(
        self,
        hashes: Sequence[str],
        read: Callable[[list[int]], Contents],
        where: Callable[[int], str],
    ) -> tuple[StackedRows, NDArray[np.intp]]:
        store = store_of(self.cache, self.settings, self.embedder)
        if store.missing(hashes):
            store = complete(
                store,
                self.embedder,
                hashes,
                read,
                at_once=AT_ONCE[self._kind],
                where=where,
                tell=self.tell,
            )
        rows = store.rows
        at = np.fromiter((rows[one] for one in hashes), np.intp, len(hashes))
        return StackedRows(store.shards), at

    def _teaching(self) -> list[int]:
        """Return the positions of what is learned from: nothing that is held out as well."""
        contents = self.pool.contents
        judges = set(contents.heldout)
        return [at for at, one in enumerate(contents.pool) if one not in judges]

    def _read(self, positions: list[int]) -> Contents:
        if self._kind == "image":
            return pictures_as_they_were(self.pool, positions)
        if self._kind == "row":
            return np.asarray(self.pool.features[np.array(positions, np.intp)], np.float32)
        items = items_as_they_were(self.pool, positions)
        return [str(items[self.pool.ids[at]].text) for at in positions]

    def _read_heldout(self, positions: list[int]) -> Contents:
        held = self.pool.heldout
        if self._kind == "image":
            return heldout_as_it_was(self.pool)[positions]
        if self._kind == "row" and held is not None:
            return np.asarray(held.features[positions], np.float32)
        items = heldout_items_as_they_were(self.pool)
        return [str(items[at].text) for at in positions]
