"""What docs/quality.md says is so, is so: the Python runs, and campaign files are read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from auto_labeling import config
from tests.support.campaigns import merged, template
from tests.support.pages import Programmer

PAGE = Path(__file__).parents[1] / "docs" / "quality.md"
CAMPAIGN = "\n## Agreement that speaks for the pool\n"
"""From here on the page is about campaigns."""
KEYS = re.compile(r"^```yaml\n(.*?)^```$", re.DOTALL | re.MULTILINE)

pytest.importorskip("cleanlab", reason="the extra `quality` is not installed")


@pytest.mark.slow
def test_what_needs_no_campaign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with Programmer(PAGE, until=CAMPAIGN) as programmer:
        programmer.follow({}, capsys)


def test_the_keys_of_campaign_files_are_read() -> None:
    blocks = KEYS.findall(PAGE.read_text(encoding="utf-8"))
    assert blocks
    for block in blocks:
        assert config.parse(merged(template(), yaml.safe_load(block))).name
