"""What docs/torch.md says is so, is so: every block of it runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.pages import Programmer

PAGE = Path(__file__).parents[1] / "docs" / "torch.md"

pytest.importorskip("torch", reason="the extra `torch` is not installed")


@pytest.mark.slow
def test_every_block_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with Programmer(PAGE) as programmer:
        programmer.follow({}, capsys)
