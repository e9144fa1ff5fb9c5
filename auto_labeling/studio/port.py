"""A port that is ours before anybody listens on it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from auto_labeling.errors import BlockedError


@contextmanager
def bound(host: str, port: int) -> Iterator[socket.socket]:
    """Yield a socket that holds a port, any free one for 0, and does not listen yet.

    Nobody else is given the port. Raises `BlockedError` where it cannot be had.

    >>> with bound("127.0.0.1", 0) as ours:
    ...     ours.getsockname()[1] > 0
    True
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, or asyncio leaves its delay on: 40 ms an answer.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as ours:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            ours.bind((host, port))
        except OSError as error:
            raise BlockedError(
                f"port {port} cannot be had on {host} ({error.strerror})",
                remedy="Name another, or end what listens there.",
            ) from error
        yield ours
