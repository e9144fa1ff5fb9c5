"""Masks of objects from a network's sketches: cut out, smoothed to the picture's size, encoded."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.formats.masks import Runs, runs_within
from auto_labeling.models.yolo_pictures import Frame


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
