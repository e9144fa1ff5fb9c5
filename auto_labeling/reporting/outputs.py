"""The files a campaign leaves for people: its report, its configuration, its curves."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

import yaml

from auto_labeling.campaign.statement import Statement
from auto_labeling.files import write_atomically
from auto_labeling.reporting import report
from auto_labeling.reporting.curves import curve_png
from auto_labeling.reporting.looks import looks_of
from auto_labeling.reporting.quality import wanted
from auto_labeling.reporting.terms import terms_of

_NAME_LENGTH = 50  # in characters: in bytes up to four times that, and a file may have 255


def write(statement: Statement, folder: Path) -> list[Path]:
    """Write `report.html` and `config.yaml`, and a stopped campaign's curves; return the paths."""
    shown = [] if terms_of(statement).sealed else wanted(statement.quality)
    looks = looks_of(folder / "inputs", shown)
    written = [report.write(statement, folder / "report.html", looks)]
    configuration = yaml.safe_dump(dict(statement.configuration), sort_keys=False)
    written.append(_put(folder / "config.yaml", configuration.encode()))
    if statement.state.stopped and statement.curve:
        for metric in terms_of(statement).metrics:
            name = _name_for(metric)
            for against in ("items", "money"):
                picture = curve_png(statement, metric, against)
                written.append(_put(folder / "curves" / f"{name}-by-{against}.png", picture))
    return written


def _name_for(metric: str) -> str:
    """Return what the files of a metric are called; those of two metrics are called differently.

    >>> _name_for("recall/person"), _name_for("recall/a-b"), _name_for("recall/a/b")
    ('recall-person', 'recall-a-b', 'recall-a-b_9d3de7c6075ffe84')
    """
    name = metric.replace("/", "-", 1)
    plain = re.sub(r"[^\w.+ -]", "-", name)[:_NAME_LENGTH]
    return plain if plain == name else f"{plain}_{sha256(metric.encode()).hexdigest()[:16]}"


def _put(path: Path, content: bytes) -> Path:
    write_atomically(path, content)
    return path
