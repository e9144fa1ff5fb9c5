"""Gold and adjudication in a CVAT: gold lies among the other frames, rulings are jobs apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from auto_labeling.campaign.driver import drive
from auto_labeling.campaign.schema import asks, campaigns, gold, labels, uploads
from tests.cvat.campaigns import CAMPAIGN, Desk, begin, other
from tests.cvat.people import Login, Office
from tests.support.campaigns import driving, ledger_of
from tests.support.examination import examined
from tests.support.gold import accuracy_on_gold

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
MIA, LI, SAM = range(3)


class Floor:
    """A campaign in a CVAT, and people who finish the jobs that are theirs."""

    def __init__(self, path: Path, office: Office, truth: Any) -> None:
        self.path, self.office, self.truth = path, office, truth

    def goes_on(self) -> None:
        with driving(self.path, CAMPAIGN) as opened:
            drive(opened, wait=False)

    def rows(self, table: Any, **where: Any) -> list[Any]:
        query = select(table).where(*(table.c[name] == value for name, value in where.items()))
        with ledger_of(self.path) as ledger, ledger.read() as connection:
            return list(connection.execute(query))

    def project(self) -> int:
        [row] = self.rows(campaigns)
        return int(row.project["id"])

    def finish(self, person: int, say: Callable[[str], str]) -> list[list[str]]:
        """Let a person finish their jobs; return the pictures of each."""
        who: Login = self.office.crew[person]
        project = self.project()
        desk = Desk(self.office, who, self.office.labels(project))
        done = []
        for job in desk.jobs():
            if job["project_id"] == project and job["state"] != "completed":
                pictures = desk.pictures(job)
                desk.tag(job, {at: say(one) for at, one in enumerate(pictures)})
                desk.turn(job, "completed")
                done.append(pictures)
        return done

    def right(self, picture: str) -> str:
        return str(self.truth[picture])


def test_who_rules_what_is_hidden_and_who_is_right(tmp_path: Path, cvat: Office) -> None:
    path = tmp_path / "ws"
    mia, li, sam = (login.name for login in cvat.crew)
    truth = begin(
        path,
        cvat,
        people=[{"user": mia, "role": "adjudicator"}, {"user": li}, {"user": sam}],
        quality={
            "overlap": 2,
            "max_overlap": 2,
            "gold": {"count": 2, "share": "60%"},
            "adjudicators": [mia],
        },
        backend={"items_per_job": 10},
        stop={"max_rounds": 2},
        budget={"answers": 60},
    )
    floor = Floor(path, cvat, truth)
    floor.goes_on()
    cvat.projects.append(floor.project())
    apart = {row.item for row in floor.rows(gold)}
    [ruled] = floor.finish(MIA, floor.right)
    assert len(ruled) == 2
    [[tied, *others]] = floor.finish(LI, floor.right)
    assert len(others) == 2
    floor.finish(SAM, lambda one: other(floor.right(one)) if one == tied else floor.right(one))
    floor.goes_on()
    assert sum(task["name"].endswith("(adjudication)") for task in cvat.tasks(floor.project())) == 2
    assert floor.finish(MIA, floor.right) == [[tied]]
    floor.goes_on()

    hidden = floor.rows(asks, purpose="gold")
    assert hidden
    assert {row.item for row in hidden} <= apart
    [unit] = floor.rows(uploads, round=2)
    assert {row.upload for row in hidden} == {unit.upload}, "frames of the same job as the rest"
    [one] = floor.finish(LI, floor.right)
    assert len(one) == 3 + len({row.item for row in hidden})
    assert floor.finish(SAM, lambda picture: other(floor.right(picture))) == [one]
    floor.goes_on()
    floor.finish(MIA, floor.right)
    floor.goes_on()
    examined(path, CAMPAIGN)
    found = accuracy_on_gold(path, CAMPAIGN)
    with driving(path, CAMPAIGN) as opened:
        named = {opened.pseudonyms.login_of(person): one.value for person, one in found.items()}
    assert named == {li: 1.0, sam: 0.0}
    assert not {row.item for row in floor.rows(labels)} & apart
