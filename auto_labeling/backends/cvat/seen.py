"""Where a poll stopped: what was reported of every finished job, so that a change can be told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from auto_labeling.backends.cvat.stamps import EVER, micros_of, stamp_of
from auto_labeling.errors import RejectedError
from auto_labeling.records import Cursor, Micros

LATE: Micros = 10_000_000
"""How long after its `updated_date` a change may become visible: a transaction takes its time."""
WHOLE: Micros = 3 * 3600 * 1_000_000
"""How often every job is listed: a server whose clock was set back hides what came meanwhile."""
NOTHING = "--------"
"""The digest of a frame on which nothing was answered."""
_DIGITS = len(NOTHING)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSeen:
    """What was reported of one job."""

    at: str = ""
    """Its `updated_date` when it was read; empty where it never was."""
    who: int | None = None
    """The number of the user whose it was while it was annotated, as far as we saw: a reviewer is
    no author. No login, because those are not kept in the ledger."""
    table: str = ""
    """The digest of what its frames are."""
    frames: tuple[str, ...] = ()
    """A digest of the answer on each frame."""
    before: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """Frame -> the digests of what stood there earlier."""

    @classmethod
    def parse(cls, plain: Any) -> JobSeen:
        """Return what `plain` has written."""
        at, who, table, digests, before = plain
        frames = (digests[at : at + _DIGITS] for at in range(0, len(digests), _DIGITS))
        return cls(
            at=at,
            who=who,
            table=table,
            frames=tuple(frames),
            before={int(frame): tuple(earlier) for frame, earlier in before.items()},
        )

    def plain(self) -> list[Any]:
        """Return it as JSON."""
        return [self.at, self.who, self.table, "".join(self.frames), dict(self.before)]

    def with_frames(self, frames: tuple[str, ...]) -> JobSeen:
        """Return it with other answers, the earlier ones kept in mind."""
        changed = {
            at: (*self.before.get(at, ()), old)
            for at, (old, new) in enumerate(zip(self.frames, frames, strict=False))
            if old != new
        }
        return replace(self, frames=frames, before={**self.before, **changed})

    def fingerprint(self, job: int, frame: int) -> str:
        """Return that of what stands on a frame; what came back after a change has another one."""
        digest = self.frames[frame]
        again = self.before.get(frame, ()).count(digest)
        return f"{job}.{frame}@{digest}" + (f".{again}" if again else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Where a poll stopped."""

    latest: str = EVER
    """The youngest `updated_date` of all jobs, in the server's own words."""
    first: Micros = 0
    """When we first saw it, by our clock."""
    listed: Micros = 0
    """When the jobs up to there were last listed."""
    whole: Micros = 0
    """When every job was last listed."""
    count: int = 0
    """How many jobs there were: another number means that some are new, or gone."""
    jobs: Mapping[int, JobSeen] = field(default_factory=dict)

    @classmethod
    def parse(cls, cursor: Cursor | None) -> Seen:
        """Return what a cursor says. Raises `RejectedError` where it is none of ours."""
        if cursor is None:
            return cls()
        try:
            told = json.loads(cursor)
            jobs = {int(job): JobSeen.parse(one) for job, one in told.pop("jobs").items()}
            return cls(**told, jobs=jobs)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise RejectedError(f"cursor: expected one of CVAT, got {cursor[:40]!r}") from error

    def cursor(self) -> Cursor:
        """Return it as text."""
        told = {name: getattr(self, name) for name in self.__slots__ if name != "jobs"}
        told["jobs"] = {str(job): one.plain() for job, one in self.jobs.items()}
        return json.dumps(told, separators=(",", ":"))

    @property
    def settled(self) -> bool:
        """Whether nothing up to `latest` can become visible any more."""
        return self.listed - self.first >= LATE

    @property
    def since(self) -> str:
        """The `updated_date` from which on jobs are looked at again."""
        if self.settled or self.latest == EVER:
            return self.latest
        return stamp_of(micros_of(self.latest) - LATE)

    def due(self, now: Micros) -> bool:
        """Whether it is time to list every job again."""
        return now - self.whole >= WHOLE
