"""Whether a torch module says probabilities or logits: its last operation knows, values may not."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

Said: TypeAlias = Literal["probabilities", "logits", "unknown"]

_SQUASHING = ("Sigmoid", "Softmax")
_LINEAR = ("Addmm", "Addmv", "Addbmm", "Mm", "Mv", "Bmm", "Linear", "Convolution", "LogSoftmax")
_RESHAPING = (
    "Alias",
    "Clamp",
    "ClampMax",
    "ClampMin",
    "Clone",
    "Expand",
    "Permute",
    "ReshapeAlias",
    "Select",
    "Slice",
    "Squeeze",
    "T",
    "ToCopy",
    "Transpose",
    "UnsafeView",
    "Unsqueeze",
    "View",
)


def said_by(outputs: Any) -> Said:
    """Return what outputs are, by the operation that made them; they carry their gradients.

    A network that has learned little says logits near zero, and a few of them, or all of a
    pool's, may lie in [0, 1]: read as probabilities they would be sure of one class.
    """
    step = outputs.grad_fn
    while step is not None and _name(step) in _RESHAPING:
        step = step.next_functions[0][0]
    if step is None:
        return "unknown"
    if _name(step) in _SQUASHING:
        return "probabilities"
    return "logits" if _name(step) in _LINEAR else "unknown"


def _name(step: Any) -> str:
    return str(step.name()).split("::")[-1].partition("Backward")[0].lstrip("_")
