"""One driver a campaign: a lease with a heartbeat and a fencing token.

Real time, not people's: a simulated campaign lives months in seconds, its driver does not.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from auto_labeling.campaign import schema
from auto_labeling.campaign.ledger import Fence, Ledger
from auto_labeling.errors import AutoLabelingError, LeaseHeld
from auto_labeling.records import CampaignId

LEASE_S = 60.0
HEARTBEAT_S = 15.0


@contextmanager
def held(
    ledger: Ledger,
    campaign: CampaignId,
    *,
    lease_s: float = LEASE_S,
    heartbeat_s: float = HEARTBEAT_S,
) -> Iterator[Fence]:
    """Hold the campaign while the block runs. Raises `LeaseHeld` if another driver does."""
    fence = _acquire(ledger, campaign, lease_s)
    done = threading.Event()
    beat = threading.Thread(
        target=_beat, args=(ledger, fence, lease_s, heartbeat_s, done), daemon=True
    )
    beat.start()
    try:
        yield fence
    finally:
        done.set()
        beat.join()
        with suppress(AutoLabelingError):  # lost, or no disk: then it simply runs out
            _release(ledger, fence)


def holder(connection: Connection, campaign: CampaignId) -> str | None:
    """Return the process that holds a campaign now, in words, or None."""
    lease = schema.leases
    row = connection.execute(select(lease).where(lease.c.campaign == campaign)).mappings().first()
    return f"process {row['pid']} on {row['host']}" if row is not None and _is_alive(row) else None


def _acquire(ledger: Ledger, campaign: CampaignId, lease_s: float) -> Fence:
    lease = schema.leases
    with ledger.write() as connection:
        row = (
            connection.execute(select(lease).where(lease.c.campaign == campaign)).mappings().first()
        )
        if row is not None and _is_alive(row):
            left_s = (row["expires_at"] - _now()) / 1e6
            raise LeaseHeld(
                f"campaign {campaign}: process {row['pid']} on {row['host']} is driving it; wait "
                f"for it, or stop that process (its lease ends in {left_s:.0f} s unless renewed)"
            )
        token = 1 if row is None else row["token"] + 1
        mine = {
            "token": token,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "started": _started(os.getpid()),
            "expires_at": _now() + int(lease_s * 1e6),
        }
        _replace(connection, campaign, mine)
    return Fence(campaign=campaign, token=token)


def _replace(connection: Connection, campaign: CampaignId, row: dict[str, object]) -> None:
    lease = schema.leases
    connection.execute(delete(lease).where(lease.c.campaign == campaign))
    connection.execute(insert(lease).values(campaign=campaign, **row))


def _is_alive(row: RowMapping) -> bool:
    if row["expires_at"] <= _now():
        return False
    if row["host"] != socket.gethostname():
        return True
    return _started(row["pid"]) == str(row["started"]) != ""


def _beat(
    ledger: Ledger, fence: Fence, lease_s: float, heartbeat_s: float, done: threading.Event
) -> None:
    while not done.wait(heartbeat_s):
        # A missed beat is not an error: the next write finds out whether the lease still holds.
        with suppress(AutoLabelingError), ledger.write(fence) as connection:
            connection.execute(
                update(schema.leases)
                .where(schema.leases.c.campaign == fence.campaign)
                .values(expires_at=_now() + int(lease_s * 1e6))
            )


def _release(ledger: Ledger, fence: Fence) -> None:
    with ledger.write(fence) as connection:
        # The row stays, so that the token never goes back.
        connection.execute(
            update(schema.leases)
            .where(schema.leases.c.campaign == fence.campaign)
            .values(expires_at=0)
        )


def _now() -> int:
    return time.time_ns() // 1000


def _started(pid: int) -> str:
    """Return what tells this process from a later one with the same pid; empty if it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return "" if Path("/proc/self/stat").exists() else _started_elsewhere(pid)
    state, *fields = stat.rpartition(")")[2].split()
    return "" if state == "Z" else fields[18]


def _started_elsewhere(pid: int) -> str:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        return "alive"
    return "alive"
