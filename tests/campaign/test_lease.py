"""One driver a campaign: who holds it, who may take it over, and who is refused after waking."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from auto_labeling.campaign import lease
from auto_labeling.campaign.ledger import Ledger
from auto_labeling.campaign.schema import events, leases
from auto_labeling.errors import LeaseHeld, LeaseLost
from tests.support.children import Child

CAMPAIGN = "c"
FAR_FUTURE = 2**62
Say = Callable[[str], None]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger.open(tmp_path / "ledger.db")
    yield opened
    opened.close()


def row(ledger: Ledger) -> Any:
    with ledger.read() as connection:
        return connection.execute(select(leases).where(leases.c.campaign == CAMPAIGN)).one()


def change(ledger: Ledger, **values: Any) -> None:
    with ledger.write() as connection:
        connection.execute(update(leases).values(**values))


def take(ledger: Ledger) -> int:
    """Return the token with which the campaign can be taken now."""
    with lease.held(ledger, CAMPAIGN) as fence:
        return fence.token


def holder(path: Path, **times: float) -> Child:
    """Return a process that holds the campaign until it is killed, once it does."""

    def holds(say: Say) -> None:
        with lease.held(Ledger.open(path), CAMPAIGN, **times):
            say("held")
            signal.pause()

    child = Child.fork(holds)
    assert child.hear() == "held"
    return child


def test_of_two_drivers_the_second_is_refused_and_told_whom_to_wait_for(ledger: Ledger) -> None:
    with (
        lease.held(ledger, CAMPAIGN),
        pytest.raises(LeaseHeld, match=rf"{CAMPAIGN}: process {os.getpid()} on") as refused,
        lease.held(ledger, CAMPAIGN),
    ):
        pass
    assert socket.gethostname() in str(refused.value)
    assert "stop that process" in str(refused.value)


def test_another_campaign_is_free_meanwhile(ledger: Ledger) -> None:
    with lease.held(ledger, CAMPAIGN), lease.held(ledger, "another") as fence:
        assert (fence.campaign, fence.token) == ("another", 1)


def test_every_driver_has_a_higher_token_than_the_one_before(ledger: Ledger) -> None:
    assert [take(ledger) for _ in range(3)] == [1, 2, 3]


def test_the_lease_is_given_back_even_by_a_driver_that_fails(ledger: Ledger) -> None:
    def fails() -> None:
        with lease.held(ledger, CAMPAIGN):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert take(ledger) == 2


def test_of_many_drivers_at_once_one_gets_it(ledger: Ledger) -> None:
    path = ledger.path
    ledger.close()

    def tries(say: Say) -> None:
        try:
            with lease.held(Ledger.open(path), CAMPAIGN):
                say("held")
                signal.pause()
        except LeaseHeld:
            say("refused")

    children = [Child.fork(tries) for _ in range(4)]
    assert sorted(child.hear() for child in children) == ["held", *["refused"] * 3]
    for child in children:
        child.kill()


def test_the_lease_of_a_killed_process_is_taken_at_once(ledger: Ledger) -> None:
    path = ledger.path
    ledger.close()
    child = holder(path)
    with pytest.raises(LeaseHeld, match=f"process {child.pid} on"):
        take(ledger)
    ledger.close()
    child.kill()
    assert row(ledger).expires_at > time.time_ns() // 1000 + 30_000_000
    assert take(ledger) == 2


def test_a_zombie_holds_nothing(ledger: Ledger) -> None:
    path = ledger.path
    ledger.close()
    child = holder(path)
    child.send(signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead, and nobody has fetched it
    assert take(ledger) == 2
    child.end()


def test_another_process_with_the_same_pid_is_not_the_holder(ledger: Ledger) -> None:
    take(ledger)
    change(ledger, expires_at=FAR_FUTURE, started="long ago")
    assert take(ledger) == 2
    change(ledger, expires_at=FAR_FUTURE)
    with pytest.raises(LeaseHeld):
        take(ledger)


def test_another_host_is_believed_until_its_lease_has_run_out(ledger: Ledger) -> None:
    take(ledger)
    # Dead here, but this pid means nothing here.
    change(ledger, host="elsewhere", pid=1, started="0", expires_at=FAR_FUTURE)
    with pytest.raises(LeaseHeld, match="process 1 on elsewhere"):
        take(ledger)
    change(ledger, expires_at=time.time_ns() // 1000 - 1)
    assert take(ledger) == 2


def test_the_heartbeat_renews_the_lease(ledger: Ledger) -> None:
    with lease.held(ledger, CAMPAIGN, lease_s=50, heartbeat_s=0.01):
        first = row(ledger).expires_at
        until = time.monotonic() + 20
        while row(ledger).expires_at <= first and time.monotonic() < until:
            time.sleep(0.01)
        assert row(ledger).expires_at > first


def test_no_heartbeat_goes_on_after_the_end(ledger: Ledger) -> None:
    before = threading.active_count()
    with lease.held(ledger, CAMPAIGN, heartbeat_s=0.01):
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
    assert row(ledger).expires_at == 0


def test_a_lease_without_heartbeats_runs_out_and_goes_to_the_next(ledger: Ledger) -> None:
    path = ledger.path
    with lease.held(ledger, CAMPAIGN, lease_s=0.05, heartbeat_s=60) as late:
        time.sleep(0.06)
        other = Ledger.open(path)
        with lease.held(other, CAMPAIGN) as fence:
            assert fence.token == late.token + 1
            with pytest.raises(LeaseLost), ledger.write(late):
                pass
        other.close()
    assert row(ledger).token == 2


def test_a_driver_that_lost_its_lease_does_not_end_that_of_the_next(ledger: Ledger) -> None:
    other = Ledger.open(ledger.path)
    with lease.held(ledger, CAMPAIGN, lease_s=0.05, heartbeat_s=60):
        time.sleep(0.06)
        second = lease.held(other, CAMPAIGN)
        fence = second.__enter__()
    with other.write(fence):
        pass
    with pytest.raises(LeaseHeld):
        take(ledger)
    second.__exit__(None, None, None)
    other.close()


def test_a_driver_stopped_past_its_lease_is_refused_when_it_wakes(ledger: Ledger) -> None:
    path = ledger.path
    ledger.close()

    def works(say: Say) -> None:
        mine = Ledger.open(path)
        # Blocked before there are threads: a signal that comes early waits for `sigwait`.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
        with lease.held(mine, CAMPAIGN, lease_s=0.5, heartbeat_s=0.05) as fence:
            say("held")
            signal.sigwait({signal.SIGUSR1})
            try:
                note(mine, fence, "the woken one")
            except LeaseLost as error:
                say(f"refused: {error}")

    child = Child.fork(works)
    assert child.hear() == "held"
    child.send(signal.SIGSTOP)
    os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOWAIT)
    wait_until_expired(ledger)
    with lease.held(ledger, CAMPAIGN) as fence:
        note(ledger, fence, "the next one")
        ledger.close()
        child.send(signal.SIGCONT)
        child.send(signal.SIGUSR1)
        assert child.hear().startswith("refused: campaign c: another driver took over")
        assert child.end() == 0
        note(ledger, fence, "goes on")
    with ledger.read() as connection:
        said = list(connection.scalars(select(events.c.body).order_by(events.c.seq)))
    assert said == ["the next one", "goes on"]


def note(ledger: Ledger, fence: Any, said: str) -> None:
    with ledger.write(fence) as connection:
        connection.execute(insert(events).values(campaign=CAMPAIGN, kind="note", body=said, at=0))


def wait_until_expired(ledger: Ledger) -> None:
    until = time.monotonic() + 20
    while row(ledger).expires_at > time.time_ns() // 1000:
        assert time.monotonic() < until, "a stopped driver's heart beats on"
        time.sleep(0.05)
