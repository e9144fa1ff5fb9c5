"""A CVAT server for every test here, the SDK that speaks to it, and pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from cvat_sdk import Client, Config
from PIL import Image

from tests.cvat.people import Office
from tests.cvat.room import Room
from tests.support.cvat_server import CvatServer, Person

Login = Callable[[Person], Client]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[CvatServer]:
    """Run a server whose share is the folder `share`."""
    share = tmp_path / "share"
    share.mkdir()
    with CvatServer(share=share) as running:
        yield running


@pytest.fixture
def login(server: CvatServer) -> Iterator[Login]:
    """Return a function that gives somebody a client of the SDK."""
    with ExitStack() as stack:

        def enter(person: Person) -> Client:
            client = stack.enter_context(
                Client(server.url, config=Config(status_check_period=0.01))
            )
            client.login((person.name, person.password))
            return client

        yield enter


@pytest.fixture
def client(server: CvatServer, login: Login) -> Client:
    """Return the administrator's client."""
    return login(server.admin)


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Return five pictures of 320 x 240, `img_0.png` to `img_4.png`."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    paths = [folder / f"img_{number}.png" for number in range(5)]
    for number, path in enumerate(paths):
        Image.new("RGB", (320, 240), (50 * number, 0, 0)).save(path)
    return paths


@pytest.fixture
def room(cvat: Office, tmp_path: Path) -> Room:
    """Return a project of its own on the server of all tests, or on a real one."""
    return Room(cvat, tmp_path)
