"""One campaign that is killed and resumed until it ends, and what it is compared with."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auto_labeling.campaign.ledger import Ledger
from auto_labeling.campaign.projection import projection
from auto_labeling.workspace import Workspace
from tests.kill.drivers import Driver, ForkServer, Tally
from tests.kill.examination import Monitor, examine, examine_end, guard, rows_of
from tests.kill.world import CAMPAIGN, Scene

TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A scene whose campaign was begun, and what it comes to when nobody disturbs it."""

    scene: Scene
    server: ForkServer
    tally: Tally
    begun: Path
    """A workspace with the campaign begun and nothing bought; each trial starts from a copy."""
    config: Path
    expected: Mapping[str, Any]
    """The ledger's projection."""
    rows: Mapping[str, Sequence[str]]
    """All that stands in the ledger."""
    instants: Sequence[str]
    """The named instants that an undisturbed driver passes, in order."""
    ticks: int
    """How many it passes that have only a number."""
    written: Sequence[str]
    """The paths that it opens for writing."""
    seconds: float
    """How long it takes."""

    def trial(self, folder: Path) -> Trial:
        """Return a new trial of this campaign."""
        self.tally.campaigns += 1
        workspace = folder / "workspace"
        shutil.copytree(self.begun, workspace)
        return Trial(stage=self, workspace=Workspace(workspace))


def set_up(scene: Scene, server: ForkServer, tally: Tally, folder: Path) -> Stage:
    """Begin the campaign of a scene, and run it once undisturbed."""
    config, begun = scene.write(folder / "data"), folder / "begun"
    beginning = _run(server, scene, begun, config, create_only=True)
    guard(Workspace(begun))
    shutil.copytree(begun, folder / "workspace")
    driver = _run(server, scene, folder / "workspace", config)
    workspace = Workspace(folder / "workspace")
    examine_end(workspace)
    return Stage(
        scene=scene,
        server=server,
        tally=tally,
        begun=begun,
        config=config,
        expected=projection_of(workspace),
        rows=rows_of(workspace),
        instants=driver.instants,
        ticks=driver.outcome["ticks"],
        written=[*beginning.outcome["written"], *driver.outcome["written"]],
        seconds=driver.outcome["seconds"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One campaign, and what was done to its drivers."""

    stage: Stage
    workspace: Workspace

    def start(self, **job: Any) -> Driver:
        """Start a driver on the campaign."""
        self.stage.tally.resumes += 1
        scene = self.stage.scene
        return self.stage.server.start(
            {
                "workspace": str(self.workspace.root),
                "config": str(self.stage.config),
                "stop": scene.stop,
                **job,
            }
        )

    def killed_at(self, instant: str, count: int = 1) -> bool:
        """Drive until the driver passes an instant for the `count`-th time, and kill it there.

        Return whether it came so far, and examine what it left.
        """
        return self._falls(self.start(strikes=[[instant, count, "SIGKILL"]]))

    def killed_at_tick(self, tick: int) -> bool:
        """Do the same at an instant that has only a number."""
        return self._falls(self.start(at_tick=[tick, "SIGKILL"]))

    def killed_after(self, seconds: float) -> bool:
        """Do the same from outside, so long after the driver was forked."""
        return self._falls(self.start(), seconds)

    def ends(self) -> None:
        """Resume until the campaign has stopped, and expect the ledger of an undisturbed one."""
        driver = self.start()
        for _ in range(TRIES):
            assert driver.wait() == "ended"
            if driver.outcome.get("error") != "TransientError":
                break
            driver = self.start()  # the tool was out of order for longer than anybody tries
        assert driver.outcome.get("state") == "stopped", driver.outcome
        self.expect_undisturbed()
        self._expect_none(differences(self.stage.rows, rows_of(self.workspace)))

    def expect_undisturbed(self) -> None:
        """Raise `AssertionError` where the end differs from that of an undisturbed campaign."""
        examine_end(self.workspace)
        self._expect_none(differences(self.stage.expected, projection_of(self.workspace)))

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look at the budget from outside while the block runs, and find nothing wrong with it."""
        with Monitor(self.workspace) as monitor:
            yield
        self.stage.tally.looks += monitor.looks
        assert monitor.troubles == []

    def _expect_none(self, differs: Mapping[str, Any]) -> None:
        if differs:
            self.stage.tally.mismatches.append(f"{self.stage.scene.name}: {differs}")
        assert not differs, differs

    def _falls(self, driver: Driver, seconds: float | None = None) -> bool:
        found = driver.wait() if seconds is None else driver.wait(seconds, strike=True)
        killed = found == "killed"
        self.stage.tally.kills += killed
        assert killed or driver.outcome.get("error") in (None, "TransientError"), driver.outcome
        examine(self.workspace)
        return killed


def projection_of(workspace: Workspace) -> dict[str, Any]:
    """Return what may not depend on kills, or on anything else that happens to a driver."""
    ledger = Ledger.open(workspace.ledger)
    try:
        return projection(ledger, CAMPAIGN)
    finally:
        ledger.close()


def differences(expected: Mapping[str, Any], got: Mapping[str, Any]) -> dict[str, Any]:
    """Return, by field, what is missing and what is too much."""
    found = {}
    for field in expected:
        one, other = (Counter(map(repr, side[field])) for side in (expected, got))
        if one != other:
            found[field] = {"missing": list(one - other), "too much": list(other - one)}
    return found


def _run(
    server: ForkServer, scene: Scene, workspace: Path, config: Path, *, create_only: bool = False
) -> Driver:
    driver = server.start(
        {
            "workspace": str(workspace),
            "config": str(config),
            "stop": scene.stop,
            "create_only": create_only,
        }
    )
    assert driver.wait() == "ended"
    assert "error" not in driver.outcome, driver.outcome["said"]
    return driver
