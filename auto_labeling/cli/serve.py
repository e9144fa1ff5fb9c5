"""`serve`: what Label Studio and CVAT call, for all campaigns of a workspace."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from auto_labeling.cli import failing
from auto_labeling.cli.finding import refuse_network_disk, workspace_of
from auto_labeling.cli.options import PlainOption, WorkspaceOption
from auto_labeling.errors import ConfigurationError
from auto_labeling.records import CampaignId
from auto_labeling.workspace import Workspace

if TYPE_CHECKING:
    from socket import socket

    from starlette.applications import Starlette

    from auto_labeling.serving.errands import Errand

KEPT_IN = "serve/secret"
"""Where in the workspace the secret lies that Label Studio shows."""
SIGNING_KEPT_IN = "serve/cvat-secret"
"""Where the one lies that CVAT signs with: each tool knows its own alone."""
_WENT_WELL = (failing.DONE, failing.BUDGET, failing.WAITING)
_REST_S = 5.0
"""Between two ticks of a campaign: people answer faster than a campaign can go on."""


def serve(
    public_url: Annotated[
        str | None,
        typer.Option(
            "--public-url",
            metavar="URL",
            help="How Label Studio and CVAT reach us: projects are told to call it.",
            show_default=False,
        ),
    ] = None,
    host: Annotated[str, typer.Option("--host", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="0: any free one.")] = 9090,
    plain: PlainOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Serve the newest models to Label Studio, and look as soon as people answer there or in CVAT.

    It is an ML backend: connect it in a project under Settings, Model. With --public-url every
    answer wakes its campaign; where no process drives that, it makes one tick. Ctrl-C ends it.
    """
    from auto_labeling.cli import screen
    from auto_labeling.serving.secret import USER
    from auto_labeling.studio.port import bound

    if public_url is not None and urlsplit(public_url).scheme not in ("http", "https"):
        raise ConfigurationError(
            f"--public-url: expected http://... or https://..., got {public_url}"
        )
    place = workspace_of(workspace)
    refuse_network_disk(place)
    with bound(host, port) as listener:  # ours already when its address is printed
        url = f"http://{host}:{listener.getsockname()[1]}"
        with served(place, public_url=public_url, plain=plain) as app:
            listener.listen()  # or whoever reads the next line may be refused
            screen.line(f"Serving {place.root} on {url}")
            screen.pairs(
                [
                    ("ML backend", public_url or url),
                    ("user", f"{USER} (basic authentication)"),
                    ("password", f"the line in {place.root / KEPT_IN}"),
                ]
            )
            screen.say("Ctrl-C ends it.")
            _run(app, listener)
    screen.say("Ended. Campaigns go on with `auto-label run` or `tick`, only later.")


@contextmanager
def served(workspace: Workspace, *, public_url: str | None, plain: bool) -> Iterator[Starlette]:
    """Yield the application, wired; what it does in the background ends with the block."""
    from auto_labeling import assemble
    from auto_labeling.backends.cvat.settings import CVAT
    from auto_labeling.backends.label_studio.settings import LabelStudio
    from auto_labeling.campaign.waking import FileWaker
    from auto_labeling.secrets import LocalSecrets
    from auto_labeling.serving.app import Service, make_app
    from auto_labeling.serving.errands import Errands
    from auto_labeling.serving.register import Register
    from auto_labeling.serving.secret import Secret
    from auto_labeling.serving.shelf import Shelf
    from auto_labeling.serving.telling import CVATTeller, LabelStudioTeller, Teller
    from auto_labeling.serving.upkeep import Upkeep

    secret = Secret.of(workspace.root / KEPT_IN)
    signing = Secret.of(workspace.root / SIGNING_KEPT_IN)
    ledger, opened = assemble.open_ledger(workspace), partial(assemble.opened, workspace)
    register, shelf = Register(ledger), Shelf(workspace, ledger, opened)
    children = _Children(workspace, plain=plain)
    errands = Errands(children.run, is_driven=register.is_driven, rest_s=_REST_S)
    tellers: dict[type, Teller] = {}
    if public_url is not None:
        ours = LocalSecrets()
        tellers = {
            CVAT: CVATTeller(public_url=public_url, signing=signing, secrets=ours),
            LabelStudio: LabelStudioTeller(public_url=public_url, secret=secret, secrets=ours),
        }
    upkeep = Upkeep(register=register, shelf=shelf, opened=opened, tellers=tellers)
    waker = FileWaker(workspace, time.sleep)
    service = Service(
        secret=secret,
        signing=signing,
        register=register,
        shelf=shelf,
        errands=errands,
        waker=waker,
    )
    try:
        upkeep.refresh()
        upkeep.start()
        yield make_app(service)
    finally:
        upkeep.close()
        errands.close()
        children.end()
        ledger.close()


class _Children:
    """Commands that run in processes of their own, beside the server."""

    def __init__(self, workspace: Workspace, *, plain: bool) -> None:
        self._workspace = workspace
        self._more = ["--plain"] if plain else []
        self._running: set[subprocess.Popen[bytes]] = set()

    def run(self, errand: Errand, campaign: CampaignId) -> bool:
        """Run `auto-label ERRAND CAMPAIGN` and return whether it went well."""
        place = self._workspace.root
        words = [errand, campaign, "--workspace", str(place), *self._more]
        with (place / "serve" / f"{errand}.log").open("wb") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "auto_labeling.cli", *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us
            )
            self._running.add(child)
            code = child.wait()
            self._running.discard(child)
        return code in _WENT_WELL

    def end(self) -> None:
        """End what still runs: the ledger knows where it stood."""
        for child in list(self._running):
            child.terminate()


def _run(app: Starlette, listener: socket) -> None:
    import uvicorn

    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="critical",  # a traceback may repeat what a body held; `serving.app` logs errors
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])
