"""What docs/semi_supervised.md says is so, is so: the Python runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.pages import Reader

PAGE = Path(__file__).parents[1] / "docs" / "semi_supervised.md"


class Analyst(Reader):
    """Somebody with labels and a pool, and without a campaign."""

    kinds = frozenset({"python"})


@pytest.mark.slow
def test_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with Analyst(PAGE) as analyst:
        analyst.follow({}, capsys)
