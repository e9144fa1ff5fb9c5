"""Time as a campaign sees it: what tells it, and what ends a wait."""

from __future__ import annotations

from typing import Protocol

from auto_labeling.records import CampaignId, Micros


class Clock(Protocol):
    """The time people live in: real, or that of simulated people."""

    def now(self) -> Micros:
        """Return UTC microseconds; never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return when `seconds` have passed."""
        ...


class Waker(Protocol):
    """Ends a wait for people early. A hint: whoever is woken looks, and may find nothing."""

    def wake(self, campaign: CampaignId) -> None:
        """End the wait of whoever waits for this campaign, now or the next time; twice is once."""
        ...

    def wait(self, campaign: CampaignId, seconds: float) -> bool:
        """Return True once this campaign is woken, or False when `seconds` have passed."""
        ...
