"""`PseudoLabeler`: thresholds that come down, models of both kinds, classes by calibration."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC

from auto_labeling import PseudoLabeler
from auto_labeling.errors import ConfigurationError, DataError


class Said:
    """A fitted model that says what is in its rows."""

    def __init__(self, classes: list[Any]) -> None:
        self.classes_ = np.array(classes)

    def predict_proba(self, X: Any) -> Any:
        return np.asarray(X)


class Fixed(Said):
    """A fitted model that says the same of every row."""

    def __init__(self, said: list[float]) -> None:
        super().__init__([0, 1])
        self.said = said

    def predict_proba(self, X: Any) -> Any:
        return np.tile(self.said, (len(X), 1))


@given(
    initial=st.floats(0.7, 1),
    least=st.floats(0.1, 0.7),
    decay=st.floats(0, 0.2),
    steps=st.integers(0, 50),
)
def test_the_threshold_comes_down_and_stops(
    initial: float, least: float, decay: float, steps: int
) -> None:
    labeler = PseudoLabeler(initial, least, decay)
    said = [labeler.step() for _ in range(steps)]
    expected = [max(least, initial - at * decay) for at in range(1, steps + 1)]
    assert said == pytest.approx(expected)
    assert labeler.reset().threshold == pytest.approx(initial)


def test_a_threshold_is_what_a_person_would_say_it_is() -> None:
    labeler = PseudoLabeler()
    assert [labeler.threshold, *(labeler.step() for _ in range(11))] == [
        *(0.9, 0.88, 0.86, 0.84, 0.82, 0.8, 0.78, 0.76, 0.74, 0.72, 0.7, 0.7),
    ]


def test_both_classes_are_taken_at_the_same_distance_from_even() -> None:
    p = np.array([0.1, 0.11, 0.5, 0.89, 0.9, 1.0, 0.0])
    positive, negative, confidences = PseudoLabeler().generate_pseudo_labels(
        Said([0, 1]), np.stack([1 - p, p], axis=1)
    )
    assert positive.tolist() == [False, False, False, False, True, True, False]
    assert negative.tolist() == [True, False, False, False, False, False, True]
    assert confidences == pytest.approx(np.maximum(p, 1 - p))


@pytest.mark.parametrize("columns", [0, 1, 2])
@pytest.mark.parametrize("kind", ["logits", "probabilities"])
def test_a_torch_module_says_it_in_any_of_its_forms(columns: int, kind: str) -> None:
    torch: Any = pytest.importorskip("torch", reason="the extra `torch` is not installed")

    class Says(torch.nn.Module):  # type: ignore[misc]  # torch is not always there
        def forward(self, x: Any) -> Any:
            p = x[:, 0]
            said = p if kind == "probabilities" else torch.logit(p)
            if columns == 0:
                return said
            if columns == 1:
                return said[:, None]
            other = 1 - p if kind == "probabilities" else torch.zeros_like(p)
            return torch.stack([other, said], dim=1)

    crops = torch.tensor([[0.95, 7.0], [0.5, 7.0], [0.03, 7.0]])
    labeler = PseudoLabeler()
    positive, negative, confidences = labeler.generate_pseudo_labels(Says(), crops, "cpu")
    assert positive.tolist() == [True, False, False]
    assert negative.tolist() == [False, False, True]
    assert confidences == pytest.approx([0.95, 0.5, 0.97], abs=1e-6)
    mask, classes, _ = labeler.generate_class_labels(Says(), crops)
    assert (mask.tolist(), classes[mask].tolist()) == ([True, False, True], [1, 0])
    rows, labels, weights = labeler.expand_with_pseudo_labels(
        crops[:2], [1, 0], crops[1:], Says(), max_pseudo_ratio=1
    )
    assert (rows.shape, labels.tolist(), weights.tolist()) == ((3, 2), [1, 0, 0], [1, 1, 0.5])


def test_several_classes_are_said_as_the_model_says_them() -> None:
    said = [[0.95, 0.03, 0.02], [0.5, 0.3, 0.2], [0.0, 0.0, 1.0]]
    mask, classes, confidences = PseudoLabeler().generate_class_labels(
        Said(["ant", "bee", "cat"]), said
    )
    assert mask.tolist() == [True, False, True]
    assert classes.tolist() == ["ant", "ant", "cat"]
    assert confidences.tolist() == [0.95, 0.5, 1.0]


def test_balanced_no_class_has_more_than_its_share() -> None:
    said = [[0.9, 0.1]] * 30 + [[0.55, 0.45]] * 60 + [[0.05, 0.95]] * 10
    mask, classes, _ = PseudoLabeler().generate_class_labels(Said([0, 1]), said, balanced=True)
    share = np.mean(said, axis=0)[0]
    assert np.bincount(classes[mask]).tolist() == [round(40 * share), 10]


def test_a_class_that_is_wrong_too_often_is_no_longer_taken() -> None:
    model = Said(["no", "yes"])
    said = [[0.8, 0.2]] * 20 + [[0.95, 0.05]] * 20 + [[0.1, 0.9]] * 20
    truth = ["no", "yes"] * 10 + ["no"] * 20 + ["yes", "no"] * 10
    labeler = PseudoLabeler(0.7).calibrate(model, said, truth)
    mask, classes, _ = labeler.generate_class_labels(model, said)
    assert mask.tolist() == [False] * 20 + [True] * 20 + [False] * 20
    assert set(classes[mask]) == {"no"}
    assert labeler.reset().generate_pseudo_labels(model, said)[0].sum() == 0


def test_an_empty_pool_gives_nothing() -> None:
    model = GaussianNB().fit([[0.0], [1.0]], ["no", "yes"])
    mask, classes, confidences = PseudoLabeler().generate_class_labels(model, np.empty((0, 1)))
    assert (len(mask), len(classes), len(confidences)) == (0, 0, 0)
    positive, negative, _ = PseudoLabeler().generate_pseudo_labels(model, np.empty((0, 1)))
    assert (len(positive), len(negative)) == (0, 0)


def test_what_cannot_be_asked_is_said() -> None:
    labeler = PseudoLabeler()
    with pytest.raises(ConfigurationError, match="model: expected one with predict_proba, got a L"):
        labeler.generate_class_labels(LinearSVC().fit([[0.0], [1.0]], [0, 1]), [[0.0]])
    with pytest.raises(DataError, match="model: expected one of two classes, got 3"):
        labeler.generate_pseudo_labels(Said([0, 1, 2]), [[0.2, 0.3, 0.5]])
    with pytest.raises(DataError, match="model: expected one of two classes, got 1"):
        labeler.generate_pseudo_labels(GaussianNB().fit([[0.0], [1.0]], [1, 1]), [[0.0]])
    with pytest.raises(DataError, match="crops: expected finite numbers, row 1 is not"):
        labeler.generate_pseudo_labels(Said([0, 1]), [[0.5, 0.5], [np.nan, 0.5]])
    for strange in ([3.0, -2.0], [np.nan, np.nan]):
        with pytest.raises(DataError, match="proba: expected"):
            labeler.generate_pseudo_labels(Fixed(strange), [[0.5, 0.5]])
    with pytest.raises(DataError, match="y: expected classes that the model knows"):
        labeler.calibrate(Said([0, 1]), [[0.5, 0.5]], [2])
    with pytest.raises(ConfigurationError, match="taken as both"):
        PseudoLabeler(0.5, 0.5).generate_pseudo_labels(Said([0, 1]), [[0.5, 0.5]])


@pytest.mark.parametrize(
    "settings",
    [
        (0.9, 0.95, 0.02),
        (1.1, 0.7, 0.02),
        (0.9, 0.0, 0.02),
        (0.9, 0.7, -0.1),
        ("0.9", 0.7, 0.02),
        (0.9, None, 0.02),
        (0.9, 0.7, "0.02"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings: tuple[Any, ...]) -> None:
    with pytest.raises(ConfigurationError, match=r"expected (a number|at least min_th)"):
        PseudoLabeler(*settings)
