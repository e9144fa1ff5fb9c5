"""A session that is saved goes on as it would have gone on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auto_labeling import ActiveLearningSession, HybridQueryStrategy
from auto_labeling.errors import DataError
from auto_labeling.semi_supervised.pseudo_labeler import PseudoLabeler
from tests.torch_session.nets import QUICK, blobs, net

torch = pytest.importorskip("torch")

CROPS, Y = blobs()


def arguments(seed: int = 0) -> tuple[Any, ...]:
    """Return what a session is made of, each time anew."""
    strategy = HybridQueryStrategy(random_state=0)
    return net(seed=seed), CROPS, strategy, PseudoLabeler(decay_per_round=0.05)


def rounds(session: ActiveLearningSession, n: int) -> Any:
    for _ in range(n):
        batch = session.get_next_batch(20)
        session.add_labels(batch[:15], Y[batch[:15]])
        session.retrain_model()
        session.get_next_batch(3)
    return session


def test_it_goes_on_as_it_would_have_gone_on(tmp_path: Path) -> None:
    first = rounds(ActiveLearningSession(*arguments(), training=QUICK, random_state=0), 2)
    first.save(tmp_path / "session.pt")
    # Other weights, because what is drawn when a module is made is not what it began from.
    second = ActiveLearningSession.resume(
        tmp_path / "session.pt", *arguments(seed=1), training=QUICK
    )
    torch.testing.assert_close(second.model.state_dict(), first.model.state_dict())
    assert second.labels == first.labels
    assert rounds(second, 2).labels == rounds(first, 2).labels
    torch.testing.assert_close(second.model.state_dict(), first.model.state_dict())
    assert second.pseudo_precision == first.pseudo_precision
    assert second._labeler.threshold == first._labeler.threshold == pytest.approx(0.7)


def test_a_labeler_that_was_stepped_already_makes_the_same_steps(tmp_path: Path) -> None:
    given = arguments()
    first = rounds(ActiveLearningSession(*given, training=QUICK, random_state=0), 2)
    first.save(tmp_path / "session.pt")
    threshold = given[-1].threshold
    ActiveLearningSession.resume(tmp_path / "session.pt", *given, training=QUICK)
    assert given[-1].threshold == threshold < 0.9
    with pytest.raises(DataError, match="expected a saved session, and it cannot be read"):
        ActiveLearningSession.resume(tmp_path, *given)


def test_another_pool_or_module_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "session.pt"
    rounds(ActiveLearningSession(*arguments(), training=QUICK, random_state=0), 1).save(path)
    model, crops, *rest = arguments()
    with pytest.raises(DataError, match=r"expected the pool that .* was saved with"):
        ActiveLearningSession.resume(path, model, crops + 1, *rest)
    wider = torch.nn.Linear(6, 1)
    with pytest.raises(DataError, match="expected the module that the session was saved with"):
        ActiveLearningSession.resume(path, wider, crops, *rest)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (None, "there is no such file"),
        (b"", "it cannot be read as one"),
        (b"labels", "it cannot be read as one"),
        ({"format": "other"}, "got another file"),
        ({"format": "auto-labeling torch session", "version": 9}, "reads version 1, got 9"),
        (np.zeros(3), "it cannot be read as one"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: Any, what: str) -> None:
    path = tmp_path / "session.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(DataError, match=what):
        ActiveLearningSession.resume(path, *arguments())
