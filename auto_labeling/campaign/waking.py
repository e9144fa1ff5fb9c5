"""Ends a driver's wait early: a file that is touched, so that any process on this host can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from auto_labeling.files import disk_errors
from auto_labeling.records import CampaignId
from auto_labeling.workspace import Workspace

LOOK_S = 0.5
"""How often a waiting driver looks for the file; hints that come closer together are one."""


@dataclass(frozen=True, slots=True)
class FileWaker:
    """`Waker` for processes on one host.

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> waker = FileWaker(Workspace(Path(folder.name)), sleep=lambda seconds: None)
    >>> waker.wake("digits-0badcafe")
    >>> waker.wait("digits-0badcafe", 600), waker.wait("digits-0badcafe", 600)
    (True, False)
    >>> folder.cleanup()
    """

    workspace: Workspace
    sleep: Callable[[float], None]

    def wake(self, campaign: CampaignId) -> None:
        path = self._file(campaign)
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

    def wait(self, campaign: CampaignId, seconds: float) -> bool:
        path, left = self._file(campaign), seconds
        while left > 0:
            self.sleep(min(left, LOOK_S))
            left -= LOOK_S
            if path.exists():
                path.unlink(missing_ok=True)  # before the look: what comes from now on is new
                return True
        return False

    def _file(self, campaign: CampaignId) -> Path:
        return self.workspace.campaign(campaign) / "wake"
