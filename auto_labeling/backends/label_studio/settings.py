"""What a campaign file says about a Label Studio server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from auto_labeling.backends.address import check_address
from auto_labeling.backends.label_studio.backend import LabelStudioBackend
from auto_labeling.backends.label_studio.client import Client
from auto_labeling.backends.label_studio.pictures import Pictures
from auto_labeling.backends.label_studio.project import Projects
from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import Place

_TITLE = range(3, 51)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Which project holds the campaign: one that exists, or one that is made."""

    adopt: int | None = None
    """The number of an existing project: only tasks that carry our key are written in it."""
    title: str | None = None
    """Of the project that is made; by default the campaign's id."""
    label_config: str | None = None
    """A file with a labeling configuration of your own, checked against the classes."""

    def __post_init__(self) -> None:
        if self.adopt is not None and (self.title or self.label_config):
            raise ConfigurationError(
                "project: expected adopt, or title and label_config of a new one, got both"
            )
        if self.title is not None and len(self.title) not in _TITLE:
            raise ConfigurationError(
                f"project.title: expected 3 to 50 characters, got {len(self.title)}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelStudio:
    """A Label Studio server, and how it is reached.

    >>> LabelStudio(token={"file": "token.txt"}).url
    'http://localhost:8080'
    """

    url: str = "http://localhost:8080"
    token: Mapping[str, str] = field(default_factory=lambda: {"env": "LABEL_STUDIO_API_KEY"})
    """A reference, such as {file: token.txt}; legacy and personal tokens both do."""
    project: Project = field(default_factory=Project)
    files: str | None = None
    """The folder that the server serves local files from, as this machine sees it: pictures in it
    are shown from where they lie, and others are uploaded."""
    timeout_s: float = 60.0

    def __post_init__(self) -> None:
        check_address(self.url)
        if self.timeout_s <= 0:
            raise ConfigurationError(f"timeout_s: expected above zero, got {self.timeout_s}")

    def open(self, place: Place) -> LabelStudioBackend:
        """Return the tool; nothing is called."""
        client = Client(self.url, lambda: place.secrets.resolve(self.token), self.timeout_s)
        own = self.project.label_config
        files = None if self.files is None else place.base / self.files
        return LabelStudioBackend(
            client=client,
            projects=Projects(
                client=client,
                place=place,
                adopted=self.project.adopt,
                title=self.project.title,
                own_config=None if own is None else place.base / own,
                files=files,
            ),
            pictures=Pictures(client=client, base=place.base, files=files),
            clock=place.clock,
        )
