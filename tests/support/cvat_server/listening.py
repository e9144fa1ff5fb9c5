"""Uvicorn in a thread, which starts and ends at once."""

from __future__ import annotations

import asyncio
import socket
import threading

import uvicorn

from tests.support.cvat_server.app import App


class Listening(uvicorn.Server):
    """An app that answers at a socket from when this is made until `stop()`."""

    def __init__(self, app: App, listener: socket.socket) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            lifespan="off",
            ws="none",
            loop="asyncio",
            http="h11",
        )
        super().__init__(config)
        self._begun = threading.Event()
        self._thread = threading.Thread(
            target=self.run, args=([listener],), name="cvat", daemon=True
        )
        self._thread.start()
        if not self._begun.wait(30):
            raise RuntimeError("the server did not start in 30 s")

    async def main_loop(self) -> None:
        """Wait for the end; uvicorn's own loop would look ten times a second."""
        self._end, self._loop = asyncio.Event(), asyncio.get_running_loop()
        self._begun.set()
        await self._end.wait()

    def stop(self) -> None:
        """Close all connections and end."""
        self.force_exit = True  # every answer was given in one piece, nothing is under way
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()
