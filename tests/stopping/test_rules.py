from __future__ import annotations

import dataclasses
import math
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import Shift
from auto_labeling.strategies.stopping import MAIN, TABLE, rules_from
from auto_labeling.strategies.stopping.joined import AllOf
from auto_labeling.strategies.stopping.limits import Deadline, MaxRounds, PoolExhausted
from auto_labeling.strategies.stopping.stability import (
    ClassificationChange,
    OverallUncertainty,
    StablePredictions,
)
from auto_labeling.strategies.stopping.target import Target
from auto_labeling.strategies.stopping.trend import GainBelow, Plateau
from auto_labeling.strategies.stopping.worth import ExpectedGain
from tests.contracts.stopping import NAN, StoppingContract, progress, shifts_of

NOON = datetime(2027, 2, 15, 12, tzinfo=UTC)


def micros(at: datetime) -> int:
    return round(at.timestamp()) * 1_000_000


class TestTarget(StoppingContract):
    rule = Target(at_least=0.9)
    fires = progress({"accuracy": [0.5, 0.93]}, margin=0.02)
    silent = progress({"accuracy": [0.93, 0.91]}, margin=0.02)


class TestTargetByClass(StoppingContract):
    rule = Target(metric="f1_macro", at_least=0.8, per_class={"person": {"recall": 0.85}})
    fires = progress({"f1_macro": [0.9], "recall/person": [0.9]})
    silent = progress({"f1_macro": [0.9], "recall/person": [0.86]})


class TestPlateau(StoppingContract):
    rule = Plateau(points=1.0, rounds=2)
    fires = progress({"accuracy": [0.7, 0.8, 0.805, 0.79]})
    silent = progress({"accuracy": [0.7, 0.8, 0.815, 0.79]})


class TestGainBelow(StoppingContract):
    rule = GainBelow(points=0.5, per_money="100", rounds=1)
    fires = progress({"accuracy": [0.80, 0.802]}, money=[0, 50_000_000])
    silent = progress({"accuracy": [0.80, 0.803]}, money=[0, 50_000_000])


class TestStablePredictions(StoppingContract):
    rule = StablePredictions(kappa=0.99, rounds=2)
    fires = progress(agreement=[NAN, 0.5, 0.99, 0.995])
    silent = progress(agreement=[NAN, 0.995, 0.98, 0.995])


class TestClassificationChange(StoppingContract):
    rule = ClassificationChange(rounds=2)
    fires = progress(shifts=shifts_of(changed=[0.2, 0.0, 0.0]))
    silent = progress(shifts=shifts_of(changed=[0.0, 0.0, 0.001]))


class TestOverallUncertainty(StoppingContract):
    rule = OverallUncertainty(below=0.05)
    fires = progress(shifts=shifts_of(uncertainty=[0.2, 0.049]))
    silent = progress(shifts=shifts_of(uncertainty=[0.04, 0.05]))


class TestExpectedGain(StoppingContract):
    # Of 100 labels the last 30 are the last round and half of the one before.
    rule = ExpectedGain(points=0.5, share=0.3, rounds=3)
    fires = progress(shifts=shifts_of(gain=[0.3, 0.1, 0.004, 0.0029]))
    silent = progress(shifts=shifts_of(gain=[0.3, 0.1, 0.004, 0.0030001]))


class TestAllOf(StoppingContract):
    rule = AllOf(rules=(StablePredictions(kappa=0.9, rounds=1), Plateau(points=1.0, rounds=1)))
    fires = progress({"accuracy": [0.7, 0.705]}, agreement=[0.9])
    silent = progress({"accuracy": [0.7, 0.705]}, agreement=[0.89])


class TestMaxRounds(StoppingContract):
    rule = MaxRounds(rounds=3)
    fires = progress(rounds=3)
    silent = progress(rounds=2)


class TestDeadline(StoppingContract):
    rule = Deadline(at="2027-02-15T12:00+00:00")
    fires = progress(now=micros(NOON))
    silent = progress(now=micros(NOON) - 1)


class TestPoolExhausted(StoppingContract):
    rule = PoolExhausted()
    fires = progress(rounds=2, left=0)
    silent = progress(rounds=2, left=1)


CONTRACTS = [thing for name, thing in globals().items() if name.startswith("Test")]


def test_every_rule_of_the_table_has_a_contract_here() -> None:
    assert set(TABLE.values()) == {type(contract.rule) for contract in CONTRACTS}


def test_the_main_fields_are_fields() -> None:
    assert all(hasattr(TABLE[kind], name) for kind, name in MAIN.items())


@given(st.lists(st.floats(0, 1) | st.just(NAN), min_size=1, max_size=8))
def test_a_target_goes_by_the_last_lower_bound_alone(values: list[float]) -> None:
    said = Target(at_least=0.8).reason(progress({"accuracy": values}, margin=0.1))
    assert (said is not None) == (values[-1] - 0.1 >= 0.8)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=8), st.integers(1, 4))
def test_a_plateau_is_a_best_value_that_hardly_rose(values: list[float], rounds: int) -> None:
    said = Plateau(points=5.0, rounds=rounds).reason(progress({"accuracy": values}))
    enough = len(values) > rounds
    rise = max(values) - max(values[: len(values) - rounds]) if enough else math.inf
    assert (said is not None) == (100 * max(rise, 0.0) < 5.0)


def test_a_plateau_does_not_look_through_a_round_that_is_unknown() -> None:
    rule = Plateau(points=1.0, rounds=2)
    assert rule.reason(progress({"accuracy": [0.8, 0.8, 0.8]})) is not None
    assert rule.reason(progress({"accuracy": [0.8, NAN, 0.8]})) is None
    assert rule.reason(progress({"accuracy": [0.8, NAN, 0.8, 0.8]})) is not None


def test_gain_below_counts_the_money_of_its_own_rounds() -> None:
    rule = GainBelow(points=0.5, per_money=100, rounds=1)
    # Two points for 100 in all, but in the last round .1 points for 50, that is .2 for 100.
    late = progress({"accuracy": [0.80, 0.82, 0.821]}, money=[0, 50_000_000, 100_000_000])
    said = rule.reason(late)
    assert said is not None
    assert "0.10 points for 50.00, that is 0.20 points per 100" in said
    unpaid = progress({"accuracy": [0.80, 0.80]}, money=[50_000_000, 50_000_000])
    assert rule.reason(unpaid) is None


def test_stability_needs_every_one_of_its_rounds() -> None:
    rule = StablePredictions(kappa=0.9, rounds=3)
    assert rule.reason(progress(agreement=[0.95, 0.95])) is None
    assert rule.reason(progress(agreement=[0.95, NAN, 0.95])) is None


@given(st.lists(st.floats(0, 0.02), min_size=3, max_size=12), st.integers(1, 60))
def test_expected_gain_adds_up_what_the_last_labels_brought(gains: list[float], batch: int) -> None:
    """Against a sum label by label, each bringing its part of the round's gain."""
    shifts = shifts_of(gain=gains, batch=batch)
    labels = batch * (len(gains) + 1)
    by_label = [0.0] * batch + [gain / batch for gain in gains for _ in range(batch)]
    first = 0.7 * labels
    worth = sum(part * min(1.0, max(0.0, at + 1 - first)) for at, part in enumerate(by_label))
    assume(abs(100 * worth - 0.5) > 1e-6)
    said = ExpectedGain(points=0.5, share=0.3, rounds=3).reason(progress(shifts=shifts))
    assert (said is not None) == (100 * worth < 0.5)


def test_expected_gain_waits_until_all_that_it_looks_at_was_compared() -> None:
    # From 100 labels on: at 120 the last 30 % begin at 84, at 160 at 112.
    shifts = [
        Shift(before=100 + 20 * at, items=120 + 20 * at, changed=0.1, gain=0.0, uncertainty=0.5)
        for at in range(3)
    ]
    rule = ExpectedGain(rounds=1)
    assert rule.reason(progress(shifts=shifts[:1])) is None
    assert rule.reason(progress(shifts=shifts)) is not None


def test_expected_gain_takes_no_model_for_settled_that_never_moved() -> None:
    rule = ExpectedGain()
    never = shifts_of(gain=[0.0] * 6, changed=[0.0] * 6)
    assert rule.reason(progress(shifts=never)) is None
    once = shifts_of(gain=[0.0] * 6, changed=[0.1] + [0.0] * 5)
    assert rule.reason(progress(shifts=once)) is not None


def test_a_round_that_only_corrected_labels_counts_whole() -> None:
    shifts = shifts_of(gain=[0.1, 0.001, 0.001, 0.001])
    rule = ExpectedGain()
    assert rule.reason(progress(shifts=shifts)) is not None
    corrected = dataclasses.replace(shifts[-1], before=shifts[-1].items, gain=0.01)
    assert rule.reason(progress(shifts=[*shifts, corrected])) is None


def test_rules_that_have_to_agree_say_so_together() -> None:
    (rule,) = rules_from({"all_of": {"max_rounds": 2, "stable_predictions": {"rounds": 1}}})
    assert rule == AllOf(rules=(MaxRounds(rounds=2), StablePredictions(rounds=1)))
    said = rule.reason(progress(rounds=3, agreement=[0.995]))
    assert said is not None
    assert "all 2 rounds are done; and stable predictions" in said
    assert rule.reason(progress(rounds=3, agreement=[0.9])) is None
    assert rule.reason(progress(rounds=1, agreement=[0.995])) is None


@pytest.mark.parametrize(
    ("rule", "end"),
    [
        (Deadline(at="2027-02-15"), datetime(2027, 2, 16, tzinfo=UTC)),
        (Deadline(at=date(2027, 2, 15)), datetime(2027, 2, 16, tzinfo=UTC)),
        (Deadline(at="2027-02-15", tz="Europe/Paris"), datetime(2027, 2, 15, 23, tzinfo=UTC)),
        (Deadline(at="2027-02-15T18:00", tz="Asia/Tokyo"), datetime(2027, 2, 15, 9, tzinfo=UTC)),
        (
            Deadline(at="2027-02-15T18:00+02:00", tz="Asia/Tokyo"),
            datetime(2027, 2, 15, 16, tzinfo=UTC),
        ),
        (Deadline(at="2027-02-15T18:00Z"), datetime(2027, 2, 15, 18, tzinfo=UTC)),
    ],
)
def test_a_deadline_is_the_end_of_a_day_or_a_time(rule: Deadline, end: datetime) -> None:
    assert rule.reason(progress(now=micros(end) - 1)) is None
    assert rule.reason(progress(now=micros(end))) is not None


def test_rules_are_read_as_the_campaign_file_gives_them() -> None:
    stop = {
        "target": {"metric": "map50", "at_least": 0.8, "per_class": {"person": {"recall": 0.85}}},
        "deadline": "2027-02-15",
        "gain_below": {"points": 0.5, "per_money": "100"},
        "max_rounds": 20,
        "plateau": True,
        "pool_exhausted": False,
    }
    assert rules_from(stop) == (
        Target(metric="map50", at_least=0.8, per_class={"person": {"recall": 0.85}}),
        Deadline(at="2027-02-15"),
        GainBelow(points=0.5, per_money="100"),
        MaxRounds(rounds=20),
        Plateau(),
    )


@pytest.mark.parametrize(
    ("stop", "said"),
    [
        ({"targett": 0.9}, "unknown key 'targett'; did you mean 'target'"),
        ({"target": {"at_leat": 0.9}}, r"stop\.target: unknown key 'at_leat'; did you mean 'at_le"),
        ({"target": {"metric": "accuracy"}}, "stop.target: the key 'at_least' is missing"),
        ({"target": 90}, r"stop\.target\.at_least: expected a number between 0 and 1, got 90"),
        ({"target": "0.9"}, r"stop\.target\.at_least: .*got '0\.9'"),
        ({"target": {"metric": "log_loss", "at_least": 0.5}}, "better when higher"),
        ({"target": {"at_least": 0.9, "per_class": {"cat": 0.8}}}, r"per_class\.cat: expected"),
        ({"target": {"at_least": 0.9, "per_class": {"cat": {"recall": 8}}}}, r"cat\.recall: exp"),
        ({"target": {"at_least": 0.9, "per_class": 0.8}}, r"per_class: expected"),
        ({"plateau": {"points": 0}}, r"plateau\.points"),
        ({"plateau": {"rounds": 0}}, r"plateau\.rounds"),
        ({"plateau": {"metric": ""}}, r"plateau\.metric"),
        ({"gain_below": 0.5}, r"stop\.gain_below: expected keys and values, got 0\.5"),
        ({"gain_below": {"points": 0.5, "per_money": 100.0}}, "quoted amount"),
        ({"gain_below": {"points": 0.5, "per_money": "ten"}}, "got 'ten'"),
        ({"gain_below": {"points": 0.5, "per_money": "0"}}, "above zero"),
        ({"stable_predictions": 1.5}, r"stable_predictions\.kappa"),
        ({"classification_change": 1.0}, r"classification_change\.share: expected a share from"),
        ({"overall_uncertainty": 0}, r"overall_uncertainty\.below: expected a number between"),
        ({"expected_gain": 0}, r"expected_gain\.points: expected a number between 0 and 100"),
        ({"expected_gain": {"share": 1}}, r"expected_gain\.share: expected a number between"),
        ({"expected_gain": {"rounds": 0}}, r"expected_gain\.rounds: expected a whole number"),
        ({"all_of": {}}, r"stop\.all_of: expected at least one rule"),
        ({"all_of": True}, "stop: expected keys and values, got True"),
        ({"all_of": {"plateua": 1}}, "unknown key 'plateua'; did you mean 'plateau'"),
        ({"max_rounds": True}, "the key 'rounds' is missing"),
        ({"max_rounds": 2.5}, r"stop\.max_rounds: expected a whole number"),
        ({"max_rounds": 0}, r"stop\.max_rounds: expected a whole number"),
        ({"deadline": "soon"}, r"deadline\.at: expected a date .* got 'soon'"),
        ({"deadline": "9999-12-31"}, r"deadline\.at: expected a date"),
        ({"deadline": "2027-02-15T18:00"}, r"no time zone; write it as 2027-02-15T18:00\+00:00"),
        ({"deadline": {"at": "2027-02-15", "tz": "Mars/Base"}}, r"deadline\.tz"),
        ({"pool_exhausted": 3}, r"stop\.pool_exhausted"),
        ([], "stop: expected keys and values"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(stop: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        rules_from(stop)
