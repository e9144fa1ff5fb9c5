from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.formats.codec import ITEM
from auto_labeling.sampling.intelligent import IntelligentSampler
from auto_labeling.sampling.learner import ActiveLearner
from auto_labeling.sampling.names import SEVERAL_LABELS, known, strategy_of
from auto_labeling.strategies import TABLE
from auto_labeling.strategies.top_k import TopK
from auto_labeling.strategies.uncertainty import Entropy
from tests.support.clouds import CLASSES, TEXTS, TONES, clouds

X, Y = clouds(30, seed=1)
POOL = clouds(60)[0]
TIMES = {"created_at": "2026-01-05T09:00:00Z", "updated_at": "2026-01-05T09:00:00Z"}


def webhook(data: Any, name: str | None, answer: int = 1, **more: Any) -> dict[str, Any]:
    """Return what Label Studio posts when somebody answers a task."""
    region = {"from_name": "label", "to_name": "item", "type": "choices"}
    value = [] if name is None else [{**region, "id": "r", "value": {"choices": [name]}}]
    annotation = {"id": answer, "result": value, "was_cancelled": name is None, **TIMES}
    task = {"id": 5, "data": data}
    return {"action": "ANNOTATION_CREATED", "annotation": annotation, "task": task, **more}


@pytest.mark.parametrize("name", known())
def test_every_name_chooses(name: str) -> None:
    labels = np.eye(3, dtype=int)[np.arange(30) % 3] if name in SEVERAL_LABELS else Y
    picks = ActiveLearner(strategy=name, random_state=0).fit(X, labels).select(POOL, 7)
    assert len(set(picks.tolist())) == 7


def test_the_most_uncertain_come_first() -> None:
    learner = ActiveLearner(strategy="uncertainty", random_state=0).fit(X, Y)
    sure = learner.model.predict_proba(POOL).max(axis=1)
    np.testing.assert_array_equal(learner.select(POOL, 60), np.argsort(sure))


def test_a_strategy_object_is_taken_as_it_is() -> None:
    learner = ActiveLearner(strategy=TopK(Entropy()), random_state=0).fit(X, Y)
    by_name = ActiveLearner(strategy="entropy", random_state=0).fit(X, Y)
    np.testing.assert_array_equal(learner.select(POOL, 9), by_name.select(POOL, 9))


def test_weights_move_the_choice_from_the_uncertain_to_the_unlike() -> None:
    def picks(uncertainty: float) -> set[int]:
        weights = {"uncertainty": uncertainty, "diversity": 1 - uncertainty}
        learner = ActiveLearner(strategy="combined", weights=weights, random_state=0).fit(X, Y)
        return set(learner.select(POOL, 10).tolist())

    purest = set(ActiveLearner(random_state=0).fit(X, Y).select(POOL, 10).tolist())
    shared = [len(picks(weight) & purest) for weight in (1.0, 0.5, 0.0)]
    assert shared[0] == 10
    assert shared == sorted(shared, reverse=True)
    assert shared[-1] < 10


def test_batches_have_a_size_of_their_own() -> None:
    learner = ActiveLearner(batch_size=7, n_initial=5, random_state=0)
    assert len(learner.select(POOL)) == 5
    assert len(learner.fit(X, Y).select(POOL)) == 7


def test_a_model_that_is_fitted_already_is_asked_at_once() -> None:
    model = LogisticRegression().fit(X, Y)
    learner = ActiveLearner(model, "margin", random_state=0)
    fitted = ActiveLearner(LogisticRegression(), "margin", random_state=0).fit(X, Y)
    np.testing.assert_array_equal(learner.select(POOL, 9), fitted.select(POOL, 9))
    learner.fit(X[:9], Y[:9])
    np.testing.assert_array_equal(model.predict(POOL), LogisticRegression().fit(X, Y).predict(POOL))


def test_frames_of_words_are_chosen_through_a_pipeline() -> None:
    frame = pd.DataFrame({"color": ["red", "blue", "green"] * 10, "size": ["s", "m", "l"] * 10})
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression())
    learner = ActiveLearner(model, "hybrid", random_state=0).fit(frame[:12], Y[:12])
    assert len(set(learner.select(frame, 9).tolist())) == 9
    assert len(learner.update(frame[12:], Y[12:]).model.predict(frame)) == 30


def test_pictures_are_read_as_numbers() -> None:
    pictures = POOL.reshape(60, 2, 2)
    learner = ActiveLearner(strategy="hybrid", random_state=0).fit(X.reshape(30, 2, 2), Y)
    flat = ActiveLearner(strategy="hybrid", random_state=0).fit(X, Y)
    np.testing.assert_array_equal(learner.select(pictures, 9), flat.select(POOL, 9))


def test_pairs_are_learned_when_it_is_told_to() -> None:
    learner = ActiveLearner(random_state=0).fit(X[:9], Y[:9])
    before = learner.model
    for row, label in zip(X[9:], Y[9:], strict=True):
        assert learner.add_labeled_sample((row, label))
    assert learner.model is before
    learner.update_model()
    whole = ActiveLearner(random_state=0).fit(X, Y)
    np.testing.assert_array_equal(learner.select(POOL, 9), whole.select(POOL, 9))


def test_labels_alone_are_enough_to_begin_with() -> None:
    learner = ActiveLearner(random_state=0)
    with pytest.raises(DataError, match="none were added"):
        learner.update_model()
    for text, tone in zip(TEXTS, TONES, strict=True):
        learner.add_labeled_sample((text, tone))
    assert learner.update_model().model.predict(["good"]) == ["good"]


def test_what_was_added_stays_when_more_is_given() -> None:
    learner = ActiveLearner(random_state=0).fit(X[:9], Y[:9])
    learner.add_labeled_sample((X[9], Y[9]))
    learner.update(X[10:12], Y[10:12])
    np.testing.assert_array_equal(
        learner.model.predict_proba(POOL),
        ActiveLearner(random_state=0)
        .fit(X[[*range(9), 10, 11, 9]], Y[[*range(9), 10, 11, 9]])
        .model.predict_proba(POOL),
    )


def test_tasks_go_out_and_their_answers_come_back(tmp_path: Path) -> None:
    learner = ActiveLearner(random_state=0).fit(X, Y)
    picks = learner.query(POOL, 4)
    path = learner.send_to_labeling(picks, path=tmp_path / "tasks.json")
    tasks = json.loads(path.read_text())
    shown = [list(task["data"]["row"].values()) for task in tasks]
    np.testing.assert_allclose(shown, POOL[picks])
    config = (tmp_path / "tasks.label_config.row.xml").read_text()
    assert all(f'value="{name}"' in config for name in CLASSES)
    for at, task in enumerate(tasks):
        assert learner.add_labeled_sample(webhook(task["data"], "bee", answer=at))
    learner.update_model()
    again = ActiveLearner(random_state=0).fit(X, Y).update(POOL[picks], ["bee"] * 4)
    np.testing.assert_array_equal(learner.select(POOL, 9), again.select(POOL, 9))


def test_an_edit_takes_the_place_of_the_first_answer_and_a_skip_that_of_any() -> None:
    def proba(*names: str | None) -> Any:
        learner = ActiveLearner(random_state=0).fit(TEXTS, TONES)
        for name in names:
            learner.add_labeled_sample(
                webhook({"text": "so so"}, name, action="ANNOTATION_UPDATED")
            )
        return learner.update_model().model.predict_proba(["so so"])

    np.testing.assert_array_equal(proba("good", "bad"), proba("bad"))
    np.testing.assert_array_equal(proba("good", None), proba())
    assert not np.array_equal(proba("good"), proba("bad"))


def test_numbers_stay_numbers_on_their_way_back() -> None:
    learner = ActiveLearner(random_state=0).fit(TEXTS, np.arange(12) % 2)
    learner.add_labeled_sample(webhook({"text": "so so"}, "2"))
    assert learner.update_model().model.classes_.tolist() == [0, 1, 2]
    with pytest.raises(DataError, match="expected a label like 0, got 'maybe'"):
        learner.add_labeled_sample(webhook({"text": "so so"}, "maybe"))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"action": "PROJECT_UPDATED"}, "got 'PROJECT_UPDATED'"),
        ({"action": "ANNOTATION_CREATED"}, "expected annotation and task"),
        (webhook({"image": "a.png"}, "good"), "one with a text, got one with"),
        (webhook(None, "good"), "expected a task with data"),
        (webhook({"text": "a"}, "good", annotation={"id": 1, "result": [{}]}), "annotation 1"),
        ((1, 2, 3), "expected .sample, label. or the body"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(body: Any, said: str) -> None:
    learner = ActiveLearner(random_state=0).fit(TEXTS, TONES)
    with pytest.raises(DataError, match=said):
        learner.add_labeled_sample(body)


@pytest.mark.parametrize("pool", [TEXTS, pd.DataFrame(POOL), csr_matrix(POOL)])
def test_samples_are_sent_in_any_form(pool: Any, tmp_path: Path) -> None:
    known_rows = (TEXTS, TONES) if isinstance(pool, list) else (type(pool)(X), Y)
    learner = ActiveLearner(random_state=0).fit(*known_rows)
    path = learner.send_to_labeling(learner.query(pool, 3), "prodigy", tmp_path / "tasks.jsonl")
    tasks = [json.loads(line) for line in path.read_text().splitlines()]
    assert len({json.dumps(task) for task in tasks}) == 3
    assert ITEM in path.read_text()


def test_sending_makes_a_file_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    learner = ActiveLearner(random_state=0).fit(TEXTS, TONES)
    one, other = (learner.send_to_labeling(TEXTS[at : at + 2]) for at in (0, 2))
    assert one != other
    assert learner.send_to_labeling(TEXTS[:2]) == one
    assert one.parent.name == "to_label"


@pytest.mark.parametrize(
    ("samples", "tool", "said"),
    [
        ([5], "label_studio", "positions mean nothing before select"),
        (TEXTS, "excel", "tool: expected label_studio or prodigy, got 'excel'"),
        ([], "label_studio", "expected at least one"),
    ],
)
def test_what_cannot_be_sent_is_named(samples: Any, tool: str, said: str) -> None:
    learner = ActiveLearner(random_state=0).fit(TEXTS, TONES)
    with pytest.raises((ConfigurationError, DataError), match=said):
        learner.send_to_labeling(samples, tool)


def test_people_need_classes_to_choose_from() -> None:
    with pytest.raises(ConfigurationError, match="fitted on two classes or more"):
        ActiveLearner(random_state=0).send_to_labeling(TEXTS)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"strategy": "magrin"}, "did you mean 'margin'"),
        ({"strategy": "explore"}, "strategy: the key 'strategy' is missing"),
        ({"strategy": 7}, "strategy: expected a name, or an object"),
        ({"model": "magic"}, "model: expected a model or one of .*lda"),
        ({"model": object()}, "without fit and predict_proba"),
        ({"weights": {"uncertainty": 1.0}}, "with the strategy 'combined' only"),
        ({"strategy": "combined", "weights": {"luck": 1}}, "weights: expected the keys"),
        ({"strategy": "combined", "weights": {"diversity": -1}}, "weights.*got -1"),
        ({"strategy": "combined", "weights": {"diversity": 0}}, "expected one weight above 0"),
        ({"batch_size": 0}, "batch_size: expected a whole number of 1 or more, got 0"),
        ({"n_initial": 0.5}, "n_initial: expected"),
    ],
)
def test_what_cannot_be_made_is_named(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        ActiveLearner(**given)


def test_names_are_those_of_campaign_files_too() -> None:
    assert {"random", "k_medoids", "typiclust"} <= set(known())
    assert "explore" not in known(), "it needs a strategy to wrap"
    assert strategy_of({"kind": "top_k", "scorer": {"kind": "entropy"}}) == TopK(Entropy())
    assert strategy_of("random") == TABLE["random"]()


def test_a_skip_makes_no_pair_lose_its_place() -> None:
    learner = ActiveLearner(random_state=0)
    learner.add_labeled_sample(webhook({"text": "task text"}, "x"))
    learner.add_labeled_sample(("pair one", "p"))
    learner.add_labeled_sample(webhook({"text": "task text"}, None))
    learner.add_labeled_sample(("pair two", "q"))
    assert learner.update_model().n_labels == 2


def test_what_was_refused_is_forgotten() -> None:
    X, y = clouds(60)
    learner = ActiveLearner(random_state=0).fit(X[:20], y[:20])
    with pytest.raises(DataError, match="expected labels of shape"):
        learner.update(X[20:30], np.zeros((10, 2), dtype=int))
    for sample, said in (((X[20], None), "row 0 has none"), ((X[20][:1], y[20]), "rows of shape")):
        with pytest.raises(DataError, match=said):
            learner.add_labeled_sample(sample)
    assert learner.update(X[20:30], y[20:30]).n_labels == 30
    fresh = ActiveLearner(random_state=0)
    with pytest.raises(DataError):
        fresh.update(X[:20], np.zeros((20, 2), dtype=int))
    assert fresh.update(X[:20], y[:20]).n_labels == 20


def test_words_and_numbers_are_not_the_same_labels() -> None:
    X, _ = clouds(60)
    y = np.arange(len(X)) % 2
    for sampler in (ActiveLearner(random_state=0), IntelligentSampler(random_state=0)):
        sampler.fit(X[:20], y[:20])
        with pytest.raises(DataError, match="y: expected labels of one kind, got 0 and '1'"):
            sampler.update(X[20:22], ["1", "0"])
        assert sampler.update(X[20:22], y[20:22]).n_labels == 22
