"""The Prefect server of one workspace, as a process that ends with the last command that uses it.

Run by `flows.server` as a script. It imports nothing of this project, and it is told where it lives
by its environment, which the starter prepared.
"""

from __future__ import annotations

import fcntl
import gc
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

_LOOK_EVERY_S = 0.2
_LEAVE_WITHIN_S = 10.0


def main(home: Path) -> None:
    """Serve the API and the UI on a free loopback port until nobody holds `home/users`."""
    gc.disable()  # a fifth of the start-up is the collector walking what imports have made
    with (
        (home / "users").open("ab") as users,
        (home / "server.url").open("a+", encoding="utf-8") as address,
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener,
    ):
        threading.Thread(target=_end_with_the_last_user, args=(users,), daemon=True).start()
        listener.bind(("127.0.0.1", 0))  # bound, not listening: until it is ready it refuses
        port = listener.getsockname()[1]
        _announce(address, f"http://127.0.0.1:{port}/api")
        _serve(listener, port)


def _announce(address: IO[str], url: str) -> None:
    """Write down the address, and hold a lock on it while this process lives."""
    for _ in range(10):
        if _locked(address):
            address.truncate(0)
            address.write(url)
            address.flush()
            return
        time.sleep(_LOOK_EVERY_S)  # somebody is looking whether it is locked
    sys.exit(f"{address.name}: another server has it, and does not answer")


def _serve(listener: socket.socket, port: int) -> None:
    # Prefect reads its environment when it is imported; the UI asks there.
    os.environ["PREFECT_SERVER_API_PORT"] = str(port)
    os.environ["PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS"] = f"http://127.0.0.1:{port}"
    import uvicorn
    from prefect.server.api.server import create_app

    app = create_app(final=True)
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=3)
    gc.freeze()
    gc.enable()
    uvicorn.Server(config).run(sockets=[listener])


def _end_with_the_last_user(users: IO[Any]) -> None:
    """Every command holds a shared lock on `users`; the kernel takes it back however one ends."""
    while not _locked(users):
        time.sleep(_LOOK_EVERY_S)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_LEAVE_WITHIN_S)
    os._exit(1)


def _locked(file: IO[Any]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


if __name__ == "__main__":
    main(Path(sys.argv[1]))
