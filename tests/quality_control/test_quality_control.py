"""`QualityControl`: what people hand in, in both forms, and what they are told."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from auto_labeling import QualityControl
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.quality import TABLE
from auto_labeling.quality_control import consensus, metrics
from auto_labeling.quality_control.annotations import Annotations
from auto_labeling.shapes import Box

ANN = ["cat", "cat", "dog", "dog", "cow", "cat"]
BOB = ["cat", "dog", "dog", "dog", "cow", None]
EVE = ["cat", "cat", "dog", "cow", "cow", float("nan")]
control = QualityControl()


def frame(*sequences: list[Any]) -> pd.DataFrame:
    """Return the same as a frame, its items and annotators by other names."""
    rows = [
        (f"i{item}", f"a{who}", label)
        for who, labels in enumerate(sequences)
        for item, label in enumerate(labels)
    ]
    return pd.DataFrame(rows, columns=["item", "annotator", "label"])


def box(x: float, label: str = "car") -> Box:
    return Box(label=label, x=x, y=0.1, width=0.2, height=0.2)


def test_kappa_is_scikit_learn_s_and_carries_its_limits() -> None:
    found = control.inter_annotator_agreement([ANN, BOB])
    assert found == pytest.approx(cohen_kappa_score(ANN[:5], BOB[:5]))
    assert isinstance(found, float)
    assert f"{found:.3f}" == f"{found.interval.value:.3f}"
    assert found.interval.low <= found <= found.interval.high
    assert (found.interval.n, found.why_unknown) == (5, None)


@pytest.mark.parametrize("metric", sorted(set(metrics.OF_LABELS) - {"krippendorff_alpha_ordinal"}))
def test_a_frame_says_what_the_sequences_say(metric: str) -> None:
    numbers = {"cat": 1, "dog": 2, "cow": 4}
    given = [[numbers.get(one) for one in some] for some in (ANN, BOB, EVE)]
    as_sequences = control.inter_annotator_agreement(given, metric=metric)
    as_frame = control.inter_annotator_agreement(frame(*given), metric=metric)
    as_arrays = control.inter_annotator_agreement(np.array(given, dtype=object), metric=metric)
    assert as_sequences == as_frame == as_arrays
    assert as_sequences.interval == as_frame.interval


def test_of_several_annotators_kappa_is_the_mean_over_pairs() -> None:
    seen = [one[:5] for one in (ANN, BOB, EVE)]
    every = [cohen_kappa_score(seen[a], seen[b]) for a, b in ((0, 1), (0, 2), (1, 2))]
    assert control.inter_annotator_agreement(seen) == pytest.approx(np.mean(every))


@pytest.mark.parametrize(
    ("annotations", "why"),
    [
        ([["a", "b"]], "no item was labeled by two annotators"),
        ([["a", None], [None, "b"]], "no item was labeled by two annotators"),
        ([["a", "a"], ["a", "a"]], "the same"),
        ([], "no item"),
        ([[], []], "no item"),
        ([[None], [None]], "no item"),
    ],
    ids=["one annotator", "nothing shared", "all agree", "nobody", "no items", "nothing said"],
)
@pytest.mark.parametrize("metric", ["cohen_kappa", "fleiss_kappa", "krippendorff_alpha"])
def test_what_cannot_be_known_is_nan_and_why(annotations: Any, why: str, metric: str) -> None:
    found = control.inter_annotator_agreement(annotations, metric)
    assert math.isnan(found)
    assert math.isnan(found.interval.low)
    assert why in str(found.why_unknown)


def test_sets_of_labels() -> None:
    ann = [["cat"], ["cat", "dog"], []]
    bob = [("cat",), {"dog", "cat"}, ["dog"]]
    assert control.inter_annotator_agreement([ann, bob], "percent") == pytest.approx(2 / 3)
    assert 0 < control.inter_annotator_agreement([ann, bob], "krippendorff_alpha") < 1
    assert control.find_disagreements([ann, bob], 1) == [2]
    decided = control.consensus_labeling([ann, bob, bob])
    assert [set(one) for one in decided] == [{"cat"}, {"cat", "dog"}, {"dog"}]


def test_shapes() -> None:
    ann = [[box(0.1)], [box(0.1), box(0.6)], []]
    bob = [[box(0.1)], [box(0.1)], []]
    assert control.inter_annotator_agreement([ann, bob], "iou") == 1.0
    assert control.inter_annotator_agreement([ann, bob], "f1") == pytest.approx(4 / 5)
    assert 0.5 < control.inter_annotator_agreement([ann, bob], "krippendorff_alpha") < 1
    assert control.find_disagreements([ann, bob], 1) == [1]
    labels = control.consensus_labeling([ann, bob, bob])
    assert [len(one) for one in labels] == [1, 1, 0]
    given = control.consensus_labeling(frame(ann, bob, bob), method="auto")
    assert given.index.tolist() == ["i0", "i1", "i2"]
    assert given["label"].map(len).tolist() == [1, 1, 0]


def test_disagreements_come_worst_first_by_the_names_they_have() -> None:
    three = [["a", "a", "a", None], ["a", "b", "b", None], ["a", "c", "a", "b"]]
    assert control.find_disagreements(three, 1) == [1, 2]
    assert control.find_disagreements(three, 0.3) == [1]
    assert control.find_disagreements(frame(*three), 1) == ["i1", "i2"]


def test_a_frame_gives_back_a_frame_and_sequences_a_list() -> None:
    labels = control.consensus_labeling([ANN, BOB, EVE])
    assert labels == ["cat", "cat", "dog", "dog", "cow", "cat"]
    decided = control.consensus_labeling(frame(ANN, BOB, EVE))
    assert decided.index.name == "item"
    assert decided.index.tolist() == [f"i{at}" for at in range(6)]
    assert list(decided.columns) == ["label", "confidence"]
    assert decided["label"].tolist() == labels
    assert decided.loc["i1", "confidence"] == pytest.approx(2 / 3)


def test_a_tie_and_an_item_that_nobody_has_seen_have_no_label() -> None:
    given = [["a", "a", None], ["b", "a", None]]
    assert control.consensus_labeling(given) == [None, "a", None]
    decided = control.consensus_labeling(frame(*given))
    assert decided["label"].tolist() == [None, "a", None]
    assert decided["confidence"].tolist() == [0.0, 1.0, 0.0]


@pytest.mark.parametrize("method", consensus.OF_LABELS)
def test_every_method_believes_whom_all_believe(method: str) -> None:
    """Labels come back as they were given, numbers too, and one class alone is no error."""
    rng = np.random.default_rng(0)
    truth = rng.integers(1, 4, size=60)
    said = [np.where(rng.random(60) < 0.9, truth, 1).tolist() for _ in range(5)]
    found = control.consensus_labeling(said, method=method)
    assert np.mean([one == known for one, known in zip(found, truth.tolist(), strict=True)]) > 0.9
    assert {type(one) for one in found} <= {int, type(None)}
    assert control.consensus_labeling([[7, 7]] * 3, method=method) == [7, 7]
    assert control.consensus_labeling([[], []], method=method) == []


def test_every_method_is_a_rule_of_campaigns() -> None:
    assert {*consensus.OF_LABELS.values(), *consensus.OF_SHAPES.values()} <= set(TABLE)


def test_the_last_answer_of_an_annotator_counts() -> None:
    rows = pd.DataFrame(
        {"item": [1, 1, 1], "annotator": ["ann", "bob", "ann"], "label": ["a", "b", "b"]}
    )
    assert control.consensus_labeling(rows)["label"].tolist() == ["b"]
    assert control.inter_annotator_agreement(rows, "percent") == 1.0


def test_items_of_any_name_keep_it() -> None:
    rows = pd.DataFrame({"item": [("a", 1), ("a", 2)], "annotator": [0, 0], "label": [True, False]})
    decided = control.consensus_labeling(rows)
    assert decided.index.tolist() == [("a", 1), ("a", 2)]
    assert decided["label"].tolist() == [True, False]


@pytest.mark.parametrize(
    ("annotations", "said"),
    [
        ([["a", "b"], ["a"]], r"expected 2 labels of annotator 1, .* got 1"),
        (["aab", "aba"], r"annotations of annotator 0: expected a sequence of labels, got a str"),
        ({"ann": ["a"]}, r"expected one sequence of labels for each annotator, .* got a dict"),
        (pd.DataFrame({"item": [1], "label": ["a"]}), r"without annotator"),
        (
            pd.DataFrame({"item": [1, None], "annotator": ["a", "b"], "label": ["a", "b"]}),
            r"row 1 has no item",
        ),
        ([["a"], [["a"]]], r"item 0: expected a list of labels, as elsewhere, got 'a'"),
        ([[[box(0.1)]], [["car"]]], r"item 0: expected shapes or labels, got both"),
        ([[{"a": 1}]], r"item 0: expected a label, got a dict"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(annotations: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        control.consensus_labeling(annotations)


def test_names_that_are_none_are_named() -> None:
    with pytest.raises(ConfigurationError, match=r"metric: .*fleiss_kappa.*got 'kappa'"):
        control.inter_annotator_agreement([ANN, BOB], "kappa")
    with pytest.raises(ConfigurationError, match=r"got 'iou'; iou is for shapes"):
        control.inter_annotator_agreement([ANN, BOB], "iou")
    with pytest.raises(ConfigurationError, match=r"of shapes, .*; cohen_kappa is for labels"):
        control.inter_annotator_agreement([[[box(0.1)]], [[box(0.1)]]])
    with pytest.raises(ConfigurationError, match=r"method: .*majority_vote.*got 'mode'"):
        control.consensus_labeling([ANN, BOB], "mode")
    with pytest.raises(DataError, match="expected numbers as labels, got 'cat'"):
        control.inter_annotator_agreement([ANN, BOB], "krippendorff_alpha_ordinal")


def test_many_annotators_of_few_items() -> None:
    rng = np.random.default_rng(0)
    some = pd.DataFrame(
        {
            "item": rng.integers(500, size=20_000),
            "annotator": np.arange(20_000),
            "label": rng.integers(2, size=20_000),
        }
    )
    assert abs(control.inter_annotator_agreement(some, "krippendorff_alpha")) < 0.05
    assert len(control.consensus_labeling(some)) == 500


def test_annotations_are_the_same_for_nan_of_every_kind() -> None:
    missing = [None, float("nan"), np.nan, pd.NA]
    read = Annotations.of([missing, ["a", "b", "c", "d"]])
    assert len(read.said) == 4


@pytest.mark.parametrize("method", sorted(consensus.OF_LABELS))
def test_the_order_of_rows_decides_nothing(method: str) -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 60)
    rows = [
        (f"item {at}", f"person {who}", int(truth[at] ^ (rng.random() < 0.1 + 0.05 * who)))
        for at in range(60)
        for who in range(7)
    ]
    given = pd.DataFrame(rows, columns=["item", "annotator", "label"])
    first = QualityControl().consensus_labeling(given, method)
    again = QualityControl().consensus_labeling(given.sample(frac=1, random_state=1), method)
    assert list(first.index) == [f"item {at}" for at in range(60)]
    again = again.reindex(first.index)
    assert again["label"].tolist() == first["label"].tolist()
    np.testing.assert_allclose(again["confidence"], first["confidence"], atol=1e-9)


@pytest.mark.parametrize("nothing", [[], [[], []], [[None, None], [None, None]]])
@pytest.mark.parametrize("metric", sorted(metrics.OF_LABELS))
def test_of_no_answers_nothing_is_known(nothing: Any, metric: str) -> None:
    found = QualityControl().inter_annotator_agreement(nothing, metric)
    assert math.isnan(found)
    assert found.why_unknown is not None


def test_grades_as_fine_as_numbers_are_numbers() -> None:
    fine = np.arange(400) / 7
    with pytest.raises(DataError, match=r"400 different grades .* krippendorff_alpha_interval"):
        QualityControl().inter_annotator_agreement([fine, fine], "krippendorff_alpha_ordinal")
    found = QualityControl().inter_annotator_agreement([fine, fine], "krippendorff_alpha_interval")
    assert found == 1


def test_pictures_on_which_nobody_drew() -> None:
    for metric in ("iou", "dice", "f1"):
        found = QualityControl().inter_annotator_agreement([[[], []], [[], []]], metric)
        assert math.isnan(found)
        assert (found.interval.n, found.why_unknown) == (2, "nobody drew anything")
    apart = [[[box(0.0)]], [[box(0.7)]]]
    for metric, why in (
        ("iou", "no object was drawn by two"),
        ("krippendorff_alpha", "one picture"),
    ):
        found = QualityControl().inter_annotator_agreement(apart, metric)
        assert math.isnan(found)
        assert why in str(found.why_unknown)
    with pytest.raises(DataError, match="expected a list of shapes, got a Box alone"):
        QualityControl().inter_annotator_agreement([[box(0.0)], [box(0.1)]], "iou")


def test_what_is_no_name_is_said() -> None:
    two = frame(["a", "b"], ["a", "a"])
    with pytest.raises(ConfigurationError, match="metric: expected a name, got a list"):
        QualityControl().inter_annotator_agreement(two, ["iou"])  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="method: expected, of labels, one of"):
        QualityControl().consensus_labeling(two, ["auto"])  # type: ignore[arg-type]
    with pytest.raises(DataError, match="annotations: expected one column label, got several"):
        QualityControl().consensus_labeling(pd.concat([two, two[["label"]]], axis=1))


@pytest.mark.parametrize("threshold", [50, -0.1, math.nan, "a"])
def test_a_threshold_is_a_share(threshold: Any) -> None:
    with pytest.raises(ConfigurationError, match="threshold: expected a number from 0 to 1"):
        QualityControl().find_disagreements([[1], [1]], threshold)
