"""Training a torch module on labels that may be few: AdamW on the cross entropy, seeded."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import DataError
from auto_labeling.models.torch_device import repeatable
from auto_labeling.models.torch_inputs import numbers
from auto_labeling.models.torch_module import judging
from auto_labeling.models.torch_plan import Training

_FEWEST_JUDGES = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Examples:
    """What is learned from."""

    inputs: Any
    """(n, ...) as they were read."""
    targets: NDArray[np.intp]
    """(n,) class positions."""
    weights: NDArray[np.float64]
    """(n,) how much each counts, 1 in the mean."""
    shares: NDArray[np.float64] | None = None
    """(n, k) what a teacher says in place of the targets; None where the targets are all."""
    may_judge: NDArray[np.bool_] | None = None
    """(n,) which rows may be held out to judge by; None: all, because people labeled them."""
    noise: Callable[[Any], Any] | None = None
    """What changes a mini-batch, a tensor, each time it is learned, and never one that judges."""


def trained(make: Callable[[], Any], examples: Examples, plan: Training, seed: int) -> Any:
    """Return a module that `make` made, trained with the largest batch that fits into memory."""
    import torch

    try:
        with repeatable(seed, plan.device) as device:
            return _Run(make().to(device), examples, plan, device, seed).result()
    except torch.OutOfMemoryError as error:
        if plan.batch < 4:
            raise DataError(
                f"batch: two items at once do not fit into the memory of {plan.device}; read "
                "smaller pictures (image_size), or choose a smaller module"
            ) from error
    return trained(make, examples, replace(plan, batch=plan.batch // 2), seed)


def held_out(targets: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
    """Return a tenth of the rows, to judge by; every class keeps one. None where they are few."""
    order = rng.permutation(len(targets))
    one_each = order[np.unique(targets[order], return_index=True)[1]]
    rest = order[~np.isin(order, one_each)][: len(order) // 10]
    return np.sort(rest if len(rest) >= _FEWEST_JUDGES else rest[:0])


class _Run:
    """One training from beginning to end."""

    def __init__(
        self, module: Any, examples: Examples, plan: Training, device: Any, seed: int
    ) -> None:
        self._module, self._examples, self._plan, self._device = module, examples, plan, device
        self._rng = np.random.default_rng(seed)
        self._judges: NDArray[np.intp] = np.empty(0, dtype=np.intp)
        if plan.patience is not None:
            rows = np.arange(len(examples.targets))[_all_or(examples.may_judge)]
            self._judges = rows[held_out(examples.targets[rows], self._rng)]
        self._learned = np.setdiff1d(np.arange(len(examples.targets)), self._judges)
        shares = examples.shares
        self._targets = examples.targets if shares is None else shares.astype(np.float32)
        classes = np.bincount(examples.targets)
        even = len(examples.targets) / len(classes) / classes[examples.targets]
        self._weights = examples.weights * (even if plan.balanced else 1.0)

    def result(self) -> Any:
        """Return the module with the best weights there were."""
        import torch

        plan = self._plan
        optimizer = torch.optim.AdamW(
            self._module.parameters(), lr=plan.lr, weight_decay=plan.weight_decay
        )
        parts = _count(len(self._learned), plan.batch)
        passes = max(1, -(-plan.min_steps // (plan.epochs * parts)))
        best, kept, since = np.inf, None, 0
        for epoch in range(plan.epochs):
            for _ in range(passes):
                self._learn(optimizer, epoch)
            if not len(self._judges):
                continue
            loss = self._judge(epoch)
            since += 1
            if loss < best:
                best, kept, since = loss, deepcopy(self._module.state_dict()), 0
            if plan.patience is not None and since >= plan.patience:
                break
        if kept is not None:
            self._module.load_state_dict(kept)
        return self._module.eval()

    def _learn(self, optimizer: Any, epoch: int) -> None:
        """Go through what is learned once."""
        self._module.train()
        order = self._rng.permutation(self._learned)
        total = 0.0
        for rows in np.array_split(order, _count(len(order), self._plan.batch)):
            optimizer.zero_grad(set_to_none=True)
            loss = self._loss(rows, self._examples.noise).mean()
            loss.backward()
            optimizer.step()
            total += loss.detach()
        self._expect_finite(float(total), epoch)

    def _judge(self, epoch: int) -> float:
        """Return the mean loss on the rows that judge."""
        import torch

        with judging(self._module), torch.no_grad():
            parts = np.array_split(self._judges, _count(len(self._judges), self._plan.batch))
            total = sum(float(self._loss(rows).sum()) for rows in parts)
        self._expect_finite(total, epoch)
        return total / len(self._judges)

    def _loss(self, rows: NDArray[np.intp], noise: Callable[[Any], Any] | None = None) -> Any:
        """Return (n,) the weighted cross entropy of some rows."""
        import torch

        given = torch.from_numpy(numbers(self._examples.inputs[rows])).to(self._device)
        given = given if noise is None else noise(given)
        targets = torch.from_numpy(self._targets[rows]).to(self._device)
        weights = torch.from_numpy(self._weights[rows].astype(np.float32)).to(self._device)
        losses = torch.nn.functional.cross_entropy(self._module(given), targets, reduction="none")
        return losses * weights

    def _expect_finite(self, loss: float, epoch: int) -> None:
        if not np.isfinite(loss):
            raise DataError(
                f"training: the loss was {loss} in epoch {epoch + 1}; lower the learning rate "
                f"(lr, now {self._plan.lr:g})"
            )


def _all_or(mask: NDArray[np.bool_] | None) -> NDArray[np.bool_] | slice:
    return slice(None) if mask is None else mask


def _count(rows: int, batch: int) -> int:
    """Return into how many mini-batches rows are cut: of one row no variance could be taken."""
    return max(1, min(-(-rows // batch), rows // 2))
