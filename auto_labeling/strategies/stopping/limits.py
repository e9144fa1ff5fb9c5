"""Stop because of rounds, of the calendar, or because nothing is left to ask about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import Progress
from auto_labeling.records import Micros
from auto_labeling.strategies.stopping.ranges import whole

_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxRounds:
    """Fires after so many rounds.

    >>> MaxRounds(rounds=20).reason(
    ...     Progress(rounds=20, metrics={}, items=[], committed_micros=[], candidates_left=9, now=0)
    ... )
    'all 20 rounds are done'
    """

    kind: ClassVar[Literal["target", "exhausted", "rule"]] = "rule"
    rounds: int

    def __post_init__(self) -> None:
        whole("stop.max_rounds", self.rounds)

    def metrics(self) -> frozenset[str]:
        return _NOTHING

    def reason(self, progress: Progress) -> str | None:
        if progress.rounds < self.rounds:
            return None
        return "its round is done" if self.rounds == 1 else f"all {self.rounds} rounds are done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """Fires at the end of a day, or at a time.

    >>> rule = Deadline(at="2027-02-15", tz="Europe/Paris")
    >>> rule.instant
    datetime.datetime(2027, 2, 16, 0, 0, tzinfo=zoneinfo.ZoneInfo(key='Europe/Paris'))
    """

    kind: ClassVar[Literal["target", "exhausted", "rule"]] = "rule"
    at: str | date
    """A date, of which the whole day still counts, or an ISO time with its zone."""
    tz: str | None = None
    """The IANA zone of a date (UTC if none is given), or of a time that names none."""

    def __post_init__(self) -> None:
        _ = self.instant

    def metrics(self) -> frozenset[str]:
        return _NOTHING

    @property
    def instant(self) -> datetime:
        """When it fires."""
        given = self.at if isinstance(self.at, str) else self.at.isoformat()
        zone = self._zone()
        try:
            if len(given) <= len("2027-02-15"):
                day = date.fromisoformat(given) + timedelta(days=1)
                return datetime.combine(day, time(), zone or UTC)
            at = datetime.fromisoformat(given)
        except (ValueError, OverflowError) as error:
            raise ConfigurationError(
                f"stop.deadline.at: expected a date such as 2027-02-15, or a time such as "
                f"2027-02-15T18:00+01:00, got {given!r}"
            ) from error
        if at.tzinfo is None and zone is None:
            raise ConfigurationError(
                f"stop.deadline.at: {given!r} has no time zone; write it as {given}+00:00, or "
                "add the key tz"
            )
        return at if at.tzinfo is not None else at.replace(tzinfo=zone)

    def reason(self, progress: Progress) -> str | None:
        if progress.now < _micros(self.instant):
            return None
        return f"the deadline has passed: {self.at} {self.tz or ''}".rstrip()

    def _zone(self) -> tzinfo | None:
        if self.tz is None:
            return None
        try:
            return ZoneInfo(self.tz)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ConfigurationError(
                f"stop.deadline.tz: expected an IANA zone such as Europe/Paris, got {self.tz!r}"
            ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolExhausted:
    """Fires when no candidate is left."""

    kind: ClassVar[Literal["target", "exhausted", "rule"]] = "exhausted"

    def metrics(self) -> frozenset[str]:
        return _NOTHING

    def reason(self, progress: Progress) -> str | None:
        if progress.candidates_left > 0:
            return None
        labeled = progress.items[-1] if progress.items else 0
        return f"the pool is exhausted: no candidate is left after {labeled} labeled items"


def _micros(at: datetime) -> Micros:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
