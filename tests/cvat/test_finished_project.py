"""A finished CVAT project teaches a campaign, by what CVAT itself exports."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from cvat_sdk import Client, Config

from tests.cli.conftest import Desk
from tests.cvat.people import Office
from tests.cvat.site import Site, noise
from tests.support.shades import campaign_of

CLASSES = ("dark", "light")


def exported(site: Site, task: int, path: Path) -> None:
    """Write what CVAT exports of a task."""
    admin = site.office.admin
    with Client(site.office.url, config=Config(status_check_period=0.01)) as client:
        client.login((admin.name, admin.password))
        found = client.tasks.retrieve(task)
        found.export_dataset("CVAT for images 1.1", path, include_images=False)


@pytest.mark.slow
def test_the_answers_of_a_finished_project_teach_a_campaign_and_cost_nothing(
    cvat: Office,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    pictures, shades = noise(tmp_path / "photos", 40)
    site = Site.of(cvat, CLASSES)
    task = site.task(dict(list(pictures.items())[:20]))
    tags = {frame: [shades[frame]] for frame in range(20) if frame != 3}
    site.answer(site.jobs(task)[0], tags, 0)
    exported(site, task, tmp_path / "task.zip")

    truth = dict(zip(pictures.values(), shades, strict=True))
    told = campaign_of(truth, tmp_path / "truth.csv")
    told["pool"]["path"] = "photos"
    finished = {"kind": "cvat_export", "export": "task.zip", "files": "photos", "size": 4}
    desk = Desk(tmp_path, capsys)
    name = desk.write(
        **told | {"labels": {"task": "single", "classes": list(CLASSES)}},
        labeled=[finished],
        stop={"max_rounds": 1},
    )
    assert desk.type("run", name, "--plain") == 0, desk.err
    assert desk.type("export", name, "--to", "labels.csv") == 0
    rows = list(csv.DictReader(Path("labels.csv").read_text().splitlines()))
    imported = {
        Path(row["where"]).name: row["label"] for row in rows if row["source"] == "imported"
    }
    names = list(pictures)
    assert imported == {names[at]: shades[at] for at in range(20) if at != 3}
    account = desk.json("status", name)
    assert account["answers"]["imported"] == 19
    assert account["quarantined"] == 1
    assert account["budget"]["answers"] == account["answers"]["given"] == len(rows) - 19
