"""Campaigns about pictures of three shades in a CVAT, and people who see to their jobs there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auto_labeling.files import sha256_of
from auto_labeling.records import CampaignId
from tests.cvat.people import CREW, Login, Office
from tests.support.campaigns import tiny
from tests.support.cvat_server import CvatServer
from tests.support.shades import SHADES, campaign_of, write_pictures

CAMPAIGN = "shades-0badcafe"
Row = dict[str, Any]


@contextmanager
def peopled() -> Iterator[tuple[CvatServer, Office]]:
    """Run a server of our own, which may be stopped, with a crew of three."""
    with CvatServer() as server:
        crew = tuple(server.add_user(name) for name in CREW)
        admin = Login(server.admin.name, server.admin.password)
        office = Office(server.url, admin, tuple(Login(one.name, one.password) for one in crew))
        yield server, office
        office.close()


def begin(
    path: Path, office: Office, broken: Mapping[str, float] | None = None, **overrides: Any
) -> Mapping[str, str]:
    """Begin a campaign that the crew is named in; return content hash -> shade of its pictures.

    Of `backend` the overrides are merged in, with `url` the office's unless they say another. Of
    the pictures named in `broken` this share is there.
    """
    folder = path.with_name(f"{path.name}-pictures")
    pictures = write_pictures(folder)
    for name, share in (broken or {}).items():
        whole = next(one for one in pictures if one.suffix == Path(name).suffix).read_bytes()
        (folder / name).write_bytes(whole[: int(share * len(whole))])
    password = path.with_name(f"{path.name}-password")
    password.write_text(office.admin.password)
    tool = {
        "kind": "cvat",
        "url": office.url,
        "user": office.admin.name,
        "password": {"file": str(password)},
        "truth": None,
        "annotators": None,
        **overrides.pop("backend", {}),
    }
    told = campaign_of(pictures, path.with_name(f"{path.name}-truth.csv"), backend=tool)
    told["people"] = [{"user": login.name} for login in office.crew]
    told["strategy"] = {"batch": 3}
    tiny(path, campaign_id=overrides.pop("campaign_id", CAMPAIGN), **told | overrides)
    return {sha256_of(one)[:16]: shade for one, shade in pictures.items()}


def other(shade: str) -> str:
    """Return a shade that it is not."""
    return SHADES[(SHADES.index(shade) + 1) % len(SHADES)]


def ours(task: Mapping[str, Any], campaign: CampaignId = CAMPAIGN) -> bool:
    """Whether a task is whole and in force, by its name."""
    words = str(task["name"]).split()
    return words[0] == campaign and len(words) == 3


def key_in(task: Mapping[str, Any]) -> str:
    """Return the key in the name of a task of ours, whatever became of it."""
    return str(task["name"]).split()[-2]


@dataclass
class Desk:
    """Somebody at their jobs, seen and changed with their own login."""

    office: Office
    who: Login
    labels: Mapping[str, int]

    def jobs(self) -> list[Row]:
        """Return the jobs that are given to them, oldest first."""
        listed = self.office.rows("/api/jobs", self.who)
        return [job for job in listed if (job["assignee"] or {}).get("username") == self.who.name]

    def pictures(self, job: Mapping[str, Any]) -> list[str]:
        """Return how the content hash of each picture of a job begins, in order."""
        meta = self.office.call("GET", f"/api/jobs/{job['id']}/data/meta", who=self.who)
        return [frame["name"][5:21] for frame in meta["frames"]]

    def tags(self, job: Mapping[str, Any]) -> dict[int, str]:
        """Return the tag of each frame that has one."""
        there = self.office.call("GET", f"/api/jobs/{job['id']}/annotations/", who=self.who)
        names = {number: name for name, number in self.labels.items()}
        return {tag["frame"]: names[tag["label_id"]] for tag in there["tags"]}

    def tag(self, job: Mapping[str, Any], names: Mapping[int, str]) -> None:
        """Save one tag for each frame that has one, in place of all that is there."""
        tags = [
            {"frame": frame, "label_id": self.labels[name], "source": "manual", "attributes": []}
            for frame, name in names.items()
        ]
        body = {"version": 0, "tags": tags, "shapes": [], "tracks": []}
        self.office.call("PUT", f"/api/jobs/{job['id']}/annotations/", body, who=self.who)

    def turn(self, job: Mapping[str, Any], state: str) -> Row:
        """Change the state of a job and return it."""
        path = f"/api/jobs/{job['id']}"
        return dict(self.office.call("PATCH", path, {"state": state}, who=self.who))
