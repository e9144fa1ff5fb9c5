"""What is looked after while we serve: newer models, and what projects are told of us."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from auto_labeling.errors import AutoLabelingError
from auto_labeling.records import CampaignId
from auto_labeling.serving.predicting import Predictor
from auto_labeling.serving.register import Register
from auto_labeling.serving.shelf import Open, Shelf
from auto_labeling.serving.telling import ShowsModels, Teller

_log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Upkeep:
    """Looks around every `every_s` seconds, in a thread of its own."""

    register: Register
    shelf: Shelf
    opened: Open
    tellers: Mapping[type, Teller]
    """Settings of a tool -> who speaks to its projects; none where tools cannot reach us."""
    every_s: float = 2.0
    again_s: float = 15.0
    """How long a project that could not be told is left alone."""
    _hooked: set[CampaignId] = field(default_factory=set, init=False)
    _shown: dict[CampaignId, tuple[str, int]] = field(default_factory=dict, init=False)
    """Campaign -> the version its project shows, and when its newest tasks were sent."""
    _told: dict[CampaignId, float] = field(default_factory=dict, init=False)
    """Campaign -> when its project was last spoken to."""
    _said: dict[CampaignId, str] = field(default_factory=dict, init=False)
    _closed: threading.Event = field(default_factory=threading.Event, init=False)

    def refresh(self) -> None:
        """Load the newest models of the campaigns under way, and of those that were asked for."""
        for campaign in dict.fromkeys([*self.register.under_way(), *self.shelf.campaigns()]):
            try:
                self.shelf.refresh(campaign)
            except AutoLabelingError as error:  # the others are looked after, and this one later
                self._say(campaign, error)

    def tell(self) -> None:
        """Tell the projects of the campaigns under way what they have not been told."""
        for campaign in self.register.under_way() if self.tellers else []:
            predictor, project = self.shelf.get(campaign), self.register.project_of(campaign)
            if predictor is None or project is None:
                continue
            try:
                self._tell(campaign, project, predictor)
            except AutoLabelingError as error:
                self._say(campaign, error)

    def start(self) -> None:
        """Look again and again, until closed."""
        threading.Thread(target=self._keep_looking, daemon=True).start()

    def close(self) -> None:
        """Look no more."""
        self._closed.set()

    def _keep_looking(self) -> None:
        while not self._closed.is_set():
            try:
                self.refresh()
                self.tell()
            except AutoLabelingError as error:
                _log.error("the ledger: %s", type(error).__name__)
            self._closed.wait(self.every_s)

    def _tell(self, campaign: CampaignId, project: int, predictor: Predictor) -> None:
        wanted = predictor.version, self.register.sent(campaign)
        shown = predictor.fitted is None or self._shown.get(campaign) == wanted
        recently = time.monotonic() - self._told.get(campaign, -self.again_s) < self.again_s
        if recently or (shown and campaign in self._hooked):
            return
        self._told[campaign] = time.monotonic()
        with self.opened(campaign) as opened:
            name, tool = opened.config.name, opened.config.backend
        teller = self.tellers.get(type(tool))
        if teller is None:
            return
        if campaign not in self._hooked:
            teller.hook(campaign, tool, project)
            self._hooked.add(campaign)
        if (
            shown
            or not isinstance(teller, ShowsModels)  # there, people ask
            or teller.show(name, tool, project, predictor.version)
        ):
            self._shown[campaign] = wanted
            del self._told[campaign]  # it listens
        self._said.pop(campaign, None)

    def _say(self, campaign: CampaignId, error: AutoLabelingError) -> None:
        """Log what is wrong once, by its kind: its words may repeat what a pool holds."""
        kind = type(error).__name__
        if self._said.get(campaign) != kind:
            self._said[campaign] = kind
            _log.error("%s: %s; `auto-label status` and `doctor` say more", campaign, kind)
