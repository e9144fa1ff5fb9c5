"""What a campaign file says about a CVAT server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from auto_labeling.backends.address import check_address
from auto_labeling.backends.cvat.backend import CVATBackend, Ways
from auto_labeling.backends.cvat.client import Client
from auto_labeling.backends.cvat.pictures import Pictures
from auto_labeling.backends.cvat.project import Projects
from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Which project holds the campaign: one that exists, or one that is made."""

    adopt: int | None = None
    """The number of an existing project: only tasks that carry our name are written in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CVAT:
    """A CVAT server, how it is reached, and how its people are asked.

    >>> CVAT(user="admin", password={"file": "password.txt"}).url
    'http://localhost:8080'
    """

    url: str = "http://localhost:8080"
    user: str | None = None
    """A login, together with `password`; without it, an access token is used."""
    password: Mapping[str, str] | None = None
    """A reference, such as {env: CVAT_PASSWORD}."""
    token: Mapping[str, str] = field(default_factory=lambda: {"env": "CVAT_ACCESS_TOKEN"})
    """A reference to a personal access token."""
    organization: str | None = None
    """The short name of the organization that the campaign belongs to."""
    project: Project = field(default_factory=Project)
    items_per_job: int = 20
    review: bool = False
    """Whether an answer counts only once its job is accepted."""
    merge: bool = False
    """Whether CVAT merges the replicas of a job for those who look at its parent."""
    share: str | None = None
    """The folder that the server has mounted as its share, as this machine sees it: pictures in it
    are read from where they lie, and others are uploaded."""
    cloud_storage: int | None = None
    """The number of the storage there that pictures with an address of a cloud lie in."""
    quality_of_images: int = 95
    """Of what people see, in percent: CVAT compresses pictures for them."""
    timeout_s: float = 60.0

    def __post_init__(self) -> None:
        check_address(self.url)
        if (self.user is None) != (self.password is None):
            given = "password" if self.user is None else "user"
            raise ConfigurationError(f"user, password: expected both or none, got only {given}")
        if self.items_per_job < 1:
            raise ConfigurationError(
                f"items_per_job: expected at least 1, got {self.items_per_job}"
            )
        if not 1 <= self.quality_of_images <= 100:
            raise ConfigurationError(
                f"quality_of_images: expected 1 to 100, got {self.quality_of_images}"
            )
        if self.timeout_s <= 0:
            raise ConfigurationError(f"timeout_s: expected above zero, got {self.timeout_s}")

    @property
    def secret(self) -> Mapping[str, str]:
        """Return the reference to what the account shows: its password, or a token."""
        return self.token if self.password is None else self.password

    def open(self, place: Place) -> CVATBackend:
        """Return the tool; nothing is called."""
        client = Client(
            self.url,
            lambda: place.secrets.resolve(self.secret),
            user=self.user,
            organization=self.organization,
            timeout_s=self.timeout_s,
        )
        return CVATBackend(
            client=client,
            projects=Projects(client=client, place=place, adopted=self.project.adopt),
            pictures=Pictures(
                base=place.base,
                share=None if self.share is None else place.base / self.share,
                cloud_storage=self.cloud_storage,
            ),
            ways=Ways(
                items_per_job=self.items_per_job,
                quality=self.quality_of_images,
                review=self.review,
                merge=self.merge,
            ),
            place=place,
        )
