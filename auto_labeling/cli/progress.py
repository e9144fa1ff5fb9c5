"""What a run shows while it goes on: one line that moves, and one for every round that stays.

A thread looks into the ledger; the driver knows nothing of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text
from sqlalchemy import select

from auto_labeling import assemble
from auto_labeling.campaign import budget
from auto_labeling.campaign.ledger import Ledger
from auto_labeling.campaign.metric_names import in_words
from auto_labeling.campaign.rounds import CampaignState, RoundState, Step, next_step
from auto_labeling.campaign.schema import evaluations, rounds
from auto_labeling.campaign.transition import read_state
from auto_labeling.cli.screen import console
from auto_labeling.errors import AutoLabelingError
from auto_labeling.money import format_micros
from auto_labeling.records import CampaignId, Interval
from auto_labeling.reporting.terms import terms_of
from auto_labeling.reporting.wording import UNKNOWN, count, estimate
from auto_labeling.workspace import Workspace

LOOK_S = 0.33
_DOING = {
    Step.SCORE: "scoring the pool",
    Step.SELECT: "choosing a batch",
    Step.RESERVE: "reserving the money",
    Step.SEND: "sending it to the labeling tool",
    Step.COLLECT: "waiting for people",
    Step.WITHDRAW: "withdrawing what is open",
    Step.RECONCILE: "making labels of the answers",
    Step.REORDER: "asking for further opinions",
    Step.FREEZE: "freezing the data set",
    Step.TRAIN: "training the model",
    Step.EVALUATE: "judging the model",
    Step.DECIDE: "deciding whether to go on",
    Step.FINISH: "closing",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """A campaign at one moment."""

    state: CampaignState
    account: budget.Account
    finished: dict[int, tuple[int, int | None, int, Interval]]
    """By round: items, answers, micros, and the figure that decides; None where none was judged."""


@dataclass(slots=True)
class Watcher:
    """Looks at one campaign and says what is new."""

    ledger: Ledger
    campaign: CampaignId
    metric: str
    screen: Console
    said: set[int] = field(default_factory=set)
    waiting: int | None = None
    """The round that waited for people at the last look."""
    waiting_said: int | None = None

    def glance(self) -> Glance:
        """Return the campaign as it is now; cheap enough for three times a second."""
        with self.ledger.read() as connection:
            state = read_state(connection, self.campaign)
            account = budget.account(connection, self.campaign)
            rows = connection.execute(
                select(rounds.c.number, rounds.c.items_labeled, evaluations)
                .outerjoin(
                    evaluations,
                    (evaluations.c.campaign == rounds.c.campaign)
                    & (evaluations.c.round == rounds.c.number)
                    & (evaluations.c.arm == "campaign")
                    & (evaluations.c.metric == self.metric),
                )
                .where(rounds.c.campaign == self.campaign, rounds.c.items_labeled.is_not(None))
                .order_by(rounds.c.number)
            ).all()
        done = state.round + 1 if state.stopped else state.round
        return Glance(
            state=state,
            account=account,
            finished={row.number: _figures(row) for row in rows if row.number < done},
        )

    def say_finished(self, now: Glance) -> None:
        """Print a line for every round that has been finished since the last look."""
        for number, (items, answers, micros, figure) in now.finished.items():
            if number in self.said:
                continue
            self.said.add(number)
            found = estimate(self.metric, figure)
            cost = format_micros(micros, now.account.currency)
            parts = [
                f"round {number:>3}",
                f"{count(items):>6} items",
                "" if answers is None else f"{count(answers):>7} answers  {cost:>9}",
                "" if found == UNKNOWN else f"{in_words(self.metric)} {found}",
            ]
            self.screen.print("  ".join(part for part in parts if part), soft_wrap=True)

    def say_waiting(self, now: Glance) -> None:
        """Print, once a round, that it is people's turn; for screens where nothing moves."""
        state = now.state
        seen, self.waiting = self.waiting, state.round if _is_waiting(state) else None
        # Twice in a row: simulated people answer between two looks.
        if self.waiting is not None and seen == self.waiting != self.waiting_said:
            self.waiting_said = state.round
            self.screen.print(
                f"round {state.round:>3}  {count(state.open_asks, 'answer')} asked for",
                soft_wrap=True,
            )


def _is_waiting(state: CampaignState) -> bool:
    return state.state is RoundState.SENT and state.open_asks > 0


def moving(now: Glance, metric: str) -> str:
    """Return the line that moves, in two: what is being done, and what it came to so far."""
    step = next_step(now.state)
    doing = "done" if step is None else _DOING[step]
    account = now.account
    cap = account.cap_micros + account.contingency_micros
    figures = f"{count(account.committed_answers)} of {count(account.cap_answers)} answers"
    if cap:
        spent = format_micros(account.cost_micros, account.currency)
        figures += f", {spent} of {format_micros(cap, account.currency)}"
    if now.finished:
        found = estimate(metric, now.finished[max(now.finished)][3])
        figures += "" if found == UNKNOWN else f"\n  {in_words(metric)} {found}"
    return f"round {now.state.round}: {doing}\n  {figures}"


@contextmanager
def shown(workspace: Workspace, campaign: CampaignId) -> Iterator[Callable[[], None]]:
    """Show the progress of a campaign while the block runs; call what is given once it begins."""
    screen = console()
    metric = terms_of(assemble.account_of(workspace, campaign)).primary
    ledger = assemble.open_ledger(workspace)
    begun, done = threading.Event(), threading.Event()
    watcher = Watcher(ledger=ledger, campaign=campaign, metric=metric, screen=screen)
    try:
        watcher.said |= set(watcher.glance().finished)
        spinner = Spinner("dots", Text("starting Prefect's server"))
        with _moving_line(screen, spinner):
            # Nobody sees the spinner where nothing moves.
            words = (watcher, spinner if screen.is_terminal else None, begun, done)
            thread = threading.Thread(target=_watch, args=words, daemon=True)
            thread.start()
            try:
                yield begun.set
            finally:
                done.set()
                thread.join()
    finally:
        ledger.close()


def _moving_line(screen: Console, spinner: Spinner) -> AbstractContextManager[object]:
    if not screen.is_terminal or screen.is_dumb_terminal:
        return nullcontext()
    return Live(spinner, console=screen, refresh_per_second=8, transient=True)


def _watch(
    watcher: Watcher, spinner: Spinner | None, begun: threading.Event, done: threading.Event
) -> None:
    while True:
        last = done.wait(LOOK_S)
        with suppress(AutoLabelingError):  # a locked ledger is looked at again
            now = watcher.glance()
            watcher.say_finished(now)
            if spinner is None:
                watcher.say_waiting(now)
            elif begun.is_set():
                spinner.update(text=Text(moving(now, watcher.metric)))
        if last:
            return


def _figures(row: object) -> tuple[int, int | None, int, Interval]:
    known = getattr(row, "n", None) is not None
    nan = float("nan")

    def number(name: str) -> float:
        value = getattr(row, name)
        return nan if value is None else value

    figure = (
        Interval(value=number("value"), low=number("low"), high=number("high"), n=row.n)  # type: ignore[attr-defined]
        if known
        else Interval.unknown()
    )
    return (
        int(row.items_labeled),  # type: ignore[attr-defined]
        getattr(row, "committed_answers", None),
        int(getattr(row, "committed_micros", 0) or 0),
        figure,
    )
