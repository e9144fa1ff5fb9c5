"""A process that has imported everything, and forks a driver for each job that it is given.

So a driver costs milliseconds and not seconds, and hundreds can be killed. Jobs come as lines of
JSON, and what became of each goes back as one. No thread ever lives in this process: it forks.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from typing import Any

NAP_S = 0.0005


def serve() -> None:
    """Do what the lines of standard input ask for, until there are no more."""
    from tests.kill import driver

    driver.import_everything()
    _say({"ready": True})
    for line in sys.stdin:
        _say(_answer(json.loads(line)))


def _say(answer: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _answer(request: Mapping[str, Any]) -> dict[str, Any]:
    if "job" in request:
        return {"pid": _fork(request["job"])}
    return _watch(request["pid"], request["seconds"], strike=request["strike"])


def _fork(job: Mapping[str, Any]) -> int:
    pid = os.fork()
    if pid == 0:
        from tests.kill import driver

        # The next job is not for a driver to read, nor is the answer its to give.
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        os._exit(driver.run(job))
    return pid


def _watch(pid: int, seconds: float, *, strike: bool) -> dict[str, Any]:
    """Wait until a driver ends or stops; after `seconds`, kill it or say that it runs on."""
    until = time.monotonic() + seconds
    while True:
        found, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
        if found:
            return _said(status)
        if time.monotonic() >= until:
            if not strike:
                return {"state": "running"}
            os.kill(pid, signal.SIGKILL)
            return _said(os.waitpid(pid, 0)[1])
        time.sleep(NAP_S)


def _said(status: int) -> dict[str, Any]:
    if os.WIFSTOPPED(status):
        return {"state": "stopped"}
    if os.WIFSIGNALED(status):
        return {"state": "killed", "signal": os.WTERMSIG(status)}
    return {"state": "ended", "code": os.WEXITSTATUS(status)}


if __name__ == "__main__":
    serve()
