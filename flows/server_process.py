"""The Prefect server of one workspace, as a process that ends with the last command that uses it.

Run by `flows.server` as a script. It imports nothing of this project, and it is told where it lives
by its environment, which the starter prepared.
"""

from __future__ import annotations

import fcntl
import gc
import json
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import BinaryIO

LOOK_EVERY_S = 0.2
LEAVE_WITHIN_S = 10.0


def serve(home: Path) -> None:
    """Serve the API and the UI on a free loopback port until nobody holds `home/users`."""
    gc.disable()  # a fifth of the start-up is the collector walking what imports have made
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))  # bound, not listening: until it is ready it refuses
    port = listener.getsockname()[1]
    os.environ["PREFECT_SERVER_API_PORT"] = str(port)  # read at import; the UI asks there
    os.environ["PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS"] = f"http://127.0.0.1:{port}"
    _announce(home / "server.json", f"http://127.0.0.1:{port}/api")
    users = (home / "users").open("ab")
    threading.Thread(target=_end_with_the_last_user, args=(users,), daemon=True).start()

    import uvicorn
    from prefect.server.api.server import create_app

    config = uvicorn.Config(create_app(final=True), log_level="warning", timeout_graceful_shutdown=3)
    gc.freeze()
    gc.enable()
    uvicorn.Server(config).run(sockets=[listener])


def _announce(path: Path, url: str) -> None:
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps({"pid": os.getpid(), "url": url}), encoding="utf-8")
    draft.replace(path)


def _end_with_the_last_user(users: BinaryIO) -> None:
    """Every command holds a shared lock on `users`; the kernel takes it back however one ends."""
    while not _only_one(users):
        time.sleep(LOOK_EVERY_S)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(LEAVE_WITHIN_S)
    os._exit(1)


def _only_one(users: BinaryIO) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
