"""Label Studio as a process that ends with the one that started it, however that one ended.

Run by Label Studio's own Python, as a script; it imports nothing of this project.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Sequence
from importlib import import_module
from typing import Any

_LOOK_EVERY_S = 0.2


def main(parent: int, words: Sequence[str]) -> None:
    """Run `label-studio WORDS` for as long as the process `parent` lives."""
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()

    # A line a request, while campaigns poll for weeks; what goes wrong is still said.
    logging.getLogger("django.server").addFilter(lambda said: said.levelno >= logging.WARNING)
    _fetch_no_tips()
    sys.argv = ["label-studio", *words]
    import_module("label_studio.server").main()


def _fetch_no_tips() -> None:
    """Refuse the one call that no setting turns off: the tips of the day, from GitHub."""
    requests: Any = import_module("requests")
    get = requests.get

    def get_all_but_tips(url: str, *args: Any, **told: Any) -> Any:
        if "HeidiTips" in url:
            raise requests.ConnectionError("no tips are fetched")
        return get(url, *args, **told)

    requests.get = get_all_but_tips


def _end_with(parent: int) -> None:
    # Not PR_SET_PDEATHSIG: that ends with the thread which started us, and only on Linux.
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY_S)
    os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
