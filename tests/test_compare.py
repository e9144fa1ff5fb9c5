from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats

from auto_labeling.compare.comparison import Comparison
from auto_labeling.compare.filing import Request, compare_file, write
from auto_labeling.compare.racing import compare_strategies
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.sampling.learner import ActiveLearner
from auto_labeling.strategies.top_k import TopK
from auto_labeling.strategies.uncertainty import Entropy
from auto_labeling.view import PoolView
from tests.support.campaigns import template, write_points
from tests.support.clouds import clouds

X, Y = clouds(120, seed=1)
X_TEST, Y_TEST = clouds(60, seed=2)
SMALL = {"n_iterations": 3, "samples_per_iteration": 6, "n_initial": 6, "n_repeats": 4}


def race(*strategies: object, **more: Any) -> Comparison:
    given: dict[str, Any] = {**SMALL, **more}
    return compare_strategies(X, Y, X_TEST, Y_TEST, strategies, **given)


def by_hand(scores: dict[str, list[list[float]]], full: float = 1.0) -> Comparison:
    """Return a comparison whose curves have points at 10, 20 and 40 labels."""
    rows = [
        (name, repeat, labels, score)
        for name, repeats in scores.items()
        for repeat, run in enumerate(repeats)
        for labels, score in zip((10, 20, 40), run, strict=True)
    ]
    frame = pd.DataFrame(rows, columns=["strategy", "repeat", "n_labels", "score"])
    return Comparison(curves=frame, full_data_score=full, track="selection")


def first_scores(found: Comparison, name: str) -> list[float]:
    first = found.curves[found.curves["n_labels"] == SMALL["n_initial"]]
    return first[first["strategy"] == name]["score"].tolist()


def test_curves_have_a_point_for_every_batch() -> None:
    curves = race("margin").curves
    assert list(curves.columns) == ["strategy", "repeat", "n_labels", "score"]
    assert len(curves) == 2 * 4 * 4
    assert sorted(set(curves["n_labels"])) == [6, 12, 18, 24]
    assert set(curves["strategy"]) == {"margin", "random"}
    assert curves["score"].between(0, 1).all()


def test_the_same_seed_gives_the_same_curves_and_another_does_not() -> None:
    one, again, other = (race("margin", random_state=seed).curves for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(one, again)
    assert not one.equals(other)


@pytest.mark.slow
def test_processes_change_nothing() -> None:
    pd.testing.assert_frame_equal(race("margin").curves, race("margin", n_jobs=2).curves)


def test_a_rival_changes_nothing() -> None:
    def alone(found: Comparison) -> Any:
        return found.curves[found.curves["strategy"] == "margin"]["score"].tolist()

    assert alone(race("margin")) == alone(race("entropy", "margin"))


def test_everybody_begins_with_the_same_labels() -> None:
    found = race("margin", TopK(Entropy()), "hybrid")
    starts = [first_scores(found, name) for name in found.strategies]
    assert len(found.strategies) == 4
    assert all(one == starts[0] for one in starts)
    assert len(set(starts[0])) > 1, "repeats differ"


def test_on_the_full_track_names_start_cold_and_random_does_not() -> None:
    found = race("margin", TopK(Entropy()), track="full")
    random, margin, entropy = (
        first_scores(found, name) for name in ("random", "margin", repr(TopK(Entropy())))
    )
    assert entropy == random == first_scores(race("margin"), "random")
    assert margin != random
    cold = ActiveLearner(random_state=0).select(X, 6)
    assert len(set(Y[cold])) == 3


class FirstRows:
    """Takes rows in their order, and starts by itself."""

    needs: frozenset[str] = frozenset()

    @property
    def cold_start(self) -> FirstRows:
        return self

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> Any:
        return np.arange(len(view))[:size]

    def __repr__(self) -> str:
        return "first_rows"


def test_scores_are_those_of_the_model_on_what_was_chosen() -> None:
    found = race(FirstRows())
    own = found.curves[found.curves["strategy"] == "first_rows"]
    for labels, scores in own.groupby("n_labels")["score"]:
        model = ActiveLearner().fit(X[:labels], Y[:labels]).model
        assert set(scores) == {(model.predict(X_TEST) == Y_TEST).mean()}
    whole = ActiveLearner().fit(X, Y).model
    assert found.full_data_score == (whole.predict(X_TEST) == Y_TEST).mean()


def test_a_pool_that_runs_out_ends_the_curve() -> None:
    found = compare_strategies(
        X[:20], Y[:20], X_TEST, Y_TEST, ["margin"], 9, 6, n_initial=6, n_repeats=2
    )
    assert found.curves["n_labels"].max() == 20
    last = found.curves[found.curves["n_labels"] == 20]["score"]
    np.testing.assert_allclose(last, found.full_data_score)


def test_the_table_of_curves_drawn_by_hand() -> None:
    scores = {
        "random": [[0.5, 0.6, 0.7], [0.5, 0.5, 0.6], [0.4, 0.6, 0.9]],
        "good": [[0.5, 0.96, 1.0], [0.5, 0.97, 0.97], [0.6, 0.6, 0.96]],
    }
    table = by_hand(scores).table()
    areas = {
        name: [(10 * (a + b) / 2 + 20 * (b + c) / 2) / 30 for a, b, c in runs]
        for name, runs in scores.items()
    }
    assert table.index.tolist() == ["good", "random"]
    for name, values in areas.items():
        half = stats.t.ppf(0.975, 2) * np.std(values, ddof=1) / math.sqrt(3)
        assert table.loc[name, "aulc"] == pytest.approx(np.mean(values))
        assert table.loc[name, "aulc_high"] == pytest.approx(np.mean(values) + half)
        assert table.loc[name, "aulc_low"] == pytest.approx(np.mean(values) - half)
    paired = np.subtract(areas["good"], areas["random"])
    half = stats.t.ppf(0.975, 2) * np.std(paired, ddof=1) / math.sqrt(3)
    assert table.loc["good", "versus_random"] == pytest.approx(paired.mean())
    assert table.loc["good", "versus_random_low"] == pytest.approx(paired.mean() - half)
    assert table.loc["random", "versus_random"] == 0
    assert table.loc["good", "labels_95"] == 20
    assert math.isnan(table.loc["good", "labels_99"]), "two of three never get there"
    assert math.isnan(table.loc["random", "labels_95"])


def test_one_repeat_has_no_limits() -> None:
    table = by_hand({"random": [[0.5, 0.6, 0.7]]}).table()
    assert table.loc["random", "aulc"] == pytest.approx((10 * 0.55 + 20 * 0.65) / 30)
    assert math.isnan(table.loc["random", "aulc_low"])


def test_the_mean_curves_as_a_frame() -> None:
    frame = by_hand({"random": [[0.5, 0.6, 0.7], [0.7, 0.6, 0.5]]}).to_frame()
    assert list(frame.columns) == ["strategy", "n_labels", "score", "low", "high"]
    np.testing.assert_allclose(frame["score"], 0.6)
    assert frame["low"][0] < 0.6 < frame["high"][0]
    assert frame["low"][1] == frame["high"][1] == 0.6


def test_the_plot_shows_every_strategy_and_what_all_labels_reach(tmp_path: Path) -> None:
    found = by_hand({"random": [[0.5, 0.6, 0.7]] * 2, "good": [[0.5, 0.9, 0.95]] * 2}, full=0.97)
    figure = found.plot_learning_curves(tmp_path / "curves.svg")
    [axes] = figure.axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["random", "good"]
    np.testing.assert_allclose(axes.lines[1].get_ydata(), [0.5, 0.9, 0.95])
    assert axes.lines[2].get_ydata()[0] == 0.97
    assert "items labeled" in (tmp_path / "curves.svg").read_text()
    for suffix, start in ((".png", b"\x89PNG"), (".pdf", b"%PDF")):
        found.plot_learning_curves(tmp_path / f"curves{suffix}")
        assert (tmp_path / f"curves{suffix}").read_bytes().startswith(start)
    with pytest.raises(ConfigurationError, match=r"expected a path ending in \.png"):
        found.plot_learning_curves(tmp_path / "curves.gif")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"strategies": "margin"}, "strategies: expected a list"),
        ({"strategies": []}, "strategies: expected a list"),
        ({"strategies": ["margin", "margin"]}, "expected each once"),
        ({"strategies": ["magic"]}, r"strategies\[0\]: expected .*got 'magic'"),
        ({"n_repeats": 0}, "n_repeats: expected a whole number of 1"),
        ({"n_iterations": -1}, "n_iterations: expected"),
        ({"samples_per_iteration": 0}, "samples_per_iteration: expected"),
        ({"track": "all"}, "track: expected selection or full, got 'all'"),
        ({"model": "magic"}, "model: expected a model or one of"),
        ({"random_state": None}, "random_state: expected"),
    ],
)
def test_what_cannot_be_compared_is_named(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        compare_strategies(X, Y, X_TEST, Y_TEST, **{"strategies": ["margin"], **SMALL, **given})


def test_data_that_cannot_be_compared_on_is_named() -> None:
    with pytest.raises(DataError, match="X_train: expected more than n_initial=6 rows, got 6"):
        compare_strategies(X[:6], Y[:6], X_TEST, Y_TEST, ["margin"], n_initial=6)
    with pytest.raises(DataError, match="X_test: expected at least one row"):
        compare_strategies(X, Y, X_TEST[:0], Y_TEST[:0], ["margin"])
    with pytest.raises(DataError, match="y: expected one label for each of 120"):
        compare_strategies(X, Y[:-1], X_TEST, Y_TEST, ["margin"])


FILED = {"n_iterations": 2, "samples_per_iteration": 4, "n_initial": 4, "n_repeats": 2}


def frame_of(points: Any, names: Any) -> pd.DataFrame:
    return pd.DataFrame(points, columns=list("abcd")).assign(kind=names)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".npz"])
def test_files_are_compared_as_arrays_are(suffix: str, tmp_path: Path) -> None:
    points, judges = X.astype(np.float32), X_TEST.astype(np.float32)
    data, test = tmp_path / f"data{suffix}", None
    if suffix == ".npz":
        np.savez(data, X=points, y=Y, X_test=judges, y_test=Y_TEST)
    else:
        test = tmp_path / f"test{suffix}"
        for path, frame in ((data, frame_of(points, Y)), (test, frame_of(judges, Y_TEST))):
            frame.to_csv(path, index=False) if suffix == ".csv" else frame.to_parquet(path)
    request = Request(data=data, test=test, strategies=("margin",), label="kind", **FILED)
    expected = compare_strategies(points, Y, judges, Y_TEST, ["margin"], **FILED)
    pd.testing.assert_frame_equal(compare_file(request).curves, expected.curves)


def test_a_test_label_longer_than_those_of_the_data_is_another_class(tmp_path: Path) -> None:
    for name, points, kinds in (("data", X, Y), ("test", X_TEST, np.char.add(Y_TEST, "fish"))):
        frame_of(points, kinds).to_csv(tmp_path / f"{name}.csv", index=False)
    files = {"data": tmp_path / "data.csv", "test": tmp_path / "test.csv"}
    found = compare_file(Request(**files, strategies=("random",), label="kind", **FILED))
    assert set(found.curves["score"]) == {0.0}


def test_test_labels_may_spell_the_numbers_of_an_array(tmp_path: Path) -> None:
    of_kinds, of_judges = (np.unique(names, return_inverse=True)[1] for names in (Y, Y_TEST))
    np.savez(tmp_path / "data.npz", X=X, y=of_kinds.astype(np.int8))
    request = Request(data=tmp_path / "data.npz", test=tmp_path / "test.csv", label="kind", **FILED)
    frame_of(X_TEST, of_judges).to_csv(tmp_path / "test.csv", index=False)
    assert compare_file(request).full_data_score > 0.5
    for wrong in (300, "dogfish"):
        frame_of(X_TEST, wrong).to_csv(tmp_path / "test.csv", index=False)
        with pytest.raises(DataError, match=f"y: expected test labels like .*{wrong}"):
            compare_file(request)


def test_without_a_test_file_some_rows_judge(tmp_path: Path) -> None:
    data = tmp_path / "data.csv"
    frame_of(X, Y).to_csv(data, index=False)
    found = compare_file(Request(data=data, strategies=("random",), label="kind", **FILED))
    assert np.allclose(found.curves["score"] * 36, np.round(found.curves["score"] * 36))


def test_a_campaign_file_brings_its_model_its_truth_and_its_judges(tmp_path: Path) -> None:
    write_points(tmp_path, 40)
    raw = template()
    raw["pool"]["heldout"] = "heldout.csv"
    (tmp_path / "campaign.yaml").write_text(yaml.safe_dump(raw))
    request = Request(data=tmp_path / "campaign.yaml", strategies=("margin",), **FILED)
    found = compare_file(request)
    truth = pd.read_csv(tmp_path / "truth.csv")["label"].to_numpy(dtype=str)
    judges = pd.read_csv(tmp_path / "heldout.csv")
    expected = compare_strategies(
        np.load(tmp_path / "pool.npy"),
        truth,
        judges[["x0", "x1", "x2", "x3"]].to_numpy(dtype=np.float32),
        judges["label"].to_numpy(dtype=str),
        ["margin"],
        model="naive_bayes",
        **FILED,
    )
    pd.testing.assert_frame_equal(found.curves, expected.curves)
    assert found.full_data_score == expected.full_data_score


def test_a_campaign_whose_labels_nobody_knows_cannot_be_compared_on(tmp_path: Path) -> None:
    write_points(tmp_path, 40)
    raw = template()
    raw["backend"] = {"kind": "files", "folder": "handover"}
    (tmp_path / "campaign.yaml").write_text(yaml.safe_dump(raw))
    with pytest.raises(ConfigurationError, match=r"needs the label of every row.*40 of 40"):
        compare_file(Request(data=tmp_path / "campaign.yaml", **FILED))


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    found = by_hand({"random": [[0.5, 0.6, 0.7]] * 2, "good": [[0.5, 0.9, 0.95]] * 2})
    curves, table, picture = write(found, tmp_path / "out")
    pd.testing.assert_frame_equal(pd.read_csv(curves), found.curves)
    pd.testing.assert_frame_equal(pd.read_csv(table, index_col="strategy"), found.table())
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_labels_of_another_kind_and_no_processes_are_refused() -> None:
    with pytest.raises(DataError, match="y: expected labels of one kind"):
        compare_strategies(X, Y, X_TEST, np.unique(Y_TEST, return_inverse=True)[1], ["margin"])
    with pytest.raises(ConfigurationError, match="n_jobs: expected a whole number of 1 or more"):
        race("margin", n_jobs=0)
