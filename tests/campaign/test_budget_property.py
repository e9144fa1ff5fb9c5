"""Whatever is reserved, committed, released, answered late, amended or killed: the caps hold."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from auto_labeling.campaign.budget import Account, Charge, fitting
from auto_labeling.campaign.ledger import Ledger
from auto_labeling.money import PerAnswer, PerHour, PerObject, Price
from tests.support.accounts import account_problems
from tests.support.budget_acts import (
    CAMPAIGN,
    Act,
    Amend,
    Commit,
    Release,
    Reserve,
    account,
    allowed,
    open_account,
)
from tests.support.children import Child

REFUSED = 3
"""The exit code of a child whose act the budget refused."""
PRICES: tuple[Price, ...] = (
    PerAnswer(rate_micros=50_000),
    PerAnswer(rate_micros=0),
    PerObject(rate_micros=20_000, objects_upper=3),
    PerHour(rate_micros=18_000_000, seconds_upper=9.3),
)
prices = st.sampled_from(PRICES)
caps = st.builds(
    Amend,
    st.sampled_from([0, 4, 12, 30, 90]),
    st.sampled_from([0, 150_000, 600_000, 4_000_000]),
    st.sampled_from([0, 30_000, 200_000, 2_000_000]),
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A ledger with nothing in it, to be copied: a migration takes a tenth of a second."""
    path = tmp_path_factory.mktemp("template") / "ledger.db"
    Ledger.open(path).close()
    return path.read_bytes()


@pytest.fixture
def path(template: bytes, tmp_path: Path) -> Path:
    made = tmp_path / "ledger.db"
    made.write_bytes(template)
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """An act, drawn before it is known what there is to act on: a race may end either way."""

    kind: type[Act]
    caps: Amend
    wanted: list[Price]
    places: list[int]
    objects: int
    seconds: float | None


plans = st.builds(
    Plan,
    kind=st.sampled_from([Reserve, Reserve, Reserve, Amend, Commit, Commit, Commit, Release]),
    caps=caps,
    wanted=st.lists(prices, max_size=6),
    places=st.lists(st.integers(0, 99), min_size=1, max_size=4),
    objects=st.integers(0, 6),
    seconds=st.one_of(st.none(), st.floats(0, 40)),
)


class Accounts(RuleBasedStateMachine):
    """Two writers, each with a connection of its own, on one file."""

    template = b""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "ledger.db"
        path.write_bytes(self.template)
        self.path = path
        self.writers = (Ledger.open(path), Ledger.open(path))
        self.open: dict[str, Price] = {}
        """Asks whose reservation holds: waited for, or expired and perhaps answered late."""
        self.names = 0
        self.model: Account

    def teardown(self) -> None:
        self.let_go()
        self.folder.cleanup()

    def let_go(self) -> None:
        for writer in self.writers:
            writer.close()

    @initialize(first=caps)
    def opened(self, first: Amend) -> None:
        self.model = open_account(self.writers[0], first)

    @rule(writer=st.integers(0, 1), plan=plans)
    def one_acts(self, writer: int, plan: Plan) -> None:
        act = self.meant(plan, list(self.open))
        self.became(act, allowed(self.writers[writer], act))

    @rule(writer=st.integers(0, 1), wanted=st.lists(st.lists(prices, max_size=3), max_size=6))
    def what_fits_is_reserved_and_no_more_would_fit(
        self, writer: int, wanted: list[list[Price]]
    ) -> None:
        costs = [[price.reserve_micros for price in item] for item in wanted]
        with self.writers[writer].read() as connection:
            count = fitting(connection, CAMPAIGN, costs)
        act = self.reservation([price for item in wanted[:count] for price in item])
        assert allowed(self.writers[writer], act)
        self.became(act, True)
        if count < len(wanted):
            assert not allowed(self.writers[writer], self.reservation(wanted[count]))

    @rule(one=plans, other=plans)
    def both_act_at_once(self, one: Plan, other: Plan) -> None:
        asks = list(self.open)
        acts = (self.meant(one, asks[::2]), self.meant(other, asks[1::2]))
        done = at_once(
            *(partial(allowed, writer, act) for writer, act in zip(self.writers, acts, strict=True))
        )
        found = account(self.writers[0])
        orders = [list(zip(acts, done, strict=True)), list(zip(acts, done, strict=True))[::-1]]
        assert found in [after(self.model, order) for order in orders]
        for act, well in zip(acts, done, strict=True):
            self.follow(act, well)
        self.model = found

    @rule(writer=st.integers(0, 1), plan=plans)
    def a_step_fails_before_its_commit(self, writer: int, plan: Plan) -> None:
        act = self.meant(plan, list(self.open))
        with suppress(ZeroDivisionError), self.writers[writer].write() as connection:
            if act.expected(self.model) is not None:
                act.apply(connection)
            assert account(self.writers[1 - writer]) == self.model
            raise ZeroDivisionError

    @rule(plan=plans, statement=st.integers(1, 5))
    def a_writer_is_killed_on_the_way(self, plan: Plan, statement: int) -> None:
        act = self.meant(plan, list(self.open))
        self.let_go()
        code = Child.fork(lambda _say: dies_at(self.path, act, statement)).end()
        assert code in (-signal.SIGKILL, 0, REFUSED)
        if code != -signal.SIGKILL:
            self.became(act, code == 0)

    @invariant()
    def the_caps_hold_and_everything_adds_up(self) -> None:
        if hasattr(self, "model"):
            with self.writers[1].read() as connection:
                assert account_problems(connection, CAMPAIGN) == []
            assert account(self.writers[0]) == self.model

    def meant(self, plan: Plan, asks: list[str]) -> Act:
        """Return what a plan means now, where only `asks` may be ended."""
        if plan.kind is Amend:
            return plan.caps
        if plan.kind is Reserve or not asks:
            return self.reservation(plan.wanted)
        chosen = {asks[place % len(asks)]: None for place in plan.places}
        if plan.kind is Release:
            return Release(tuple((ask, self.open[ask].reserve_micros) for ask in chosen))
        charges = (
            Charge(
                ask=ask,
                reserved_micros=self.open[ask].reserve_micros,
                paid_micros=self.open[ask].settle(objects=plan.objects, seconds=plan.seconds),
            )
            for ask in chosen
        )
        return Commit(tuple(charges))

    def reservation(self, wanted: Sequence[Price]) -> Reserve:
        """Return the reservation of new asks, whose names say their price."""
        first, self.names = self.names, self.names + len(wanted)
        named = [f"{PRICES.index(price)}-{at}" for at, price in enumerate(wanted, first)]
        asks = [(name, price.reserve_micros) for name, price in zip(named, wanted, strict=True)]
        return Reserve(tuple(asks))

    def became(self, act: Act, done: bool) -> None:
        """Expect that it was allowed as it should be, and do it in the model."""
        expected = act.expected(self.model)
        assert done == (expected is not None)
        self.model = expected or self.model
        self.follow(act, done)

    def follow(self, act: Act, done: bool) -> None:
        if done and isinstance(act, Reserve):
            self.open |= {ask: PRICES[int(ask.partition("-")[0])] for ask, _ in act.asks}
        elif done and isinstance(act, Commit):
            self.forget({charge.ask for charge in act.charges})
        elif done and isinstance(act, Release):
            self.forget(set(dict(act.asks)))

    def forget(self, asks: set[str]) -> None:
        self.open = {ask: price for ask, price in self.open.items() if ask not in asks}


def after(now: Account, acts: Sequence[tuple[Act, bool]]) -> Account | None:
    """Return the account after acts in this order, None if they could not end as they did."""
    for act, done in acts:
        expected = act.expected(now)
        if done != (expected is not None):
            return None
        now = expected or now
    return now


def at_once(*works: Callable[[], bool]) -> list[bool]:
    """Return what each returns, all begun at the same moment in threads of their own."""
    gate = threading.Barrier(len(works))
    found: dict[int, bool | BaseException] = {}

    def run(at: int, work: Callable[[], bool]) -> None:
        gate.wait()
        try:
            found[at] = work()
        except BaseException as error:  # noqa: BLE001 - raised again below
            found[at] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in found.values():
        if isinstance(one, BaseException):
            raise one
    return [bool(found[at]) for at in range(len(works))]


def dies_at(path: Path, act: Act, statement: int) -> None:
    """Do something in this process, which is killed at its n-th statement if it comes that far."""
    ledger = Ledger.open(path)
    left = [statement]

    def count(*_: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(ledger.engine, "after_cursor_execute", count)
    event.listen(ledger.engine, "commit", count)
    os._exit(0 if allowed(ledger, act) else REFUSED)


def play(template: bytes, **chosen: Any) -> None:
    machine = type("AccountsOfTemplate", (Accounts,), {"template": template})
    quiet: dict[str, Any] = {
        "deadline": None,
        "database": None,
        "suppress_health_check": list(HealthCheck),
    }
    run_state_machine_as_test(machine, settings=settings(**quiet, **chosen))


@pytest.mark.slow
def test_no_sequence_of_acts_breaks_the_caps(template: bytes) -> None:
    play(template, max_examples=25, stateful_step_count=30, derandomize=True)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_no_long_sequence_of_acts_breaks_the_caps(template: bytes) -> None:
    play(template, max_examples=500, stateful_step_count=60)


@pytest.mark.parametrize(
    "change",
    [
        "committed_answers = cap_answers - reserved_answers + 1",
        "reserved_answers = cap_answers - committed_answers + 1",
        "committed_micros = cap_micros - reserved_micros + 1",
        "reserved_micros = cap_micros - committed_micros + 1",
        "cap_answers = committed_answers + reserved_answers - 1",
        "cap_micros = committed_micros + reserved_micros - 1",
        "contingency_used_micros = contingency_micros + 1",
        "contingency_micros = contingency_used_micros - 1",
        "reserved_answers = -1",
        "committed_answers = -1",
        "reserved_micros = -1",
        "committed_micros = -1",
        "contingency_used_micros = -1",
    ],
)
def test_the_database_itself_refuses_what_would_break_a_cap(path: Path, change: str) -> None:
    ledger = Ledger.open(path)
    open_account(ledger, Amend(10, 500_000, 50_000))
    assert allowed(ledger, Reserve((("a", 50_000), ("b", 50_000))))
    assert allowed(ledger, Commit((Charge(ask="a", reserved_micros=50_000, paid_micros=60_000),)))
    before = account(ledger)
    with (
        pytest.raises(IntegrityError, match="CHECK constraint failed"),
        ledger.write() as connection,
    ):
        connection.execute(text(f"UPDATE budgets SET {change}"))
    assert account(ledger) == before
    ledger.close()


def test_two_processes_that_ask_for_everything_get_it_once(path: Path) -> None:
    ledger = Ledger.open(path)
    open_account(ledger, Amend(100, 5_000_000, 0))
    ledger.close()

    def asks(name: str, _say: Callable[[str], None]) -> None:
        mine = Ledger.open(path)
        for batch in range(20):
            allowed(mine, Reserve(tuple((f"{name}-{batch}-{n}", 50_000) for n in range(8))))

    children = [Child.fork(partial(asks, name)) for name in ("one", "other")]
    assert [child.end() for child in children] == [0, 0]
    assert account(ledger).reserved_answers == 96
    with ledger.read() as connection:
        assert account_problems(connection, CAMPAIGN) == []
    ledger.close()


def test_what_no_fund_can_cover_is_owed_and_noted(path: Path) -> None:
    ledger = Ledger.open(path)
    open_account(ledger, Amend(2, 100_000, 30_000))
    assert allowed(ledger, Reserve((("a", 50_000), ("b", 50_000))))
    dear = [Charge(ask=ask, reserved_micros=50_000, paid_micros=70_000) for ask in ("a", "b")]
    assert allowed(ledger, Commit(tuple(dear)))
    now = account(ledger)
    assert (now.committed_micros, now.contingency_used_micros) == (100_000, 30_000)
    assert (now.cost_micros, now.owed_micros) == (140_000, 10_000)
    with ledger.read() as connection:
        owed = connection.execute(text("SELECT ask, micros FROM spend WHERE kind = 'owed'")).all()
    assert [tuple(row) for row in owed] == [("b", 10_000)]
    ledger.close()
