"""Times as CVAT writes them: UTC, in ISO 8601, to the microsecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from auto_labeling.records import Micros

EVER = "1970-01-01T00:00:00.000000Z"


def micros_of(stamp: str) -> Micros:
    """Return UTC microseconds.

    >>> micros_of("1970-01-01T00:00:01.5Z")
    1500000
    """
    since = datetime.fromisoformat(stamp) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def stamp_of(at: Micros) -> str:
    """Return a time in the server's words.

    >>> stamp_of(1_500_000)
    '1970-01-01T00:00:01.500000Z'
    """
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
