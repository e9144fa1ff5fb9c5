"""A student that learns, with noise, what its teacher says of the unlabeled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import ConfigurationError
from auto_labeling.models.torch_plan import Training
from auto_labeling.models.torch_training import Examples, trained

Teach: TypeAlias = Callable[[Any], Examples | None]
"""A teacher, judging and without noise -> what its student learns beside labels; None: nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoisyStudent:
    """How students are made of teachers.

    The student is as large as its teacher and learns what that says without noise; dropout and
    stochastic depth, where the module has them, and what `augment` does make it harder to say the
    same.

    References:
        Xie, Q., Luong, M.-T., Hovy, E. and Le, Q. V. (2020). Self-training with noisy student
        improves ImageNet classification. CVPR, arXiv 1911.04252.
    """

    augment: Callable[[Any], Any] | None = None
    """Changes a mini-batch, a tensor (b, ...), as no class is changed by; None leaves it as it is.

    It draws from torch's own random numbers, which are seeded while a module learns.
    """
    generations: int = 1
    """How many students there are; each is the next one's teacher."""
    soft: bool = True
    """Whether students learn the chances that their teacher says, or its likeliest class."""

    def __post_init__(self) -> None:
        if self.generations < 1:
            raise ConfigurationError(f"generations: expected at least 1, got {self.generations}")


PLAIN = NoisyStudent(soft=False)
"""One student, of the likeliest class, with no other noise than the module's own."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Taught:
    """Two modules of one architecture, both judging."""

    teacher: Any
    """Learned from people's labels, and from nothing else."""
    student: Any
    """Of the last generation; None where no teacher had anything to teach."""


def taught(
    make: Callable[[], Any],
    labeled: Examples,
    teach: Teach,
    plan: Training,
    seed: int,
    how: NoisyStudent = PLAIN,
) -> Taught:
    """Return a teacher, and a student of the last generation.

    `make` makes the module that each of them begins as; `seed` counts up from one to the next.
    Rows that a teacher labels are never held out to judge by.
    """
    labeled = replace(labeled, noise=how.augment)
    teacher, student = trained(make, labeled, plan, seed), None
    for generation in range(1, how.generations + 1):
        more = teach(teacher if student is None else student)
        if more is None or not len(more.targets):
            break
        student = trained(make, _joined(labeled, more), plan, seed + generation)
    return Taught(teacher=teacher, student=student)


def _joined(labeled: Examples, more: Examples) -> Examples:
    """Return people's labels and the teacher's."""
    people = np.arange(len(labeled.targets) + len(more.targets)) < len(labeled.targets)
    weights = np.concatenate([labeled.weights, more.weights])
    return Examples(
        inputs=np.concatenate([labeled.inputs, more.inputs]),
        targets=np.concatenate([labeled.targets, more.targets]),
        weights=weights / weights.mean(),
        shares=_shares(labeled, more),
        may_judge=people,
        noise=labeled.noise,
    )


def _shares(labeled: Examples, more: Examples) -> NDArray[np.float64] | None:
    if more.shares is None:
        return None
    sure = np.eye(more.shares.shape[1])[labeled.targets]
    return np.concatenate([sure, more.shares])
