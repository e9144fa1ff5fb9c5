"""What is done in the background: a tick where no driver waits, and a training that was asked for.

Each is a process of its own, so that no answer to the tool waits for it; never two at once for one
campaign, so that a training can first take in what people have answered.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Literal, TypeAlias

from auto_labeling.errors import AutoLabelingError
from auto_labeling.records import CampaignId

Errand: TypeAlias = Literal["tick", "retrain"]
State: TypeAlias = Literal["running", "done", "failed"]
Run: TypeAlias = Callable[[Errand, CampaignId], bool]
"""Does an errand and returns whether it went well, once it is done."""
_log = logging.getLogger(__name__)


class Errands:
    """Sends at most one errand at a time for a campaign."""

    def __init__(self, run: Run, *, is_driven: Callable[[CampaignId], bool], rest_s: float) -> None:
        self._run = run
        self._is_driven = is_driven
        self._rest_s = rest_s
        self._lock = threading.Lock()
        self._due: set[CampaignId] = set()
        self._ticking: set[CampaignId] = set()
        self._training: dict[CampaignId, State] = {}
        self._turns: defaultdict[CampaignId, threading.Lock] = defaultdict(threading.Lock)
        self._closed = threading.Event()

    def tick(self, campaign: CampaignId) -> None:
        """Let the campaign go on soon; asked for once more while it does, it does once more."""
        with self._lock:
            self._due.add(campaign)
            if campaign in self._ticking or self._closed.is_set():
                return
            self._ticking.add(campaign)
        threading.Thread(target=self._ticks, args=(campaign,), daemon=True).start()

    def train(self, campaign: CampaignId) -> bool:
        """Begin to train, and return whether that is so: False where a training is under way."""
        with self._lock:
            if self._training.get(campaign) == "running" or self._closed.is_set():
                return False
            self._training[campaign] = "running"
        threading.Thread(target=self._trains, args=(campaign,), daemon=True).start()
        return True

    def training(self) -> dict[CampaignId, State]:
        """Return what became of the last training of each campaign."""
        with self._lock:
            return dict(self._training)

    def close(self) -> None:
        """Begin nothing any more."""
        self._closed.set()

    def _ticks(self, campaign: CampaignId) -> None:
        while self._is_due(campaign):
            self._sent("tick", campaign)
            self._closed.wait(self._rest_s)

    def _is_due(self, campaign: CampaignId) -> bool:
        """Take the wish for a tick, or leave: both at once, so that none is lost between."""
        with self._lock:
            due = campaign in self._due and not self._closed.is_set()
            self._due.discard(campaign)
            if not due:
                self._ticking.discard(campaign)
            return due

    def _trains(self, campaign: CampaignId) -> None:
        well = self._sent("retrain", campaign)
        with self._lock:
            self._training[campaign] = "done" if well else "failed"

    def _sent(self, errand: Errand, campaign: CampaignId) -> bool:
        with self._lock:
            turn = self._turns[campaign]
        try:
            with turn:
                if errand == "tick" and self._is_driven(campaign):
                    return True
                return self._run(errand, campaign)
        except (AutoLabelingError, OSError) as error:
            _log.error("%s %s: %s", errand, campaign, type(error).__name__)
            return False
