"""Where the pool's items lie: points in which near means alike, computed once and kept on disk."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.campaign.context import Campaign
from auto_labeling.files import content_digest, write_atomically
from auto_labeling.models.embedding import feature_embedder
from auto_labeling.pool.rows import GatheredRows
from auto_labeling.ports import Embeds


def embeddings(campaign: Campaign) -> NDArray[np.floating[Any]] | GatheredRows:
    """Return the pool's (n, d) embeddings, computed once a pool and seed and kept on disk.

    A model that begins with weights of its own embeds pictures by these, because its embeddings
    must not move from round to round; where there are none, features are embedded. What an
    embedder made is as it is: near means alike there already.
    """
    if campaign.embedded is not None:
        return campaign.embedded.features
    settings = campaign.config.model
    has_own = campaign.config.reads_pictures and getattr(settings, "sha256", None) is not None
    # All settings: the same weights say something else at another size of the pictures.
    by = content_digest([repr(settings) if has_own else "", str(campaign.config.seed)])[:16]
    path = campaign.workspace / "cache" / campaign.pool.digest / f"embeddings-{by}.npy"
    if not path.exists():
        begins: object = campaign.unfitted() if has_own else None
        if isinstance(begins, Embeds):
            points = begins.embed(campaign.inputs(slice(None)))
        else:
            features = campaign.pool.features
            points = feature_embedder(features, campaign.config.seed).embed(features)
        write_atomically(path, lambda file: np.save(file, points))
    kept: NDArray[np.floating[Any]] = np.load(path, mmap_mode="r")
    return kept
