"""Training arguments of ultralytics that the campaign file may name, and what each takes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from auto_labeling.errors import ConfigurationError
from auto_labeling.meant import meant


@dataclass(frozen=True, slots=True)
class _Takes:
    """What an argument may be: in words, and as a question."""

    expected: str
    fits: Callable[[Any], bool]


def _is_number(given: object) -> bool:
    return isinstance(given, int | float) and math.isfinite(given)


def _whole(least: int) -> _Takes:
    return _Takes(
        f"a whole number of {least} or more",
        lambda given: _is_number(given) and given >= least and given == int(given),
    )


def _one_of(*names: str) -> _Takes:
    return _Takes(f"one of {', '.join(names)}", lambda given: given in names)


def _is_scale(given: object) -> bool:
    if isinstance(given, list | tuple):
        return len(given) == 2 and all(map(_is_number, given))
    return _SHARE.fits(given)


def _is_freeze(given: object) -> bool:
    if isinstance(given, list):
        return all(isinstance(one, int | str) for one in given)
    return given is None or isinstance(given, int)


_OPTIMIZERS = ("Adam", "Adamax", "AdamW", "NAdam", "RAdam", "RMSprop", "SGD", "MuSGD", "auto")
_NUMBER = _Takes("a number", _is_number)
_SHARE = _Takes("a number in [0, 1]", lambda given: _is_number(given) and 0 <= given <= 1)
_SWITCH = _Takes("true or false", lambda given: isinstance(given, bool))
# What would leave the run's folder, call somebody or contradict a key of ours is not among them.
_TAKES: Mapping[str, _Takes] = {
    # To check another precision, ultralytics downloads a model.
    "amp": _Takes("false or bf16", lambda given: given is False or given == "bf16"),
    "auto_augment": _Takes(
        "randaugment, autoaugment, augmix or null",
        lambda given: given in (None, "randaugment", "autoaugment", "augmix"),
    ),
    "bgr": _SHARE,
    "box": _NUMBER,
    "cache": _Takes(
        "true, false, ram or disk",
        lambda given: isinstance(given, bool) or str(given).lower() in ("ram", "disk"),
    ),
    "close_mosaic": _whole(0),
    "cls": _NUMBER,
    "cls_pw": _SHARE,
    "cls_remap": _SWITCH,
    "copy_paste": _SHARE,
    "copy_paste_mode": _one_of("flip", "mixup"),
    "cos_lr": _SWITCH,
    "cutmix": _SHARE,
    "degrees": _NUMBER,
    "deterministic": _SWITCH,
    "dfl": _NUMBER,
    "dropout": _SHARE,
    "erasing": _SHARE,
    "fliplr": _SHARE,
    "flipud": _SHARE,
    "freeze": _Takes("how many layers, or a list of them", _is_freeze),
    "hsv_h": _SHARE,
    "hsv_s": _SHARE,
    "hsv_v": _SHARE,
    "lr0": _SHARE,
    "lrf": _SHARE,
    "mask_ratio": _whole(1),
    "mixup": _SHARE,
    "momentum": _SHARE,
    "mosaic": _SHARE,
    "multi_scale": _SHARE,
    "nbs": _whole(1),
    "optimizer": _Takes(
        f"one of {', '.join(_OPTIMIZERS)}",
        lambda given: str(given).lower() in map(str.lower, _OPTIMIZERS),
    ),
    "overlap_mask": _SWITCH,
    "perspective": _SHARE,
    "rect": _SWITCH,
    "scale": _Takes("a number in [0, 1], or two numbers", _is_scale),
    "shear": _NUMBER,
    "time": _Takes("hours or null", lambda given: given is None or _is_number(given)),
    "translate": _SHARE,
    "warmup_bias_lr": _SHARE,
    "warmup_epochs": _NUMBER,
    "warmup_momentum": _SHARE,
    "weight_decay": _SHARE,
    "workers": _whole(0),
}
OPTIONS = frozenset(_TAKES)


def check_options(options: Mapping[str, Any]) -> None:
    """Raise `ConfigurationError` for a training argument that is none, or cannot be what is given.

    Neither ultralytics nor torch is imported: the former takes seconds, and would say so in the
    middle of a round.

    >>> check_options({"lr0": "fast"})
    Traceback (most recent call last):
    auto_labeling.errors.ConfigurationError: options.lr0: expected a number in [0, 1], got 'fast'
    """
    for name, given in options.items():
        if name not in _TAKES:
            raise ConfigurationError(
                f"options.{name}: expected a training argument of ultralytics"
                f"{meant(name, sorted(OPTIONS))}"
            )
        takes = _TAKES[name]
        if not takes.fits(given):
            likely = meant(given, _OPTIMIZERS) if name == "optimizer" else ""
            raise ConfigurationError(
                f"options.{name}: expected {takes.expected}, got {given!r}{likely}"
            )
