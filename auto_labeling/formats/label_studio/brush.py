"""Label Studio's run-length encoding of brush masks: bits, of the RGBA bytes of an image by rows.

32 bits hold the number of bytes, 5 the size of a word less 1, and four times 4 the bits less 1 of
the four sizes that a length may have. Then follow chunks: one bit that is set where a word is
repeated, two that choose the size of the length, the length less 1, and the word or the words.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import DataError

_SIZES = (3, 4, 8, 16)
_CHANNELS = 4
_HALF = 128
"""A brush has soft edges: a pixel is inside where at least half of it is covered."""
_MOST_PIXELS = 100_000_000


def encode_rle(pixels: NDArray[np.bool_]) -> list[int]:
    """Return the bytes of (height, width) pixels, opaque where they are true.

    >>> decode_rle(encode_rle(np.eye(2, dtype=bool)), 2, 2).astype(int)
    array([[1, 0],
           [0, 1]])
    """
    _check_size(*pixels.shape)
    flat = pixels.ravel()
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    starts = np.concatenate([[0], edges])
    lengths = np.diff(edges, prepend=0, append=flat.size) * _CHANNELS
    bits = [
        f"{flat.size * _CHANNELS:032b}",
        f"{8 - 1:05b}",
        *(f"{size - 1:04b}" for size in _SIZES),
    ]
    for start, length in zip(starts.tolist(), lengths.tolist(), strict=True):
        bits += _repeated(length, 255 * int(flat[start]))
    joined = "".join(bits)
    whole = -(-len(joined) // 8)
    return list(int(joined.ljust(8 * whole, "0"), 2).to_bytes(whole, "big"))


def decode_rle(rle: Sequence[int], height: int, width: int) -> NDArray[np.bool_]:
    """Return (height, width) pixels, true inside. Raises `DataError` for other images.

    Memory goes by the pixels, whatever `rle` claims.
    """
    _check_size(height, width)
    try:
        stream = _Bits(bytes(list(rle)))  # of a number, bytes() makes as many zeros
    except (TypeError, ValueError) as error:
        raise DataError(f"mask: expected a list of bytes ({error})") from error
    size, word = stream.take(32), stream.take(5) + 1
    if size != height * width * _CHANNELS or word != 8:
        raise DataError(
            f"mask: expected {height} x {width} pixels of {_CHANNELS} bytes, "
            f"got {size} words of {word} bits"
        )
    sizes = [stream.take(4) + 1 for _ in _SIZES]
    alpha = np.zeros(height * width, dtype=np.uint8)
    at = 0
    while at < size:
        repeated = stream.take(1)
        end = min(at + stream.take(sizes[stream.take(2)]) + 1, size)
        # The last byte of pixel p is 4p + 3, so that chunk [at, end) holds those of at/4 to end/4.
        span = slice(at // _CHANNELS, end // _CHANNELS)
        if repeated:
            alpha[span] = stream.take(8)
        else:
            alpha[span] = stream.words(end - at)[_CHANNELS - 1 - at % _CHANNELS :: _CHANNELS]
        at = end
    return (alpha >= _HALF).reshape(height, width)


def _check_size(height: int, width: int) -> None:
    if not 0 < height * width <= _MOST_PIXELS:
        raise DataError(f"mask: expected up to {_MOST_PIXELS} pixels, got {height} x {width}")


def _repeated(length: int, word: int) -> list[str]:
    """Return the chunks that repeat a byte."""
    chunks: list[str] = []
    while length > 0:
        which = next((at for at, size in enumerate(_SIZES) if length <= 2**size), len(_SIZES) - 1)
        part = min(length, 2 ** _SIZES[which])
        chunks.append(f"1{which:02b}{part - 1:0{_SIZES[which]}b}{word:08b}")
        length -= part
    return chunks


class _Bits:
    """Bytes that are read a few bits at a time."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, size: int) -> int:
        """Return the next `size` bits as a number."""
        window, spare = self._window(size)
        return (int.from_bytes(window, "big") >> spare) & ((1 << size) - 1)

    def words(self, count: int) -> NDArray[np.uint8]:
        """Return the next `count` bytes."""
        window, spare = self._window(8 * count)
        bits = np.unpackbits(np.frombuffer(window, dtype=np.uint8))
        return np.packbits(bits[len(bits) - spare - 8 * count : len(bits) - spare])

    def _window(self, size: int) -> tuple[bytes, int]:
        """Move on; return the bytes that hold the bits, and how many bits follow in the last."""
        start, self._at = self._at, self._at + size
        last = -(-self._at // 8)
        if last > len(self._data):
            raise DataError(f"mask: expected more than the {len(self._data)} bytes it has")
        return self._data[start // 8 : last], 8 * last - self._at
