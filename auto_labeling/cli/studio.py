"""`studio`: a Label Studio on this machine, and a campaign whose people label in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from auto_labeling.cli.finding import refuse_network_disk, workspace_of
from auto_labeling.cli.options import PlainOption, WorkspaceOption
from auto_labeling.errors import BlockedError, ConfigurationError
from auto_labeling.workspace import Workspace

if TYPE_CHECKING:
    from auto_labeling.backends.label_studio.settings import LabelStudio
    from auto_labeling.records import CampaignId, RemoteProject
    from auto_labeling.studio import Studio

_HERE = ("127.0.0.1", "localhost")


def studio(
    config: Annotated[
        Path | None,
        typer.Argument(
            metavar="CONFIG",
            help="A campaign file whose tool is this Label Studio: the campaign is run.",
            show_default=False,
        ),
    ] = None,
    folder: Annotated[
        Path, typer.Option("--folder", metavar="FOLDER", help="Where Label Studio's data lie.")
    ] = Path(".label-studio"),
    port: Annotated[
        int, typer.Option("--port", help="Without CONFIG, whose url says it; 0: any free one.")
    ] = 8080,
    new: Annotated[
        bool, typer.Option("--new", help="Begin another campaign, even if the file has one.")
    ] = False,
    plain: PlainOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Start a Label Studio on this machine and say how to log in; Ctrl-C ends it.

    Its data stay in FOLDER, and the same command goes on with them. With a campaign file it runs
    the campaign: people label in the browser, and what they answer decides what is asked next.
    """
    from auto_labeling.studio import start

    if config is None:
        with start(folder, port=port, loopback_receivers=True) as running:
            _introduce(running)
            _wait(running)
        return
    place = workspace_of(workspace)
    refuse_network_disk(place)
    tool, files = _tool_of(config)
    with start(
        folder,
        port=urlsplit(tool.url).port or 80,
        documents=files,
        loopback_receivers=True,
    ) as running:
        _expect_our_token(tool, running)
        _introduce(running)
        _run(place, config, new=new, plain=plain)


def _tool_of(config: Path) -> tuple[LabelStudio, Path | None]:
    """Return what a campaign file says about its Label Studio, and the folder that it serves."""
    from auto_labeling import config as config_room
    from auto_labeling.backends.label_studio.settings import LabelStudio

    tool = config_room.load(config).backend
    if not isinstance(tool, LabelStudio):
        raise ConfigurationError(f"{config}: backend.kind: expected label_studio")
    if urlsplit(tool.url).hostname not in _HERE:
        raise ConfigurationError(
            f"{config}: backend.url: expected a server on this machine such as "
            f"http://127.0.0.1:8080, got {tool.url}; `auto-label run` runs a campaign elsewhere"
        )
    return tool, None if tool.files is None else config.parent / tool.files


def _expect_our_token(tool: LabelStudio, running: Studio) -> None:
    from auto_labeling.secrets import LocalSecrets

    if LocalSecrets().resolve(tool.token) != running.token:
        raise ConfigurationError(
            f"backend.token: expected {{file: {running.folder / 'token'}}}, which is this "
            f"server's, got {dict(tool.token)}"
        )


def _introduce(running: Studio) -> None:
    from auto_labeling.cli import screen
    from auto_labeling.studio import invitation

    screen.line(f"Label Studio: {running.url}")
    screen.pairs(
        [
            ("login", running.login),
            ("password", running.password),
            ("others sign up at", invitation(running)),
        ]
    )


def _wait(running: Studio) -> None:
    from auto_labeling.cli import screen

    screen.say("Ctrl-C ends it.")
    try:
        running.process.wait()
    except KeyboardInterrupt:
        screen.say(f"Label Studio has ended; its data stay in {running.folder}.")
    else:
        raise BlockedError(
            f"Label Studio ended by itself (exit {running.process.returncode})",
            remedy=f"Read {running.folder / 'server.log'}.",
        )


def _run(workspace: Workspace, config: Path, *, new: bool, plain: bool) -> None:
    from auto_labeling import assemble
    from auto_labeling.cli import driving, screen
    from auto_labeling.cli.run import begin, drive

    campaign = begin(workspace, str(config), new=new, quiet=False)
    if not assemble.account_of(workspace, campaign).state.stopped:
        screen.line(f"Label here: {_project_of(workspace, campaign).url}/data?labeling=1")
        screen.say("After a batch the next one comes in seconds: reload the page. Ctrl-C ends it.")
    try:
        drive(workspace, campaign, max_rounds=None, batch=None, wait=True, plain=plain, json=False)
    except KeyboardInterrupt:
        screen.say(
            "Stopped by Ctrl-C, and Label Studio with it. Nothing is lost: "
            f"`auto-label studio {config}` goes on from here."
        )
        state = assemble.account_of(workspace, campaign).state
        raise typer.Exit(driving.exit_code(state)) from None


def _project_of(workspace: Workspace, campaign: CampaignId) -> RemoteProject:
    """Return the project of a campaign, made if there is none: a person wants its address now."""
    from auto_labeling import assemble

    with (
        assemble.held(workspace, campaign) as fence,
        assemble.opened(workspace, campaign, fence=fence) as opened,
    ):
        return opened.backend.prepare(campaign, opened.config.labels)
