"""What docs/semi_supervised.md says is so, is so: the Python runs, and campaign files are read."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from auto_labeling import config
from auto_labeling.semi_supervised.settings import SemiSupervised
from tests.support.campaigns import template
from tests.support.pages import BLOCKS, Programmer

PAGE = Path(__file__).parents[1] / "docs" / "semi_supervised.md"
CAMPAIGN = "\n## In a campaign\n"
"""From here on the page is about campaigns."""


@pytest.mark.slow
def test_what_needs_no_campaign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with Programmer(PAGE, until=CAMPAIGN) as programmer:
        programmer.follow({}, capsys)


def test_the_keys_of_campaign_files_say_the_same() -> None:
    """One line, and the same written out: both are what the settings are by default."""
    _, _, after = PAGE.read_text(encoding="utf-8").partition(CAMPAIGN)
    said = [
        config.parse(template() | yaml.safe_load(block)).semi_supervised
        for kind, block, _ in BLOCKS.findall(after)
        if kind == "yaml"
    ]
    assert said == [SemiSupervised(), SemiSupervised()]
