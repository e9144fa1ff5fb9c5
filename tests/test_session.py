from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest, entropy

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.sampling.committee import QueryByCommittee
from auto_labeling.sampling.intelligent import IntelligentSampler
from auto_labeling.sampling.learner import ActiveLearner
from auto_labeling.sampling.model_change import ExpectedModelChange
from auto_labeling.sampling.sampler import Sampler
from auto_labeling.session.labeling import LabelingSession
from auto_labeling.session.record import pool_digest
from tests.support.clouds import TEXTS, TONES, clouds

POOL, TRUTH = clouds(90)


def session(sampler: Sampler | None = None, **criteria: Any) -> LabelingSession:
    return LabelingSession(sampler or ActiveLearner(random_state=0), POOL, criteria)


def labeled(made: LabelingSession, batches: int, size: int = 10, **more: Any) -> LabelingSession:
    for _ in range(batches):
        batch = made.get_next_batch(size)
        made.submit_labels(batch, TRUTH[batch], **more)
    return made


@pytest.mark.parametrize(
    "sampler",
    [
        ActiveLearner(random_state=0),
        IntelligentSampler(random_state=0),
        QueryByCommittee(base_estimator="logistic_regression", random_state=0),
        ExpectedModelChange(random_state=0),
    ],
)
def test_a_session_runs_until_the_pool_is_exhausted(sampler: Sampler) -> None:
    made = session(sampler)
    while not made.should_stop():
        labeled(made, 1, 40)
    assert made.n_labeled == 90
    assert "the pool is exhausted" in str(made.should_stop().reason)
    assert sorted(made.labels[0].tolist()) == list(range(90))
    np.testing.assert_array_equal(made.labels[1], TRUTH[made.labels[0]])
    assert made.get_next_batch(5).tolist() == []


def test_a_session_chooses_as_its_sampler_would() -> None:
    made = labeled(session(), 2)
    alone, left = ActiveLearner(random_state=0), np.arange(90)
    for expected in (made.labels[0][:10], made.labels[0][10:]):
        picks = left[alone.select(POOL[left], 10)]
        np.testing.assert_array_equal(picks, expected)
        alone.update(POOL[picks], TRUTH[picks])
        left = np.setdiff1d(left, picks)


def test_what_is_handed_out_is_not_handed_out_again() -> None:
    made = session()
    first, second = made.get_next_batch(10).tolist(), made.get_next_batch(10).tolist()
    assert not set(first) & set(second)
    assert made.handed_out.tolist() == first + second
    made.take_back(first)
    assert made.handed_out.tolist() == second
    made.submit_labels(second, TRUTH[second])
    assert made.handed_out.tolist() == []
    made.get_next_batch(5)
    made.take_back()
    assert made.handed_out.tolist() == []


def test_labels_that_nobody_asked_for_count_as_well() -> None:
    made = session()
    made.submit_labels([3, 5], TRUTH[[3, 5]])
    made.submit_labels([], [])
    assert (made.n_labeled, made.cost) == (2, 2.0)
    assert not {3, 5} & set(made.get_next_batch(88).tolist())


def test_max_samples_shrinks_the_last_batch() -> None:
    made = labeled(session(max_samples=25), 2)
    assert len(made.get_next_batch(10)) == 5
    assert len(made.get_next_batch(10)) == 0, "the rest is being labeled"
    made.submit_labels(made.handed_out, TRUTH[made.handed_out])
    assert made.should_stop().reason == "max_samples: 25 items are labeled (at most 25)"


def test_max_cost_counts_what_it_was_told() -> None:
    made = labeled(session(max_cost=1.0), 1, cost=0.4)
    assert not made.should_stop()
    labeled(made, 1, cost=0.7)
    assert made.cost == pytest.approx(1.1)
    assert made.should_stop().reason == "max_cost: the labels cost 1.1 (at most 1)"


def test_the_estimate_is_a_cross_validated_share_with_exact_limits() -> None:
    made = session()
    assert math.isnan(made.estimated_accuracy)
    labeled(made, 4)
    share, n = made.estimated_accuracy, made.n_labeled
    limits = binomtest(round(share * n), n).proportion_ci(method="exact")
    assert made.estimated_accuracy_interval == pytest.approx((limits.low, limits.high))
    assert 0.5 < share < 1.0
    assert made.estimated_accuracy == share, "it does not change by itself"


def test_labels_of_noise_are_not_learned_by_heart() -> None:
    rng = np.random.default_rng(0)
    points, coins = rng.normal(size=(400, 4)), rng.integers(0, 2, 400)
    made = LabelingSession(ActiveLearner("random_forest", random_state=0), points)
    made.submit_labels(np.arange(400), coins)
    low, high = made.estimated_accuracy_interval
    assert low < 0.5 < high


def test_min_accuracy_is_reached_by_the_lower_limit() -> None:
    made = session(min_accuracy=0.6)
    while not made.should_stop():
        before = made.estimated_accuracy_interval[0] if made.n_labeled else 0.0
        assert not before >= 0.6
        labeled(made, 1)
    assert made.estimated_accuracy_interval[0] >= 0.6
    assert str(made.should_stop().reason).startswith("target reached: accuracy is at least")


def test_a_plateau_and_stable_predictions_end_a_session() -> None:
    easy, names = np.repeat(20.0 * np.eye(4)[:3], 30, axis=0) + POOL / 9, np.repeat(list("abc"), 30)
    for criteria, word in (
        ({"accuracy_plateau_rounds": 2}, "plateau"),
        ({"stable_predictions": True}, "stable predictions"),
        ({"stable_predictions": 0.9}, "asked: 0.9"),
    ):
        made = LabelingSession(ActiveLearner(random_state=0), easy, criteria)
        while not made.should_stop():
            batch = made.get_next_batch(9)
            made.submit_labels(batch, names[batch])
        assert word in str(made.should_stop().reason)
        assert made.n_labeled < 90


@pytest.mark.parametrize(
    ("criteria", "word"),
    [
        ({"classification_change": True}, "classification change"),
        ({"classification_change": 0.02}, "asked: 2.00%"),
        ({"overall_uncertainty": 0.6}, "less than 0.6"),
        ({"expected_gain": True}, "expected gain"),
        ({"expected_gain": 2}, "less than 2"),
    ],
)
def test_what_ends_a_campaign_for_want_of_change_ends_a_session(
    criteria: dict[str, Any], word: str
) -> None:
    pool, truth = clouds(900)
    made = LabelingSession(ActiveLearner(random_state=0), pool, criteria)
    while not made.should_stop():
        batch = made.get_next_batch(20)
        made.submit_labels(batch, truth[batch])
    assert word in str(made.should_stop().reason)
    assert made.n_labeled < 900


def test_rules_are_fed_what_labels_changed() -> None:
    """The shift by its definition, from models that were fitted without a session."""
    made = session(ActiveLearner(random_state=0).fit(*clouds(9, seed=5)), expected_gain=True)
    labeled(made, 2)
    newest = made._record.progress(90).shifts[-1]
    picks = made.labels[0]
    older, newer = (
        ActiveLearner(random_state=0)
        .fit(*clouds(9, seed=5))
        .update(POOL[picks[:count]], TRUTH[picks[:count]])
        .model
        for count in (10, 20)
    )
    old, new = older.predict_proba(POOL), newer.predict_proba(POOL)
    was, now, rows = old.argmax(1), new.argmax(1), np.arange(90)
    assert (newest.before, newest.items) == (19, 29)
    assert newest.changed == pytest.approx((was != now).mean())
    assert newest.changed > 0
    assert newest.gain == pytest.approx((new[rows, now] - new[rows, was]).mean())
    unlabeled = np.delete(new, picks, axis=0)
    assert newest.uncertainty == pytest.approx(entropy(unlabeled, axis=1).mean() / np.log(3))


def test_classes_that_come_later_are_compared_too() -> None:
    made = session(classification_change=True)
    for name in ("ant", "bee", "cat"):
        batch = np.flatnonzero(name == TRUTH)[:5]
        made.submit_labels(batch, TRUTH[batch])
    assert [shift.changed > 0 for shift in made._record.progress(90).shifts] == [True, True]


@pytest.mark.parametrize("strategy", ["margin", "hybrid", "random"])
def test_a_session_that_is_resumed_goes_on_as_it_would_have(strategy: str, tmp_path: Path) -> None:
    def sampler() -> ActiveLearner:
        return ActiveLearner(strategy=strategy, random_state=0)

    criteria = {"expected_gain": 0.01, "min_accuracy": 0.99, "max_samples": 60}
    path = tmp_path / "session.json"
    whole = LabelingSession(sampler(), POOL, criteria)
    labeled(whole, 3, cost=0.5)
    open_batch = whole.get_next_batch(5).tolist()
    whole.save(path)
    again = LabelingSession.resume(path, sampler(), POOL)
    assert again.handed_out.tolist() == open_batch
    assert (again.n_labeled, again.cost) == (30, 1.5)
    for one in (whole, again):
        labeled(one, 2)
    for one, other in zip(whole.labels, again.labels, strict=True):
        np.testing.assert_array_equal(one, other)
    assert again.estimated_accuracy_interval == whole.estimated_accuracy_interval
    assert again.should_stop() == whole.should_stop()
    again.save(path)
    whole.save(tmp_path / "whole.json")
    assert path.read_text() == (tmp_path / "whole.json").read_text()


def test_metrics_of_a_sampler_come_back_too(tmp_path: Path) -> None:
    made = labeled(session(IntelligentSampler(random_state=0)), 3)
    made.save(tmp_path / "session.json")
    sampler = IntelligentSampler(random_state=0)
    LabelingSession.resume(tmp_path / "session.json", sampler, POOL)
    known = made.sampler
    assert isinstance(known, IntelligentSampler)
    assert sampler.get_metrics().efficiency == known.get_metrics().efficiency


def test_a_file_holds_positions_and_labels_and_nothing_of_the_data(tmp_path: Path) -> None:
    made = LabelingSession(ActiveLearner(random_state=0), TEXTS)
    made.submit_labels([0, 1], ["good", "bad"])
    made.save(tmp_path / "session.json")
    said = json.loads((tmp_path / "session.json").read_text())
    assert said["rounds"][0]["positions"] == [0, 1]
    assert not any(text in (tmp_path / "session.json").read_text() for text in TEXTS)


def test_numbers_are_labels_too(tmp_path: Path) -> None:
    made = session()
    made.submit_labels([0, 1, 2], np.array([0, 1, 2]))
    made.save(tmp_path / "session.json")
    again = LabelingSession.resume(tmp_path / "session.json", ActiveLearner(random_state=0), POOL)
    np.testing.assert_array_equal(again.labels[1], [0, 1, 2])
    assert again.labels[1].dtype.kind == "i"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no such file"),
        ("{", "cannot be read as JSON"),
        ("[]", "expected a saved session, got another file"),
        ('{"format": "auto-labeling session", "version": 9}', "reads version 1, got 9"),
        ('{"format": "auto-labeling session", "version": 1}', "a part of this session is missing"),
    ],
)
def test_a_file_that_is_no_session_is_named(content: str | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(DataError, match=said):
        LabelingSession.resume(path, ActiveLearner(), POOL)


def test_another_pool_is_refused(tmp_path: Path) -> None:
    labeled(session(), 1).save(tmp_path / "session.json")
    for other in (POOL[:-1], POOL + 1):
        with pytest.raises(DataError, match="expected the pool that"):
            LabelingSession.resume(tmp_path / "session.json", ActiveLearner(), other)


def test_a_batch_becomes_tasks(tmp_path: Path) -> None:
    sampler = ActiveLearner(random_state=0).fit(TEXTS[:4], TONES[:4])
    made = LabelingSession(sampler, TEXTS[4:], export_format="label_studio")
    batch = made.get_next_batch(3)
    tasks = json.loads(made.export_batch(tmp_path / "batch.json").read_text())
    assert [task["data"]["text"] for task in tasks] == [TEXTS[4:][at] for at in batch]


@pytest.mark.parametrize(
    ("criteria", "said"),
    [
        ({"min_acuracy": 0.9}, "stopping_criteria: expected keys out of .*got 'min_acuracy'"),
        ({"max_samples": 0}, "stopping_criteria.max_samples: expected a whole number of 1 or more"),
        ({"max_cost": math.inf}, "max_cost: expected a number above 0, got inf"),
        (["max_samples"], "stopping_criteria: expected keys and figures, got a list"),
        ({"max_cost": -1}, "stopping_criteria.max_cost: expected a number above 0, got -1"),
        ({"min_accuracy": 90}, "min_accuracy: expected a share up to 1, got 90"),
        ({"accuracy_plateau_rounds": 1.5}, "accuracy_plateau_rounds: expected a whole number"),
        ({"stable_predictions": "yes"}, "stable_predictions: expected a number"),
        ({"classification_change": 2}, "classification_change: expected a share up to 1, got 2"),
        ({"expected_gain": 0}, "stopping_criteria.expected_gain: expected a number above 0"),
        ({"expected_gain": 100}, "expected_gain.points: expected"),
    ],
)
def test_criteria_that_mean_nothing_are_named(criteria: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        LabelingSession(ActiveLearner(), POOL, criteria)


@pytest.mark.parametrize(
    ("indices", "labels", "said"),
    [
        ([0, 0], ["ant", "bee"], "0 is labeled already"),
        ([90], ["ant"], "expected positions from 0 to 89, got 90"),
        ([-1], ["ant"], "got -1"),
        ([1], ["ant", "bee"], "y: expected one label for each of 1 rows"),
        ([0.5], ["ant"], "indices: expected"),
        ([1], [None], "row 0 has none"),
    ],
)
def test_labels_that_belong_to_nothing_are_named(indices: Any, labels: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        session().submit_labels(indices, labels)


def test_what_a_session_lacks_is_named() -> None:
    with pytest.raises(ConfigurationError, match="sampler: expected one with select"):
        LabelingSession(object(), POOL)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="has no pool yet"):
        LabelingSession(ActiveLearner()).get_next_batch(3)
    with pytest.raises(ConfigurationError, match="has a pool already"):
        session().use_pool(POOL)
    with pytest.raises(ConfigurationError, match="export_format: expected label_studio or"):
        LabelingSession(ActiveLearner(), POOL, export_format="xml")
    with pytest.raises(ConfigurationError, match="expected a tool to write for"):
        session().export_batch()
    with pytest.raises(DataError, match="cost: expected 0 or more, got -1"):
        session().submit_labels([1], ["ant"], cost=-1)


def test_figures_and_positions_of_numpy_are_numbers(tmp_path: Path) -> None:
    criteria = {"max_samples": np.int64(30), "min_accuracy": np.float32(0.9)}
    made = LabelingSession(ActiveLearner(random_state=0), POOL, criteria)
    batch = made.get_next_batch(5)
    made.take_back(batch[0])  # type: ignore[arg-type] # a single position
    assert made.handed_out.tolist() == batch[1:].tolist()
    with pytest.raises(DataError, match="cost: expected 0 or more, got 'a'"):
        made.submit_labels(batch, TRUTH[batch], cost="a")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="expected a saved session"):
        LabelingSession.resume(tmp_path, ActiveLearner(), POOL)


def test_pools_of_pictures_that_differ_in_a_pixel_are_two() -> None:
    def pool() -> list[Any]:
        return [np.zeros((40 + at, 50, 3), np.uint8) for at in range(3)]

    other = pool()
    other[1][20, 20, 1] = 1
    assert pool_digest(pool()) == pool_digest(pool()) != pool_digest(other)


def test_a_session_whose_labels_were_refused_goes_on() -> None:
    made = labeled(session(), 2)
    batch = made.get_next_batch(4)
    with pytest.raises(DataError, match="y: expected labels of one kind"):
        made.submit_labels(batch, [0, 1, 0, 1])
    made.submit_labels(batch, TRUTH[batch])
    assert (made.n_labeled, made.sampler.n_labels) == (24, 24)
