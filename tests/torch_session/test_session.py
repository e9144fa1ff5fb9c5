"""A torch session from the first batch to the last label."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from auto_labeling import ActiveLearningSession, HybridQueryStrategy
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.models.torch_module import TorchModule
from auto_labeling.semi_supervised.pseudo_labeler import PseudoLabeler
from auto_labeling.strategies.auto import Auto
from auto_labeling.strategies.gradient import ExpectedGradientLength
from auto_labeling.strategies.top_k import TopK
from auto_labeling.torch_session import ExpectedGradient, NoisyStudent, Terms
from tests.torch_session.nets import QUICK, Claims, blobs, net

torch = pytest.importorskip("torch")

CROPS, Y = blobs()
ALL_AUDITED = Terms(audit=0.99)


def begun(model: Any = None, crops: Any = CROPS, **more: Any) -> ActiveLearningSession:
    """Return a session that is quick to train."""
    given = {"query_strategy": HybridQueryStrategy(random_state=0), "training": QUICK}
    return ActiveLearningSession(model or net(), crops, **{**given, "random_state": 0, **more})


def labeled(n: int = 20, **more: Any) -> ActiveLearningSession:
    """Return a session with n labels."""
    session = begun(**more)
    batch = session.get_next_batch(n)
    session.add_labels(batch, Y[batch])
    return session


def right(session: ActiveLearningSession, y: Any = Y) -> float:
    said = TorchModule(module=session.model).predict_proba(CROPS if len(y) == len(CROPS) else y)
    return float((said.argmax(axis=1) == y).mean())


@pytest.mark.parametrize(("k", "outputs"), [(2, 1), (2, 2), (4, 4)])
@pytest.mark.parametrize("squashed", [False, True])
def test_every_head_learns(k: int, outputs: int, squashed: bool) -> None:
    crops, y = blobs(k)
    model = net(outputs, squashed=squashed)
    session = begun(model, crops, pseudo_labeler=PseudoLabeler())
    for _ in range(3):
        batch = session.get_next_batch(10)
        session.add_labels(batch, y[batch])
        said = session.retrain_model(epochs=3)
    assert session.model is model
    guesses = TorchModule(module=model).predict_proba(crops).argmax(axis=1)
    assert (guesses == y).mean() > 0.9
    assert (said.labels, said.reason) == (30, None)
    assert said.pseudo_labels > 50
    assert session.pseudo_off_reason is None


@pytest.mark.parametrize(
    "crops",
    [
        torch.zeros(9, 3, 4, 4),
        np.zeros((9, 3, 4, 4)),
        [torch.zeros(3, 4, 4)] * 9,
        [np.zeros((3, 4, 4))] * 9,
        [Image.new("L", (4, 4))] * 9,
    ],
)
def test_pools_of_every_kind(crops: Any) -> None:
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(48, 1))
    session = begun(model, crops)
    assert sorted(session.get_next_batch(9).tolist()) == list(range(9))


@pytest.mark.parametrize(
    ("crops", "what"),
    [
        ([], "at least one crop"),
        (np.full((4, 6), np.nan), "crops: expected finite numbers, row 0"),
        ([np.zeros(6), np.zeros(5)], "expected one shape"),
        ([Image.new("L", (4, 4)), Image.new("L", (5, 4))], "expected one shape"),
    ],
)
def test_pools_that_are_none(crops: Any, what: str) -> None:
    with pytest.raises(DataError, match=what):
        begun(net(), crops)


@pytest.mark.parametrize(
    "strategy",
    [
        HybridQueryStrategy(random_state=0),
        ExpectedGradient(random_state=0),
        TopK(ExpectedGradientLength()),
        TopK(ExpectedGradientLength(inputs="features")),
        Auto(),
    ],
)
def test_every_strategy_gives_what_is_asked_until_nothing_is_left(strategy: Any) -> None:
    session = begun(query_strategy=strategy)
    seen: list[int] = []
    for size, expected in ((60, 60), (60, 60), (60, 60), (60, 20), (60, 0)):
        batch = session.get_next_batch(size)
        assert len(batch) == expected
        session.add_labels(batch, Y[batch])
        session.retrain_model(epochs=1)
        seen += batch.tolist()
    assert sorted(seen) == list(range(200))


def test_what_is_handed_out_comes_back() -> None:
    session = labeled(20)
    first, second = session.get_next_batch(100), session.get_next_batch(75)
    assert not set(first) & set(second), "it is held while others are there"
    third = session.get_next_batch(10)
    assert len(set(third)) == 10
    assert len(set(third) - set(first) - set(second)) == 5, "the rest of the pool goes first"
    session.retrain_model()
    assert len(set(session.get_next_batch(180))) == 180


def test_a_label_is_kept_until_people_say_otherwise() -> None:
    session = begun()
    session.add_labels([3, 5], [1, 0])
    with pytest.raises(DataError, match="5 is labeled already, as 0, and nothing of this call"):
        session.add_labels([7, 5], [1, 1])
    assert session.labels == {3: 1, 5: 0}
    session.add_labels([5], [1], replace=True)
    session.add_labels(torch.tensor([8, 9]), torch.tensor([[1.0], [0.0]]))
    assert session.labels == {3: 1, 5: 1, 8: 1, 9: 0}


@pytest.mark.parametrize(
    ("indices", "labels", "what"),
    [
        ([0, 1], [1], "labels: expected one for each of 2 indices, got 1"),
        ([200], [0], "indices: expected whole numbers from 0 to 199, got 200"),
        ([-1], [0], "indices: expected whole numbers from 0 to 199, got -1"),
        ([0], [2], "labels: expected whole numbers from 0 to 1, got 2"),
        ([0], [np.nan], "labels: expected .* whole numbers"),
        ([0], [0.5], "labels: expected .* whole numbers"),
        ([0], ["cat"], "labels: expected .* whole numbers"),
        ([4, 4], [0, 1], "each position once"),
    ],
)
def test_labels_that_cannot_be_taken(indices: Any, labels: Any, what: str) -> None:
    session = begun()
    with pytest.raises(DataError, match=what):
        session.add_labels(indices, labels)
    assert session.labels == {}


def test_one_class_teaches_nothing_yet() -> None:
    session = begun(pseudo_labeler=PseudoLabeler())
    with pytest.raises(DataError, match="call add_labels first"):
        session.retrain_model()
    ones = np.flatnonzero(Y == 1)[:5]
    session.add_labels(ones, Y[ones])
    before = [part.clone() for part in session.model.parameters()]
    said = session.retrain_model()
    assert (said.labels, said.reason) == (0, "people's labels show 1 of 2 classes")
    torch.testing.assert_close(list(session.model.parameters()), before)


def test_training_data_tell_people_from_the_model() -> None:
    session = labeled(20, pseudo_labeler=PseudoLabeler(), terms=Terms(weight=0.3, max_ratio=2))
    assert len(begun().get_training_data()) == 0
    session.retrain_model()
    data = session.get_training_data()
    assert 20 < len(data) <= 60
    people = ~data.is_pseudo
    assert data.indices[people].tolist() == list(session.labels)
    assert data.labels[people].tolist() == list(session.labels.values())
    assert data.weights.tolist() == pytest.approx([1.0] * 20 + [0.3] * (len(data) - 20))
    torch.testing.assert_close(data.crops, torch.from_numpy(CROPS)[data.indices])
    assert not set(data.indices[data.is_pseudo].tolist()) & set(session.labels)
    assert (data.labels.numpy() == Y[data.indices]).mean() > 0.9


def test_the_same_seed_gives_the_same_session() -> None:
    def told(seed: int) -> tuple[list[int], Any]:
        session = labeled(20, pseudo_labeler=PseudoLabeler(), random_state=seed)
        session.retrain_model(noisy=NoisyStudent(augment=lambda x: x + torch.randn_like(x)))
        return session.get_next_batch(10).tolist(), session.model.state_dict()

    (one, weights), (again, same), (_, others) = told(0), told(0), told(1)
    assert one == again
    torch.testing.assert_close(weights, same)
    assert not torch.equal(weights["0.weight"], others["0.weight"])


def test_each_training_begins_anew() -> None:
    """Whatever the module learned in between, the same labels give the same weights."""
    session, other = labeled(20), labeled(20)
    for wrong in (1 - Y, Y):
        session.add_labels(list(session.labels), wrong[list(session.labels)], replace=True)
        session._state.rounds = 0
        session.retrain_model()
    other.retrain_model()
    torch.testing.assert_close(session.model.state_dict(), other.model.state_dict())


def test_wrong_pseudo_labels_end_and_what_they_taught_is_forgotten() -> None:
    claims = Claims(0.4, Y, CROPS)
    session = labeled(20, pseudo_labeler=claims, terms=Terms(audit=0.2))
    while session.pseudo_off_reason is None:
        said = session.retrain_model()
        assert said.pseudo_labels > 0
        alone = labeled_like(session)
        batch = session.get_next_batch(20)
        session.add_labels(batch, Y[batch])
    assert "audited pseudo-labels" in session.pseudo_off_reason
    assert session.pseudo_precision.high < 0.8
    torch.testing.assert_close(session.model.state_dict(), alone)
    said = session.retrain_model()
    assert (said.pseudo_labels, said.reason) == (0, session.pseudo_off_reason)
    assert not session.get_training_data().is_pseudo.any()
    assert right(session) > 0.9


def labeled_like(session: ActiveLearningSession) -> Any:
    """Return the weights that the session's labels alone give in its last round."""
    other = begun()
    other.add_labels(list(session.labels), list(session.labels.values()))
    other._state.rounds = session._state.rounds - 1
    other.retrain_model()
    return other.model.state_dict()


def test_right_pseudo_labels_stay() -> None:
    session = labeled(20, pseudo_labeler=Claims(0.95, Y, CROPS), terms=Terms(audit=0.5))
    for _ in range(4):
        session.retrain_model()
        batch = session.get_next_batch(20)
        session.add_labels(batch, Y[batch])
    assert session.pseudo_off_reason is None
    assert session.pseudo_precision.n == 40
    assert session.pseudo_precision.low < 0.95 < session.pseudo_precision.high


def test_what_a_strategy_chose_tells_nothing_fair() -> None:
    session = labeled(20, pseudo_labeler=Claims(0.0, Y, CROPS), terms=Terms(audit=1e-6))
    session.retrain_model()
    batch = session.get_next_batch(20)
    session.add_labels(batch, Y[batch])
    assert (session.pseudo_off_reason, session.pseudo_precision.n) == (None, 0)
    others = np.setdiff1d(np.arange(200), list(session.labels))[:20]
    session.add_labels(others, Y[others])
    assert session.pseudo_precision.n == 0, "a person picked these"
    assert session.pseudo_off_reason is None


def by_lot(session: ActiveLearningSession, n: int) -> Any:
    """Return n crops that audit pseudo-labels, and a last one that the strategy chose."""
    return session.get_next_batch(n + 1)[1:]


def test_an_audit_goes_by_what_people_say_last() -> None:
    session = labeled(20, pseudo_labeler=Claims(1.0, Y, CROPS), terms=ALL_AUDITED)
    session.retrain_model()
    others = by_lot(session, 8)
    session.add_labels(others, Y[others])
    assert (session.pseudo_precision.value, session.pseudo_off_reason) == (1.0, None)
    session.add_labels(others, 1 - Y[others], replace=True)
    assert session.pseudo_precision.value == 0
    assert session.pseudo_off_reason is not None


def test_who_trains_by_hand_gets_the_weights_back() -> None:
    session = labeled(20, pseudo_labeler=Claims(0.0, Y, CROPS), terms=ALL_AUDITED)
    before = {name: part.clone() for name, part in session.model.state_dict().items()}
    data = session.get_training_data()
    assert data.is_pseudo.sum() > 20
    with torch.no_grad():
        for part in session.model.parameters():
            part.add_(1.0)
    others = by_lot(session, 10)
    session.add_labels(others, Y[others])
    assert session.pseudo_off_reason is not None
    torch.testing.assert_close(session.model.state_dict(), before)


def test_the_threshold_steps_with_each_retraining() -> None:
    labeler = PseudoLabeler(decay_per_round=0.05)
    session = labeled(20, pseudo_labeler=labeler)
    for expected in (0.85, 0.8, 0.75, 0.7, 0.7):
        session.retrain_model(epochs=1)
        assert labeler.threshold == pytest.approx(expected)


def test_before_the_first_label_another_strategy_may_choose() -> None:
    session = begun(query_strategy=TopK(ExpectedGradientLength()), cold_start=Firsts())
    assert session.get_next_batch(4).tolist() == [0, 1, 2, 3]
    session.add_labels(range(4), Y[:4])
    assert session.get_next_batch(4).tolist() != [4, 5, 6, 7]


class Firsts:
    """Asks for the first crops, and for fewer than it may."""

    def select_batch(self, model: Any, unlabeled: Any, batch_size: int, device: str) -> Any:
        assert isinstance(unlabeled, torch.Tensor)
        assert (model is not None, device) == (True, "cpu")
        return torch.arange(min(batch_size, 4))


class Wrong:
    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def select_batch(self, *_: Any) -> Any:
        return self.answer


def test_what_a_strategy_leaves_out_is_drawn_by_lot() -> None:
    batch = begun(query_strategy=Firsts()).get_next_batch(150)
    assert batch[:4].tolist() == [0, 1, 2, 3]
    assert len(set(batch)) == 150


@pytest.mark.parametrize("answer", [[200, 1], [1, 1], [0.5], [[1]]])
def test_a_strategy_that_says_nonsense_is_refused(answer: Any) -> None:
    with pytest.raises(DataError, match="query_strategy: expected"):
        begun(query_strategy=Wrong(answer)).get_next_batch(2)


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"query_strategy": object()}, "query_strategy: expected one with select_batch"),
        ({"pseudo_labeler": object()}, "pseudo_labeler: expected one with generate_pseudo_labels"),
        ({"model": object()}, "model: expected a torch.nn.Module, got a object"),
        ({"device": "tpu:9"}, "device: tpu:9 cannot be used here"),
        ({"random_state": -1}, "random_state"),
    ],
)
def test_what_a_session_cannot_be_made_of(given: dict[str, Any], what: str) -> None:
    with pytest.raises(ConfigurationError, match=what):
        begun(**given)


def test_a_model_of_places_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="model: expected one output a crop"):
        begun(torch.nn.Conv1d(3, 3, 1), np.zeros((9, 3, 4)))


def test_terms_are_checked() -> None:
    for name in ("weight", "audit", "precision"):
        with pytest.raises(ConfigurationError, match=f"{name}: expected a share"):
            Terms(**{name: 1.0})
    with pytest.raises(ConfigurationError, match="max_ratio"):
        Terms(max_ratio=-1)


def test_pseudo_labels_of_one_class_are_none_by_hand_too() -> None:
    session = labeled(20, pseudo_labeler=PseudoLabeler())
    with torch.no_grad():
        for part in session.model.parameters():
            part.zero_()
        session.model[-1].bias.fill_(9.0)
    assert not session.get_training_data().is_pseudo.any()
