"""Teachers learn from people, students from both; noise is learned with and never judged with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from auto_labeling.errors import ConfigurationError
from auto_labeling.models.torch_module import TorchModule
from auto_labeling.models.torch_plan import Training
from auto_labeling.models.torch_student import NoisyStudent, taught
from auto_labeling.models.torch_training import Examples, trained

torch = pytest.importorskip("torch")

RNG = np.random.default_rng(0)
CENTERS = np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 3.0]])
Y = RNG.integers(3, size=90)
X = (CENTERS[Y] + RNG.normal(size=(90, 2))).astype(np.float32)
PLAN = Training(epochs=2, min_steps=60, lr=0.02, patience=None)


def made() -> Any:
    """Return a module that begins with the same weights each time."""
    torch.manual_seed(0)
    return torch.nn.Linear(2, 3)


def examples(rows: Any, targets: Any = None, **more: Any) -> Examples:
    """Return some rows with their classes, or with others."""
    chosen = Y[rows] if targets is None else targets
    return Examples(inputs=X[rows], targets=chosen, weights=np.ones(len(rows)), **more)


def right(module: Any) -> float:
    """Return the share of all rows that a module classifies rightly."""
    return float((TorchModule(module=module).predict_proba(X).argmax(axis=1) == Y).mean())


LABELED, REST = np.arange(12), np.arange(12, 90)


def test_the_teacher_learns_from_people_alone() -> None:
    wrong = examples(REST, (Y[REST] + 1) % 3)
    found = taught(made, examples(LABELED), lambda _: wrong, PLAN, seed=0)
    alone = trained(made, examples(LABELED), PLAN, 0)
    torch.testing.assert_close(found.teacher.state_dict(), alone.state_dict())
    assert right(found.student) < 0.5 < 0.8 < right(found.teacher)


@pytest.mark.parametrize("nothing", [None, examples(REST[:0])])
def test_without_anything_to_teach_there_is_no_student(nothing: Examples | None) -> None:
    found = taught(made, examples(LABELED), lambda _: nothing, PLAN, seed=0)
    assert found.student is None


def test_each_student_is_the_next_one_s_teacher() -> None:
    teachers: list[Any] = []

    def teach(module: Any) -> Examples:
        assert not module.training
        teachers.append(module)
        return examples(REST)

    how = NoisyStudent(generations=3)
    found = taught(made, examples(LABELED), teach, PLAN, 0, how)
    assert teachers[0] is found.teacher
    assert len({id(one) for one in [*teachers, found.student]}) == 4


def test_chances_are_learned_as_they_are_said() -> None:
    """A student of nothing but a teacher's chances says the same chances."""
    chances = np.tile([0.6, 0.3, 0.1], (len(REST), 1))
    more = examples(REST, np.zeros(len(REST), dtype=np.intp), shares=chances)
    plan = Training(epochs=20, min_steps=2000, lr=0.01, patience=None, weight_decay=0)
    few = Examples(inputs=X[:2], targets=Y[:2], weights=np.full(2, 1e-6))
    student = taught(made, few, lambda _: more, plan, 0).student
    said = TorchModule(module=student).predict_proba(X[REST])
    np.testing.assert_allclose(said.mean(axis=0), [0.6, 0.3, 0.1], atol=0.03)


def test_noise_is_learned_with_and_not_judged_with() -> None:
    learned: list[int] = []

    def noise(batch: Any) -> Any:
        learned.append(len(batch))
        return batch

    plan = Training(epochs=3, min_steps=0, batch=200, patience=3)
    trained(made, examples(np.arange(90), noise=noise), plan, 0)
    assert learned == [81] * 3, "nine of ninety judge"


def test_what_a_teacher_says_never_judges() -> None:
    """With one batch an epoch, every row that is not held out is learned, and is seen by noise."""
    seen: list[Any] = []

    def noise(batch: Any) -> Any:
        seen.append(batch.numpy().copy())
        return batch

    people, claims = np.arange(60), np.arange(60, 90)
    how = NoisyStudent(augment=noise, soft=False)
    plan = Training(epochs=1, min_steps=0, batch=200)
    taught(made, examples(people), lambda _: examples(claims), plan, 0, how)
    of_student = {tuple(row) for row in seen[-1]}
    assert {tuple(row) for row in X[claims]} <= of_student
    assert len(of_student) == 84, "six of sixty judge"


def test_generations_are_checked() -> None:
    with pytest.raises(ConfigurationError, match="generations: expected at least 1, got 0"):
        NoisyStudent(generations=0)
