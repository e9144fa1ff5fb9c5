from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Desk
from tests.support.clouds import clouds

QUICK = ("--rounds", "2", "--batch", "5", "--initial", "6", "--repeats", "2")


@pytest.fixture
def data(desk: Desk) -> str:
    X, y = clouds(60)
    np.savez(desk.folder / "points.npz", X=X, y=y)
    return "points.npz"


def test_a_table_is_printed_and_the_curves_are_drawn(desk: Desk, data: str) -> None:
    assert desk.type("compare", data, "--strategies", "margin, entropy", *QUICK) == 0
    rows = [line.split()[0] for line in desk.out.splitlines()[1:4]]
    assert sorted(rows) == ["entropy", "margin", "random"]
    assert "All labels reach" in desk.out
    assert "over 2 repeats" in desk.out
    assert Path("points.curves.png").read_bytes().startswith(b"\x89PNG")
    assert max(map(len, desk.out.splitlines()[:4])) <= 80


def test_json_holds_the_table_and_the_curves(desk: Desk, data: str) -> None:
    said = desk.json("compare", data, "--plot", "out/curves.svg", "--track", "full", *QUICK)
    assert {one["strategy"] for one in said["table"]} == {"auto", "margin", "random"}
    assert len(said["curves"]) == 3 * 3
    assert said["track"] == "full"
    assert Path(said["plot"]).is_file()
    json.dumps(said, allow_nan=False)


def test_a_campaign_file_is_compared_on(desk: Desk) -> None:
    said = desk.json("compare", desk.write(), "--strategies", "random", *QUICK)
    assert [one["strategy"] for one in said["table"]] == ["random"]
    assert not desk.workspace.exists(), "no campaign is begun"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nothing.csv",), "there is no such file"),
        (("points.npz", "--strategies", "magic"), "got 'magic'"),
        (("points.npz", "--strategies", ","), "expected a list of names"),
        (("points.npz", "--plot", "curves.gif"), "expected a path ending in"),
        (("points.npz", "--repeats", "0"), "n_repeats: expected"),
        (("points.npz", "--track", "all"), "--track"),
        (("pool.npy",), "expected labels in the key y"),
    ],
)
def test_what_cannot_be_compared_is_said(
    desk: Desk, data: str, words: tuple[str, ...], said: str
) -> None:
    assert desk.type("compare", *words) == 2
    assert said in desk.err.replace("\n", " ")
    assert not list(desk.folder.glob("*.curves.png"))


def test_label_sets_are_no_classes_to_compare_on(desk: Desk) -> None:
    strategy = {"scorer": {"kind": "multi_label_entropy"}}
    file = desk.write(labels={"task": "multi"}, strategy=strategy)
    assert desk.type("compare", file, "--strategies", "random", *QUICK) == 2
    assert "expected single to compare strategies" in desk.err.replace("\n", " ")
