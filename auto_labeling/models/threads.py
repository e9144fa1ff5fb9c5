"""How many threads the linear algebra gets: one, where a second only gets in the way."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Any

_FEW = 5_000  # labels


def one_thread() -> AbstractContextManager[object]:
    """Hold the linear algebra to one thread."""
    held: AbstractContextManager[object] = _pools().limit(limits=1, user_api="blas")
    return held


def few_threads(labels: int) -> AbstractContextManager[object]:
    """Hold it to one thread while labels are few: they are fitted several times faster so."""
    return one_thread() if labels <= _FEW else nullcontext()


@lru_cache(maxsize=1)  # finding the loaded libraries takes milliseconds
def _pools() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
