"""What every tracker keeps to; an adapter is a subclass that says how its store is looked at."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression

from auto_labeling.errors import DataError, RejectedError
from auto_labeling.ports import Model, Point, Tracker

AWKWARD = [
    "labels/human_total",
    "recall/c++",
    "recall/c--",
    "recall/c",
    "recall/",
    "recall/..",
    "recall/a//b",
    "/recall",
    "recall/Straße 7: links",
    "recall/" + "x" * 300,
    "recall/" + "x" * 301,
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a person would find in the store about one run."""

    name: str
    parent: str | None
    params: Mapping[str, str]
    tags: Mapping[str, str]
    files: Mapping[str, bytes]
    status: str
    values: Mapping[tuple[str, int], float]


class Halves:
    """A model that is no scikit-learn estimator."""

    classes_: NDArray[Any] = np.array([0, 1])

    def fit(self, X: Any, y: ArrayLike) -> Halves:
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        return np.full((len(X), 2), 0.5)


def fitted(C: float = 1.0) -> Model:
    """A scikit-learn model of two classes."""
    model: Model = LogisticRegression(C=C).fit([[0.0], [1.0]], [0, 1])
    return model


def point(series: str, step: int, value: float = 0.5) -> Point:
    return Point(series=series, step=step, value=value)


class TrackerContract(ABC):
    """Runs are found again, points can be looked up, and bringing a thing twice is no error."""

    @pytest.fixture
    def tracker(self) -> Tracker:
        return self.opened()

    @pytest.fixture
    def campaign(self) -> str:
        return f"digits-{uuid4().hex[:8]}"

    @pytest.fixture
    def run(self, tracker: Tracker, campaign: str) -> str:
        return tracker.open_run(campaign, None, "digits")

    @abstractmethod
    def opened(self) -> Tracker:
        """Another tracker on the same store, as a process that starts again opens it."""

    @abstractmethod
    def seen(self, run: str) -> Seen:
        """What the store holds about `run`."""

    @abstractmethod
    def versions(self, name: str) -> Mapping[str, int]:
        """Which version each alias points at; the key '' holds how many versions there are."""

    def test_a_run_is_found_again_whatever_it_is_called(
        self, tracker: Tracker, campaign: str, run: str
    ) -> None:
        assert tracker.open_run(campaign, None, "renamed") == run
        assert self.opened().open_run(campaign, None, "digits") == run
        assert self.seen(run).name == "digits"

    def test_every_round_and_every_campaign_has_a_run_of_its_own(
        self, tracker: Tracker, campaign: str, run: str
    ) -> None:
        runs = [run, *(tracker.open_run(campaign, at, f"round {at}") for at in (0, 1, 10))]
        runs.append(tracker.open_run(f"{campaign}x", None, "digits"))
        assert len(set(runs)) == 5
        assert self.opened().open_run(campaign, 1, "round 1") == runs[2]

    def test_a_round_lies_below_its_campaign(
        self, tracker: Tracker, campaign: str, run: str
    ) -> None:
        assert self.seen(run).parent is None
        assert self.seen(tracker.open_run(campaign, 3, "round 3")).parent == run

    def test_a_round_that_is_opened_first_lies_below_the_campaign_that_follows(
        self, tracker: Tracker, campaign: str
    ) -> None:
        of_round = tracker.open_run(campaign, 0, "round 0")
        assert self.seen(of_round).parent == tracker.open_run(campaign, None, "digits")

    def test_a_point_is_there_once_it_is_logged_and_no_other_is(
        self, tracker: Tracker, run: str
    ) -> None:
        assert tracker.steps(run, "eval/accuracy") == frozenset()
        tracker.log(run, [point("eval/accuracy", 20, 0.25), point("eval/accuracy", 40, 0.75)])
        tracker.log(run, [point("cost/committed", 60, 9.0)])
        assert self.opened().steps(run, "eval/accuracy") == {20, 40}
        assert tracker.steps(run, "eval/map50") == frozenset()
        assert self.seen(run).values == {
            ("eval/accuracy", 20): 0.25,
            ("eval/accuracy", 40): 0.75,
            ("cost/committed", 60): 9.0,
        }

    def test_points_of_another_run_are_not_mistaken_for_its_own(
        self, tracker: Tracker, campaign: str, run: str
    ) -> None:
        tracker.log(run, [point("eval/accuracy", 20)])
        assert tracker.steps(tracker.open_run(campaign, 0, "round 0"), "eval/accuracy") == set()

    def test_many_points_at_once(self, tracker: Tracker, run: str) -> None:
        tracker.log(run, [point("labels/human_total", step) for step in range(1500)])
        assert tracker.steps(run, "labels/human_total") == set(range(1500))

    def test_nothing_to_log_is_no_error(self, tracker: Tracker, run: str) -> None:
        tracker.log(run, [])
        assert self.seen(run).values == {}

    @pytest.mark.parametrize("value", [math.nan, math.inf, -1.5])
    def test_any_number_is_a_point(self, tracker: Tracker, run: str, value: float) -> None:
        tracker.log(run, [point("agreement/alpha", 7, value)])
        assert tracker.steps(run, "agreement/alpha") == {7}

    def test_any_series_can_be_logged_and_is_told_from_every_other(
        self, tracker: Tracker, run: str
    ) -> None:
        for step, series in enumerate(AWKWARD):
            tracker.log(run, [point(series, step)])
        assert [tracker.steps(run, series) for series in AWKWARD] == [
            {step} for step in range(len(AWKWARD))
        ]

    def test_describing_again_adds_what_is_new_and_never_raises(
        self, tracker: Tracker, run: str
    ) -> None:
        tracker.describe(run, {"model": "a", "seed": "0"}, {"state": "sent", "who": "li"})
        tracker.describe(run, {"model": "a", "seed": "0"}, {"state": "sent", "who": "li"})
        self.opened().describe(run, {"model": "b", "batch": "20"}, {"state": "stopped"})
        seen = self.seen(run)
        assert dict(seen.params) == {"model": "a", "seed": "0", "batch": "20"}
        assert seen.tags.items() >= {"state": "stopped", "who": "li"}.items()

    def test_much_and_long_is_no_error(self, tracker: Tracker, run: str) -> None:
        tracker.describe(run, {f"key{at}": "v" * 9000 for at in range(150)}, {"note": "n" * 9000})
        tracker.describe(run, {"key0": "v" * 9000}, {"note": "n" * 9000})
        assert len([key for key in self.seen(run).params if key.startswith("key")]) == 150

    def test_a_file_is_kept_and_replaced_by_its_next_version(
        self, tracker: Tracker, run: str, tmp_path: Path
    ) -> None:
        file = tmp_path / "report.html"
        for content in ("first", "second"):
            file.write_text(content)
            tracker.artifact(run, file)
            tracker.artifact(run, file, "rounds/7")
        file.unlink()
        assert self.seen(run).files == {
            "report.html": b"second",
            "rounds/7/report.html": b"second",
        }

    def test_a_file_that_is_not_there_is_said_to_be(
        self, tracker: Tracker, run: str, tmp_path: Path
    ) -> None:
        with pytest.raises(DataError, match=r"nowhere\.html"):
            tracker.artifact(run, tmp_path / "nowhere.html")

    @pytest.mark.parametrize("status", ["FINISHED", "FAILED"])
    def test_an_ended_run_may_be_opened_again(
        self, tracker: Tracker, campaign: str, run: str, status: Any
    ) -> None:
        tracker.close(run, status)
        assert self.seen(run).status == status
        tracker.log(run, [point("eval/accuracy", 1)])
        assert self.opened().open_run(campaign, None, "digits") == run
        assert self.seen(run).status == "RUNNING"
        assert tracker.steps(run, "eval/accuracy") == {1}

    @pytest.mark.parametrize("model", [fitted(), Halves()], ids=["estimator", "any object"])
    def test_a_model_is_registered_once_however_often_it_is_brought(
        self, tracker: Tracker, campaign: str, run: str, model: Model
    ) -> None:
        tracker.model(run, model, campaign, "champion")
        self.opened().model(run, model, campaign, "champion")
        assert self.versions(campaign) == {"": 1, "champion": 1}

    def test_an_alias_moves_to_the_model_it_was_last_given(
        self, tracker: Tracker, campaign: str, run: str
    ) -> None:
        first, second = fitted(), fitted(C=9.0)
        tracker.model(run, first, campaign, "champion")
        tracker.model(run, second, campaign, "candidate")
        assert self.versions(campaign) == {"": 2, "champion": 1, "candidate": 2}
        tracker.model(run, second, campaign, "champion")
        assert self.versions(campaign) == {"": 2, "champion": 2, "candidate": 2}

    def test_a_run_that_is_not_there_is_refused(self, tracker: Tracker) -> None:
        with pytest.raises(RejectedError):
            tracker.log(uuid4().hex, [point("eval/accuracy", 1)])
