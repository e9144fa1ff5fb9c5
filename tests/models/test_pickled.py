from __future__ import annotations

import hashlib
import pickle
from pathlib import Path
from typing import Any

import joblib
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from auto_labeling.errors import ConfigurationError
from auto_labeling.models.pickled import Pickled


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def saved(thing: object, path: Path) -> str:
    joblib.dump(thing, path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_path_is_relative_to_the_campaign_file(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    digest = saved(RandomForestClassifier(7), tmp_path / "models" / "mine.joblib")
    model: Any = Pickled(path="models/mine.joblib", sha256=digest.upper()).build(0, base=tmp_path)
    assert model.n_estimators == 7


def test_what_is_left_to_chance_is_seeded_and_what_is_decided_stays(tmp_path: Path) -> None:
    decided, left = RandomForestClassifier(random_state=3), RandomForestClassifier()
    for estimator, key in ((decided, 3), (make_pipeline(StandardScaler(), left), 11)):
        digest = saved(estimator, tmp_path / "model")
        model: Any = Pickled(path=str(tmp_path / "model"), sha256=digest).build(seed=11)
        states = [v for name, v in model.get_params().items() if name.endswith("random_state")]
        assert states == [key]


def test_without_a_digest_nothing_is_loaded_and_the_remedy_is_said() -> None:
    with pytest.raises(
        ConfigurationError, match=r"sha256: expected the digest of m\.joblib.*sha256sum"
    ):
        Pickled(path="m.joblib")


def test_a_digest_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="sha256: expected 64 hex digits, got 'abc'"):
        Pickled(path="m.joblib", sha256="abc")


def test_another_file_is_refused_before_any_of_it_runs(tmp_path: Path) -> None:
    digest = saved(Trap(tmp_path / "sprung"), tmp_path / "trap")
    with pytest.raises(ConfigurationError, match=r"path: .*expected sha256 0000"):
        Pickled(path="trap", sha256="0" * 64).build(0, base=tmp_path)
    assert not (tmp_path / "sprung").exists()
    with pytest.raises(ConfigurationError, match="no fit and no predict_proba"):
        Pickled(path="trap", sha256=digest).build(0, base=tmp_path)
    assert (tmp_path / "sprung").exists()  # or the line before it shows nothing


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"path: .*gone\.joblib: there is no such file"):
        Pickled(path="gone.joblib", sha256="0" * 64).build(0, base=tmp_path)


def test_an_estimator_without_probabilities_is_named(tmp_path: Path) -> None:
    digest = saved(LinearRegression(), tmp_path / "line")
    with pytest.raises(ConfigurationError, match=r"a LinearRegression, .* it has no predict_proba"):
        Pickled(path="line", sha256=digest).build(0, base=tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a pickle",
        pickle.dumps(RandomForestClassifier())[:-20],
        b"cno_such_library\nModel\n.",
        b"csklearn.linear_model\nNoSuchModel\n.",
    ],
)
def test_a_file_that_cannot_be_loaded_here_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    with pytest.raises(ConfigurationError, match=r"cannot be loaded .*library versions"):
        Pickled(path="bad", sha256=digest).build(0, base=tmp_path)
