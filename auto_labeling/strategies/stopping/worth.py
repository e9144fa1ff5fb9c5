"""Stop when what the last labels changed was worth little, by the model's own probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from auto_labeling.ports import Progress, Shift
from auto_labeling.strategies.stopping.ranges import between, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedGain:
    """Fires when the last `share` of all labels won less than `points` of expected accuracy.

    It needs nothing but predictions on the pool. A share of the labels rather than a number of
    rounds, because what a round brings falls about as a power of how many labels there are: what
    the last 30 % brought is then in proportion to what is left, whatever the size of a batch. On
    the sets of `benchmarks/stopping.py` the gain is expected up to twice too high at first, and
    as the held-out accuracy then shows it by the time this fires. Ties that go on changing sides
    do not keep it from firing. Where items are drawn at random it fires early: little changes in
    a round then, for long; a larger `share` helps.

    >>> shifts = [Shift(before=20, items=40, changed=0.2, gain=0.1, uncertainty=0.5),
    ...           Shift(before=40, items=60, changed=0.1, gain=0.006, uncertainty=0.4),
    ...           Shift(before=60, items=80, changed=0.1, gain=0.001, uncertainty=0.4)]
    >>> progress = Progress(rounds=4, metrics={}, items=[20, 40, 60, 80], committed_micros=[0] * 4,
    ...                     candidates_left=9, now=0, shifts=shifts)
    >>> ExpectedGain(points=0.5).reason(progress)
    'expected gain: the last 30% of 80 labels changed predictions worth 0.22 points, less than 0.5'
    """

    kind: ClassVar[Literal["target", "exhausted", "rule"]] = "rule"
    points: float = 0.5
    """Percentage points of accuracy."""
    share: float = 0.3
    rounds: int = 3
    """How many rounds have to have been compared at least."""

    def __post_init__(self) -> None:
        between("stop.expected_gain.points", self.points, 0, 100)
        between("stop.expected_gain.share", self.share, 0, 1)
        whole("stop.expected_gain.rounds", self.rounds)

    def metrics(self) -> frozenset[str]:
        return frozenset()

    def reason(self, progress: Progress) -> str | None:
        shifts = progress.shifts
        # A model that never changed a prediction has not begun to learn.
        if len(shifts) < self.rounds or not any(shift.changed > 0 for shift in shifts):
            return None
        labels = shifts[-1].items
        since = labels * (1 - self.share)
        if shifts[0].before > since:  # what came earlier was never compared
            return None
        gained = 100 * sum(shift.gain * _part_after(shift, since) for shift in shifts)
        if not gained < self.points:
            return None
        return (
            f"expected gain: the last {self.share:.0%} of {labels} labels changed predictions "
            f"worth {gained:.2f} points, less than {self.points:g}"
        )


def _part_after(shift: Shift, since: float) -> float:
    """Return the share of a round's labels that came after the first `since` of all."""
    if shift.items <= since:
        return 0.0
    if shift.before >= since or shift.items <= shift.before:
        return 1.0
    return (shift.items - since) / (shift.items - shift.before)
