"""What the README says a program prints, it prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def block_of(heading: str) -> str:
    """Return the first Python block below a heading."""
    found = re.search(rf"^## {heading}$.*?```python\n(.*?)```", README, re.DOTALL | re.MULTILINE)
    assert found is not None, heading
    return found.group(1)


@pytest.mark.slow
def test_choosing_what_to_label(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    block = block_of("Choosing what to label")
    exec(compile(block, "README.md", "exec"), {})
    reason, accuracy, estimate = capsys.readouterr().out.splitlines()
    said = re.findall(r"^print\(.*\)  # (.*)$", block, re.MULTILINE)
    assert said[0] == reason
    # Other processors round otherwise, and a pick may differ.
    assert float(said[1].split(";")[0]) == pytest.approx(float(accuracy), abs=0.02)
    assert float(said[2].split(":")[0]) == pytest.approx(float(estimate), abs=0.05)
    assert Path("session.json").is_file()
