"""What every stopping rule keeps to; a rule's subclass says when it fires and when it does not."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import pytest

from auto_labeling.ports import Progress, Shift, StoppingRule
from auto_labeling.records import Interval

NAN = math.nan


def progress(
    values: Mapping[str, Sequence[float]] | None = None,
    *,
    margin: float = 0.02,
    money: Sequence[int] | None = None,
    agreement: Sequence[float] = (),
    shifts: Sequence[Shift] = (),
    rounds: int | None = None,
    left: int = 100,
    now: int = 0,
) -> Progress:
    """Progress whose intervals reach `margin` to both sides."""
    curves = {
        name: [Interval(value=v, low=v - margin, high=v + margin, n=200) for v in curve]
        for name, curve in (values or {}).items()
    }
    length = max(
        [len(curve) for curve in curves.values()] + [len(agreement), len(shifts)], default=0
    )
    count = length if rounds is None else rounds
    return Progress(
        rounds=count,
        metrics=curves,
        items=[20 * (at + 1) for at in range(count)],
        committed_micros=list(money) if money is not None else [0] * count,
        candidates_left=left,
        now=now,
        agreement=agreement,
        shifts=shifts,
    )


def shifts_of(
    *,
    gain: Sequence[float] = (),
    changed: Sequence[float] = (),
    uncertainty: Sequence[float] = (),
    batch: int = 20,
) -> list[Shift]:
    """What rounds of `batch` labels changed; a figure that is not given is .5 throughout."""
    count = max(len(gain), len(changed), len(uncertainty))

    def figure(given: Sequence[float], at: int) -> float:
        return given[at] if given else 0.5

    return [
        Shift(
            before=batch * (at + 1),
            items=batch * (at + 2),
            changed=figure(changed, at),
            gain=figure(gain, at),
            uncertainty=figure(uncertainty, at),
        )
        for at in range(count)
    ]


class StoppingContract:
    """A rule is silent until it has reason to speak, and then says one sentence with figures."""

    rule: StoppingRule
    fires: Progress
    """Progress at which it stops."""
    silent: Progress
    """Progress just short of that."""

    def test_it_fires_with_one_sentence_that_holds_a_figure(self) -> None:
        said = self.rule.reason(self.fires)
        assert said is not None
        assert any(letter.isdigit() for letter in said)
        assert "\n" not in said
        assert "nan" not in said

    def test_it_is_silent_just_before(self) -> None:
        assert self.rule.reason(self.silent) is None

    def test_it_is_silent_before_anything_was_judged(self) -> None:
        assert self.rule.reason(progress()) is None

    def test_it_never_fires_on_what_is_unknown(self) -> None:
        known = self.fires
        unknown = dataclasses.replace(
            known,
            metrics={name: [Interval.unknown() for _ in c] for name, c in known.metrics.items()},
            agreement=[NAN for _ in known.agreement],
            shifts=[
                dataclasses.replace(shift, changed=NAN, gain=NAN, uncertainty=NAN)
                for shift in known.shifts
            ],
        )
        if not (known.metrics or known.agreement or known.shifts):
            pytest.skip("looks at no estimate")
        assert self.rule.reason(unknown) is None

    def test_it_reads_the_metrics_that_it_names_and_no_others(self) -> None:
        rule, known = self.rule, self.fires
        own = {name: curve for name, curve in known.metrics.items() if name in rule.metrics()}
        assert rule.reason(dataclasses.replace(known, metrics=own)) == rule.reason(known)
        for name in rule.metrics():
            fewer = {other: curve for other, curve in own.items() if other != name}
            assert rule.reason(dataclasses.replace(known, metrics=fewer)) is None

    def test_it_says_what_sort_of_end_it_brings(self) -> None:
        assert self.rule.kind in ("target", "exhausted", "rule")
