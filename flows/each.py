"""Several campaigns in one run: one that fails stops no other, and the run says so in the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from prefect.logging import get_run_logger

T = TypeVar("T")


def each(names: Sequence[str], act: Callable[[str], T]) -> dict[str, T]:
    """Return what `act` made of each campaign.

    Once all had their turn it raises what went wrong: as it was where only one campaign was meant,
    else an `ExceptionGroup` that names those that failed.
    """
    made: dict[str, T] = {}
    failed: dict[str, Exception] = {}
    for name in names:
        try:
            made[name] = act(name)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other campaigns go on
            get_run_logger().exception("%s: failed", name)
            failed[name] = error
    if not failed:
        return made
    if len(names) == 1:
        raise failed[names[0]]
    raise ExceptionGroup(
        f"{len(failed)} of {len(names)} campaigns failed: {', '.join(failed)}",
        list(failed.values()),
    )
