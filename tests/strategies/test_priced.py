"""Value for seconds: what a picture is expected to cost, and what is chosen by it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from auto_labeling.annotation_times import AnnotationTimes
from auto_labeling.detections import Detections
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.ports import QueryStrategy
from auto_labeling.records import LabelSchema
from auto_labeling.selection import Selection, priced, selection_of
from auto_labeling.strategies.auto import Auto
from auto_labeling.strategies.cluster_top import ClusterTop
from auto_labeling.strategies.cold_start import KMedoids
from auto_labeling.strategies.density import Density
from auto_labeling.strategies.detection import Objects
from auto_labeling.strategies.detection_seconds import by_score, expected_seconds
from auto_labeling.strategies.explore import Explore
from auto_labeling.strategies.priced import Priced
from auto_labeling.strategies.quotas import AtMost
from auto_labeling.strategies.seek import Seek
from auto_labeling.strategies.shortlist import Shortlist
from auto_labeling.strategies.top_k import TopK
from auto_labeling.strategies.uncertainty import Entropy, Margin
from auto_labeling.view import PoolView
from tests.contracts.views import full_view, sightings
from tests.support.doubles import fresh

BOXES = LabelSchema(task="boxes", classes=("cell",))
SINGLE = LabelSchema(task="single", classes=("cat", "dog"))
MULTI = LabelSchema(task="multi", classes=("cat", "dog"))
TIMES = AnnotationTimes()


def seconds_by_hand(
    scores: NDArray[Any], shown_from: float, adjust_s: float, draw_s: float
) -> float:
    total = 2.0
    for score in scores.astype(float):
        if score < 0.1:
            continue
        if score >= shown_from:
            total += score * (score * 0.8 + (1 - score) * adjust_s) + (1 - score) * 1.8
        else:
            total += score * (1.0 + draw_s)
    return total


class TestExpectedSeconds:
    @pytest.mark.parametrize(("drawn", "adjust_s", "draw_s"), [("boxes", 5, 10), ("masks", 12, 35)])
    @pytest.mark.parametrize("shown_from", [None, 0.0, 0.4])
    def test_object_by_object(
        self, drawn: Any, adjust_s: float, draw_s: float, shown_from: float | None
    ) -> None:
        seen = sightings(np.array([6, 0, 1, 30]), 2, fresh())
        seconds = expected_seconds(seen, TIMES, drawn=drawn, shown_from=shown_from)
        limit = 2.0 if shown_from is None else shown_from
        expected = [
            seconds_by_hand(seen[row].scores, limit, adjust_s, draw_s) for row in range(len(seen))
        ]
        np.testing.assert_allclose(seconds, expected, rtol=1e-6)

    def test_classes_are_shown_from_scores_of_their_own(self) -> None:
        seen = replace(
            sightings(np.array([1, 1]), 2, fresh()),
            scores=np.full(2, 0.8, np.float32),
            labels=np.array([0, 1]),
        )
        shown, drawn = (expected_seconds(seen, TIMES, shown_from=at)[0] for at in (0.25, 0.99))
        each = expected_seconds(seen, TIMES, shown_from=np.array([0.99, 0.25]))
        np.testing.assert_allclose(each, [drawn, shown])
        # As sure as its class has to be, in single precision, is sure enough.
        assert (
            expected_seconds(seen, TIMES, shown_from=np.array([0.8, 0.8])).tolist() == [shown] * 2
        )

    def test_a_sure_suggestion_saves_time_and_a_doubtful_one_costs_it(self) -> None:
        scores = np.array([1.0, 0.101], np.float32)
        seen = replace(sightings(np.array([1, 1]), 1, fresh()), scores=scores)
        plain = expected_seconds(seen, TIMES)
        shown = expected_seconds(seen, TIMES, shown_from=0.0)
        assert shown[0] == pytest.approx(2.8)
        assert plain[0] == pytest.approx(13.0)
        assert shown[1] > plain[1]

    def test_measured_outcomes_replace_the_score(self) -> None:
        def always_deleted(scores: NDArray[Any]) -> NDArray[np.float64]:
            return np.tile([0.0, 0.0, 1.0], (len(scores), 1))

        seen = replace(sightings(np.array([4]), 1, fresh()), scores=np.full(4, 0.9))
        told = {"outcomes": always_deleted}
        assert expected_seconds(seen, TIMES, **told).tolist() == [2.0]
        assert expected_seconds(seen, TIMES, shown_from=0.5, **told)[0] == pytest.approx(9.2)
        with pytest.raises(DataError, match=r"outcomes must be \(4, 3\), got \(4,\)"):
            expected_seconds(seen, TIMES, outcomes=lambda scores: scores)

    def test_what_the_model_never_sees_is_drawn_as_well(self) -> None:
        nothing = Detections.empty(2)
        assert expected_seconds(nothing, TIMES).tolist() == [2.0, 2.0]
        assert expected_seconds(nothing, TIMES, unseen=1.5).tolist() == [18.5, 18.5]

    def test_what_becomes_of_a_suggestion_is_certain_to_be_one_of_three(self) -> None:
        chances = by_score(np.linspace(0, 1, 11))
        np.testing.assert_allclose(chances.sum(axis=1), 1.0)
        assert (chances >= 0).all()


class TestPriced:
    def test_of_equal_doubt_the_cheaper(self) -> None:
        view = PoolView(proba=np.full((3, 2), 0.5), cost=np.array([9.0, 3.0, 6.0]))
        assert TopK(Priced(Margin())).select(view, 3, fresh()).tolist() == [1, 2, 0]

    def test_a_crowd_is_worth_its_seconds_only_if_it_is_doubtful(self) -> None:
        scores = np.concatenate([np.full(60, 0.95), [0.5, 0.5]]).astype(np.float32)
        seen = replace(sightings(np.array([60, 2]), 1, fresh()), scores=scores, proba=None)
        view = PoolView(detections=seen, cost=expected_seconds(seen, TIMES))
        assert Objects().score(view).argmax() == 0
        assert Priced(Objects()).score(view).argmax() == 1

    @pytest.mark.parametrize("cost", [0.0, -1.0])
    def test_a_price_is_above_zero(self, cost: float) -> None:
        view = PoolView(proba=np.full((2, 2), 0.5), cost=np.array([1.0, cost]))
        with pytest.raises(DataError, match="priced: expected costs above 0, row 1 has"):
            Priced(Margin()).score(view)

    def test_a_score_below_zero_would_turn_dear_into_good(self) -> None:
        class Negative:
            needs = frozenset({"cost"})

            def score(self, view: PoolView) -> NDArray[np.float64]:
                return np.array([0.0, -1.0])

        with pytest.raises(DataError, match="expected scores of at least 0, row 1 has -1"):
            Priced(Negative()).score(PoolView(cost=np.ones(2)))

    def test_it_is_of_single_rows_where_its_scorer_is(self) -> None:
        assert Priced(Margin()).rowwise
        assert not Priced(Density(Margin())).rowwise


class TestPricedInACampaign:
    @pytest.mark.parametrize(
        ("plain", "dear"),
        [
            (TopK(Margin()), TopK(Priced(Margin()))),
            (ClusterTop(Objects(), beta=4), ClusterTop(Priced(Objects()), beta=4)),
            (Explore(TopK(Entropy()), share=0.2), Explore(TopK(Priced(Entropy())), share=0.2)),
            (TopK(Density(Margin())), TopK(Priced(Density(Margin())))),
            (TopK(Priced(Margin())), TopK(Priced(Margin()))),
            (Shortlist(Margin(), KMedoids()), Shortlist(Priced(Margin()), KMedoids())),
            (Auto(task="boxes"), ClusterTop(Priced(Objects()))),
        ],
    )
    def test_what_scores_is_divided_by_cost_and_the_rest_stays(
        self, plain: QueryStrategy, dear: QueryStrategy
    ) -> None:
        assert priced(plain) == dear

    @pytest.mark.parametrize("task", ["single", "multi", "boxes", "masks"])
    def test_auto_can_be_priced_for_every_task(self, task: Any) -> None:
        dear = priced(Auto(task=task))
        assert "cost" in dear.needs
        assert len(dear.select(full_view(), 9, fresh())) == 9

    def test_a_strategy_that_scores_nothing_has_no_price(self) -> None:
        with pytest.raises(ConfigurationError, match=r"strategy\.priced: .* got KMedoids"):
            selection_of({"kind": "k_medoids", "priced": True}).bounded(BOXES)

    def test_the_file_says_it_in_one_line(self) -> None:
        given = {"kind": "cluster_top", "scorer": {"kind": "objects", "by": "sum"}, "priced": True}
        chosen = selection_of({**given, "max_per_group": 2}).bounded(BOXES)
        assert chosen.strategy == AtMost(ClusterTop(Priced(Objects())), 2)
        assert chosen.cold_start == AtMost(KMedoids(), 2)
        plain = selection_of({**given, "priced": False}).bounded(BOXES)
        assert plain.strategy == ClusterTop(Objects())

    def test_somebodys_own_strategy_is_left_as_it_is(self) -> None:
        class Mine:
            needs = frozenset({"cost"})

            def select(
                self, view: PoolView, size: int, rng: np.random.Generator
            ) -> NDArray[np.intp]:
                return np.arange(size)

        mine = Mine()
        assert Selection(strategy=mine, priced=True).bounded(BOXES).strategy is mine


class TestAutoInACampaign:
    @pytest.mark.parametrize("labels", [SINGLE, MULTI, BOXES])
    def test_it_is_made_for_the_answers_however_deep_it_stands(self, labels: LabelSchema) -> None:
        given = {"kind": "explore", "strategy": {"kind": "subsample", "strategy": "auto"}}
        strategy: Any = selection_of(given).bounded(labels).strategy
        assert strategy.strategy.strategy == Auto(task=labels.task)
        assert Selection().bounded(labels).strategy == Auto(task=labels.task)

    def test_in_the_cold_as_well(self) -> None:
        chosen = Selection(cold_start=Explore(Auto())).bounded(MULTI)
        assert chosen.cold_start == Explore(Auto(task="multi"))

    def test_a_strategy_without_one_is_left_as_it_is(self) -> None:
        strategy = Seek(Margin())
        assert Selection(strategy=strategy).bounded(BOXES).strategy == strategy


class TestAnnotationTimes:
    @pytest.mark.parametrize(
        ("bad", "said"),
        [
            ({"draw_box_s": 0}, "draw_box_s: expected seconds above 0, got 0"),
            ({"accept_s": float("nan")}, "accept_s: expected seconds above 0, got nan"),
            ({"adjust_iou": 0.8}, "adjust_iou, accept_iou: expected overlaps"),
            ({"sigma": -0.1}, "sigma: expected 0 or more, got -0.1"),
            ({"pace": (1.5, 0.7)}, "pace: expected two numbers above 0, the smaller first"),
        ],
    )
    def test_impossible_ones_are_refused(self, bad: dict[str, Any], said: str) -> None:
        with pytest.raises(ConfigurationError, match=said):
            AnnotationTimes(**bad)
