"""Masks of objects from a network's sketches: cut out, smoothed to the picture's size, encoded."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.models.yolo_pictures import Frame

Runs = tuple[int, ...]


def runs_within(
    inside: NDArray[np.bool_], left: int, top: int, size: tuple[int, int]
) -> Runs | None:
    """Return the run lengths of a mask whose pixels all lie in one window of the picture.

    The same as `formats.masks.mask_of` of the whole picture, which is never made. None where no
    pixel is inside.

    >>> runs_within(np.array([[True], [True]]), left=1, top=0, size=(3, 3))
    (3, 2, 4)
    """
    height, width = size
    padded = np.zeros((inside.shape[1], inside.shape[0] + 2), np.int8)
    padded[:, 1:-1] = inside.T
    edges = np.diff(padded, axis=1)
    columns = (left + np.arange(inside.shape[1]))[:, None] * height + top
    rows = np.arange(inside.shape[0] + 1)
    places = columns + rows
    begins, ends = places[edges == 1], places[edges == -1]
    if not len(begins):
        return None
    # A column that is inside to its foot goes on at the head of the next one.
    apart = begins[1:] != ends[:-1]
    begins, ends = begins[np.r_[True, apart]], ends[np.r_[apart, True]]
    bounds = np.column_stack([begins, ends]).ravel()
    runs = np.diff(np.r_[0, bounds, height * width]).tolist()
    return tuple(runs) if runs[-1] else tuple(runs[:-1])


def mask_logits(sketches: Any, coefficients: Any) -> Any:
    """Return (m, h, w) logits of m masks from (c, h, w) sketches and (m, c) shares of each."""
    return (coefficients @ sketches.float().flatten(1)).unflatten(1, sketches.shape[1:])


def runs_of(
    logits: Any, corners: NDArray[np.float32], frame: Frame, *, mirrored: bool
) -> Runs | None:
    """Return the run lengths of one mask within its box, at the picture's size.

    (h, w) logits cover the whole frame; between their centres they are interpolated linearly.
    """
    import torch
    from torch.nn.functional import grid_sample

    height, width = frame.size
    left, top = (max(int(np.ceil(edge)), 0) for edge in corners[:2])
    right, bottom = (
        min(int(np.ceil(edge)), side)
        for edge, side in zip(corners[2:], (width, height), strict=True)
    )
    if left >= right or top >= bottom:
        return None
    (gain_x, gain_y), (pad_x, pad_y) = _framing(frame)
    framed = frame.pixels.shape
    x = (((np.arange(left, right) + 0.5) * gain_x + pad_x) / framed[1]) * 2 - 1
    y = (((np.arange(top, bottom) + 0.5) * gain_y + pad_y) / framed[0]) * 2 - 1
    grid = torch.from_numpy(np.stack(np.meshgrid(x, y), axis=-1)).to(logits)
    sampled = grid_sample(
        logits[None, None], grid[None], padding_mode="border", align_corners=False
    )
    inside = (sampled[0, 0] > 0).cpu().numpy()
    if mirrored:
        inside, left = inside[:, ::-1], width - right
    return runs_within(inside, left, top, frame.size)


def doubts(logits: Any, boxes: Any, frame: Frame) -> NDArray[np.float32]:
    """Return (m,) the mean binary entropy of the pixels in each box, as a share of one bit.

    `boxes` are (m, 4) corners within the frame.
    """
    import torch

    scale = logits.shape[-1] / frame.pixels.shape[1]
    inside = torch.sigmoid(logits)
    bits = torch.special.entr(inside) + torch.special.entr(1 - inside)
    bits /= float(np.log(2))
    last = torch.tensor([logits.shape[-1], logits.shape[-2]]) - 1
    low = torch.minimum((boxes[:, :2] * scale).floor().clamp(min=0).long().cpu(), last)
    high = torch.maximum((boxes[:, 2:4] * scale).ceil().long().cpu(), low + 1)
    means = [
        float(bits[at, y0:y1, x0:x1].mean())
        for at, ((x0, y0), (x1, y1)) in enumerate(zip(low.tolist(), high.tolist(), strict=True))
    ]
    return np.asarray(means, dtype=np.float32)


def _framing(frame: Frame) -> tuple[tuple[float, float], tuple[int, int]]:
    """Return by how much a picture was scaled and then moved into its frame, in x and in y."""
    (height, width), framed = frame.size, frame.pixels.shape
    gain = min(framed[0] / height, framed[1] / width)
    wide, high = max(round(width * gain), 1), max(round(height * gain), 1)
    pads = round((framed[1] - wide) / 2 - 0.1), round((framed[0] - high) / 2 - 0.1)
    return (wide / width, high / height), pads
