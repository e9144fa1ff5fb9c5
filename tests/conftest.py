"""What the tests of several rooms share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from auto_labeling.studio import Person, Studio, sign_up, start
from tests.cvat.people import Office, opened_office
from tests.support.studio import require_studio

# No test asserts a wall-clock time: machines are shared.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """One Label Studio for all tests: make a project of your own in it, and never kill it."""
    require_studio()
    with start(
        tmp_path_factory.mktemp("studio"),
        documents=tmp_path_factory.mktemp("documents"),
        loopback_receivers=True,
    ) as running:
        yield running


@pytest.fixture(scope="session")
def crew(studio: Studio) -> tuple[Person, Person, Person]:
    """Three people of that Label Studio, with tokens of their own."""
    mia, li, sam = (sign_up(studio, f"{name}@example.org") for name in ("mia", "li", "sam"))
    return mia, li, sam


@pytest.fixture(scope="session")
def cvat() -> Iterator[Office]:
    """One CVAT for all tests: make a project of your own in it, and never stop it."""
    with opened_office() as office:
        yield office
