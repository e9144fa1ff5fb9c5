from __future__ import annotations

from pathlib import Path

from auto_labeling.reporting import outputs
from tests.reporting.statements import full, point

CURVES = {"accuracy-by-items.png", "accuracy-by-money.png"}


def curves_of(tmp_path: Path, *metrics: str) -> set[str]:
    """Return the names of the curves of a campaign that was judged by these as well."""
    curve = [point(number, metric) for number in (1, 2) for metric in ("accuracy", *metrics)]
    written = outputs.write(full(2, curve=curve), tmp_path)
    assert all(path.stat().st_size for path in written)
    return {path.name for path in written if path.suffix == ".png"}


def test_curves_are_called_after_what_they_show(tmp_path: Path) -> None:
    assert curves_of(tmp_path, "recall/traffic light") == CURVES | {
        "recall-traffic light-by-items.png",
        "recall-traffic light-by-money.png",
    }


def test_no_class_takes_the_file_of_another(tmp_path: Path) -> None:
    assert len(curves_of(tmp_path, "recall/a/b", "recall/a-b", "recall/a:b")) == 2 * 4


def test_the_name_of_a_class_may_be_longer_than_that_of_a_file(tmp_path: Path) -> None:
    assert len(curves_of(tmp_path, f"recall/{'cat' * 80}", f"recall/{'cat' * 81}")) == 2 * 3
    assert len(curves_of(tmp_path, f"recall/{'قطة' * 60}", f"recall/{'🐈' * 60}")) == 2 * 3
