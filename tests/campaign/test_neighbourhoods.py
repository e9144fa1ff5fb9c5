"""The pool's graphs: found once, and a round sees the part that may teach."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from auto_labeling.campaign import neighbourhoods
from auto_labeling.campaign.embeddings import embeddings
from auto_labeling.campaign.neighbourhoods import graphs
from auto_labeling.semi_supervised.graphs import graphs_of
from tests.support.campaigns import driving, tiny


def test_they_are_found_once_and_a_part_of_them_is_the_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = tiny(tmp_path, points=60)
    with driving(tmp_path, name) as campaign:
        points = np.asarray(embeddings(campaign))
        everything = np.arange(len(points))
        whole = graphs(campaign, points, everything)
        expected = graphs_of(points, np.random.default_rng(0))  # so few are found exactly
        assert set(whole) == set(expected)
        for kind, graph in whole.items():
            np.testing.assert_allclose(graph.toarray(), expected[kind].toarray())

        def again(*_: object) -> None:
            raise AssertionError("they were found a second time")

        monkeypatch.setattr(neighbourhoods, "graphs_of", again)
        some = everything[::3]
        for kind, graph in graphs(campaign, points, some).items():
            np.testing.assert_array_equal(
                graph.toarray(), whole[kind].toarray()[np.ix_(some, some)]
            )


def test_other_points_have_other_graphs(tmp_path: Path) -> None:
    name = tiny(tmp_path, points=60)
    with driving(tmp_path, name) as campaign:
        points = np.asarray(embeddings(campaign))
        rows = np.arange(len(points))
        first = graphs(campaign, points, rows)["neighbours by distance"]
        rng = np.random.default_rng(1)
        other = graphs(campaign, rng.normal(size=points.shape), rows)["neighbours by distance"]
        assert (first != other).nnz > 0


def test_another_seed_in_the_workspace_changes_nothing(tmp_path: Path) -> None:
    """Of neighbours that are equally near a lot decides, and it is the campaign's own."""
    rng = np.random.default_rng(0)
    tied = (rng.integers(0, 3, size=(400, 6)) / 3 + 0.1).astype(np.float32)

    def found(workspace: Path, seed: int) -> np.ndarray:
        name = tiny(workspace, points=400, seed=seed)
        with driving(workspace, name) as campaign:
            return graphs(campaign, tied, np.arange(400))["neighbours by distance"].toarray()

    alone = found(tmp_path / "alone", 1)
    other = found(tmp_path / "shared", 0)
    np.testing.assert_array_equal(found(tmp_path / "shared", 1), alone)
    assert (other != alone).any(), "else nothing is tied"
