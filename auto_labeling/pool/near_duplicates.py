"""Pictures that look the same: of bursts and films the first is enough."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn

LOOK = 32
"""What is compared is LOOK x LOOK grey levels."""
MOST, MEAN = 1.5, 0.45
"""How much two pictures may differ in any place, and in the square mean of all, in standard
deviations of a picture's own grey levels.

Of bursts (noise, light 8 % brighter or darker, moved by 1 % of the width, JPEG of quality 70) the
worst place differs by .6 in the median and by 1.3 at most, and the mean by .13 and .28; of 80,000
pairs of different pictures, of blood under one microscope and of people in two streets, the closest
by 2.2 and by .62. What is larger than a thirty-second of the sides and has moved is seen, however
still the rest is."""
_FLATTEST = 8.0
"""Grey levels that a standard deviation counts for at least: of an even picture it is noise."""
_BANDS, _BAND_BITS = 4, 16
_MOST_BITS = 2 * _BANDS - 1
_CHUNK = 4096


def near_duplicates(looks: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Return (n,) for each of (n, LOOK * LOOK) grey levels the first that it nearly equals, or it.

    Only what equals nothing before it is ever equalled, so every picture that is left out looks
    like one that is kept; a camera that turns slowly is not one picture. Found are pictures whose
    perceptual hashes (the signs of the 8 x 8 slowest waves of a cosine transform, but for the
    mean) differ in 7 bits or fewer: then one of their four parts differs in one bit or none, so
    each looks at 4 x 17 entries of a table and not at all others (multi-index hashing: Norouzi,
    Punjani & Fleet 2012). Those are compared place by place (`MOST`, `MEAN`).

    >>> frames = np.random.default_rng(0).integers(0, 256, (3, LOOK * LOOK), dtype=np.uint8)
    >>> frames[2] = frames[0] // 2  # the same with less light
    >>> near_duplicates(frames)
    array([0, 1, 0])
    """
    firsts = np.arange(len(looks))
    bits, parts = _hashes(looks)
    places: tuple[defaultdict[int, list[int]], ...] = tuple(
        defaultdict(list) for _ in range(_BANDS)
    )
    for at, (own, bands) in enumerate(zip(bits, parts, strict=True)):
        met = {
            kept
            for place, band in zip(places, bands, strict=True)
            for value in _around(band)
            for kept in place.get(value, ())
        }
        close = sorted(kept for kept in met if (own ^ bits[kept]).bit_count() <= _MOST_BITS)
        first = _first_alike(looks, at, close)
        firsts[at] = first
        if first == at:
            for place, band in zip(places, bands, strict=True):
                place[band].append(at)
    return firsts


def _first_alike(looks: NDArray[np.uint8], at: int, close: list[int]) -> int:
    if not close:
        return at
    apart = np.abs(_evened(looks[close]) - _evened(looks[[at]]))
    alike = np.flatnonzero((apart.max(axis=1) <= MOST) & (np.square(apart).mean(axis=1) <= MEAN**2))
    return close[alike[0]] if len(alike) else at


def _evened(looks: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the levels about their mean, in standard deviations: light and contrast are gone."""
    levels = looks.astype(np.float32)
    levels -= levels.mean(axis=1, keepdims=True)
    levels /= np.maximum(levels.std(axis=1, keepdims=True), np.float32(_FLATTEST))
    return levels


def _hashes(looks: NDArray[np.uint8]) -> tuple[list[int], list[list[int]]]:
    """Return the hash of every picture, whole and in parts of 16 bits."""
    packed = np.empty((len(looks), _BANDS), np.uint16)
    for start in range(0, len(looks), _CHUNK):
        squares = _evened(looks[start : start + _CHUNK]).reshape(-1, LOOK, LOOK)
        slowest = dctn(squares, axes=(1, 2), norm="ortho")[:, :8, :8].reshape(-1, 64)
        signs = slowest > 1e-3  # so that rounding makes no bits where a wave is absent
        signs[:, 0] = False
        packed[start : start + _CHUNK] = np.packbits(signs, axis=1).view(np.uint16)
    return packed.view(np.uint64)[:, 0].tolist(), packed.tolist()


def _around(band: int) -> Iterator[int]:
    """Yield the values that differ from a part in one bit or none."""
    yield band
    for bit in range(_BAND_BITS):
        yield band ^ (1 << bit)
