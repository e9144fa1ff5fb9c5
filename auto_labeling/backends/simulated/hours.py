"""When a simulated person is at work."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from auto_labeling.errors import ConfigurationError
from auto_labeling.records import Micros

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_CLOCK = r"\d\d(?::\d\d)?"
_PATTERN = re.compile(
    rf"(?P<days>[A-Z][a-z]{{2}}(?:[-,][A-Z][a-z]{{2}})*) (?P<open>{_CLOCK})-(?P<close>{_CLOCK})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Some weekdays, from one time of day to another, in a zone of the world."""

    days: frozenset[int]
    """0 is Monday."""
    opens: time
    closes: time
    """At or before `opens`: on the next day."""
    zone: ZoneInfo

    def next_open(self, at: Micros) -> Micros:
        """Return the first moment from `at` on at which the person is at work.

        >>> paris = parse("Mon-Fri 09-15", "Europe/Paris")
        >>> saturday = datetime(2026, 3, 28, 12, tzinfo=UTC)
        >>> monday = paris.next_open(int(saturday.timestamp()) * 1_000_000)
        >>> datetime.fromtimestamp(monday / 1e6, UTC).isoformat()  # summer time began on Sunday
        '2026-03-30T07:00:00+00:00'
        """
        today = datetime.fromtimestamp(at // 1_000_000, self.zone).date()
        for ahead in range(-1, 9):  # -1: a night shift that began yesterday
            day = today + timedelta(days=ahead)
            if day.weekday() in self.days:
                opened, closed = self._window(day)
                if max(at, opened) < closed:
                    return max(at, opened)
        raise ConfigurationError(f"hours: nobody is at work within a week of {today}")

    def _window(self, day: date) -> tuple[Micros, Micros]:
        last = day if self.closes > self.opens else day + timedelta(days=1)
        return self._utc(day, self.opens), self._utc(last, self.closes)

    def _utc(self, day: date, clock: time) -> Micros:
        # Through the zone, so that a day of 23 or 25 hours opens and closes when its clocks say so.
        local = datetime.combine(day, clock, self.zone)
        return int(local.astimezone(UTC).timestamp()) * 1_000_000


def parse(text: str, zone: str) -> Hours:
    """Return the hours that a text such as `Mon-Fri 09-15` or `Sat,Sun 08:30-12` describes.

    >>> sorted(parse("Mon,Wed-Fri 22-06", "UTC").days)
    [0, 2, 3, 4]
    """
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise ConfigurationError(f"hours: expected such as 'Mon-Fri 09-15', got {text!r}")
    try:
        place = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigurationError(
            f"tz: expected an IANA zone such as Europe/Paris, got {zone!r}"
        ) from error
    return Hours(
        days=frozenset(day for part in match["days"].split(",") for day in _range(part, text)),
        opens=_time(match["open"], text),
        closes=_time(match["close"], text),
        zone=place,
    )


def _range(part: str, text: str) -> list[int]:
    names = part.split("-")
    if len(names) > 2 or not set(names) <= set(_DAYS):
        raise ConfigurationError(f"hours: expected days of {', '.join(_DAYS)}, got {text!r}")
    first, last = _DAYS.index(names[0]), _DAYS.index(names[-1])
    return [day % 7 for day in range(first, last + 1 if last >= first else last + 8)]


def _time(clock: str, text: str) -> time:
    hour, _, minute = clock.partition(":")
    try:
        # 24 is midnight: at or before any opening time, and so on the next day.
        return time(0 if clock in ("24", "24:00") else int(hour), int(minute or 0))
    except ValueError:
        raise ConfigurationError(f"hours: expected times up to 24, got {text!r}") from None
