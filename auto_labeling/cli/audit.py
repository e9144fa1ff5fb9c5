"""`audit`: what the answers in a project of a labeling tool are worth."""

from __future__ import annotations

import json as json_text
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auto_labeling.cli.options import JsonOption
from auto_labeling.errors import BlockedError, ConfigurationError

if TYPE_CHECKING:
    from auto_labeling.backends.label_studio.reading import ReadProject

TOKEN = "LABEL_STUDIO_API_KEY"  # noqa: S105 - the name of a variable

UrlOption = Annotated[
    str, typer.Option("--url", metavar="URL", help="The Label Studio server.", show_default=False)
]
ProjectOption = Annotated[
    int, typer.Option("--project", metavar="N", help="The project's number.", show_default=False)
]
TokenEnvOption = Annotated[
    str | None,
    typer.Option(
        "--token-env",
        metavar="NAME",
        help=f"The variable of the token: {TOKEN}.",
        show_default=False,
    ),
]
TokenFileOption = Annotated[
    Path | None,
    typer.Option(
        "--token-file", metavar="FILE", help="Or the file of the token.", show_default=False
    ),
]
ControlOption = Annotated[
    str | None,
    typer.Option(
        "--control",
        metavar="NAME",
        help="The tag that is meant, where several ask for classes.",
        show_default=False,
    ),
]


def audit(  # noqa: PLR0917 - each is an option that a person types
    url: UrlOption,
    project: ProjectOption,
    token_env: TokenEnvOption = None,
    token_file: TokenFileOption = None,
    control: ControlOption = None,
    top: Annotated[int, typer.Option("--top", help="How many tasks a list shows.")] = 5,
    save: Annotated[
        Path | None,
        typer.Option(
            "--save",
            metavar="FILE",
            help="Keep what was read, as JSON that `labeled` of a campaign takes.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace another file.")] = False,
    json: JsonOption = False,
) -> None:
    """Read a project of Label Studio and say what its answers are worth; nothing is written there.

    Agreement, answers that others overwrote, labels that are probably wrong, near-duplicates.
    """
    from auto_labeling.auditing import audit as audit_tasks
    from auto_labeling.backends.label_studio.client import Client
    from auto_labeling.backends.label_studio.reading import picture, read_project
    from auto_labeling.cli import audited, screen

    token = token_of(url, token_env, token_file)
    client = Client(url, lambda: token)
    with plain_remedies():
        read = read_project(client, project, control)
        found = audit_tasks(read.tasks, read.schema, lambda uri: picture(client, project, uri))
    if save is not None:
        _save(read, save, force)
    if json:
        saved = None if save is None else str(save.absolute())
        screen.print_json({**audited.as_json(read, found), "url": url, "saved": saved})
        return
    audited.show(read, found, url.rstrip("/"), top)
    if save is not None:
        screen.line()
        screen.line(f"{save}: what was read{_for_a_campaign(read, save)}")


def token_of(url: str, token_env: str | None, token_file: Path | None) -> str:
    """Return the token for a server. Raises `BlockedError` where there is none."""
    from auto_labeling.secrets import LocalSecrets

    if not url.startswith(("http://", "https://")):
        raise ConfigurationError(f"--url: expected http://... or https://..., got {url!r}")
    if token_env is not None and token_file is not None:
        raise ConfigurationError("expected --token-env or --token-file, got both")
    told = {"env": token_env or TOKEN} if token_file is None else {"file": str(token_file)}
    return LocalSecrets().resolve(told)


@contextmanager
def plain_remedies() -> Iterator[None]:
    """Say what to do about a project that cannot be had, where no campaign is involved."""
    try:
        yield
    except BlockedError as error:
        raise BlockedError(error.reason, remedy="Mend --url, --project or the token.") from error


def _save(read: ReadProject, path: Path, force: bool) -> None:
    from auto_labeling.files import write_atomically

    content = json_text.dumps(list(read.rows), ensure_ascii=False, indent=1)
    if path.is_dir():
        raise ConfigurationError(f"--save: {path} is a folder, expected a file")
    if path.exists() and not force and path.read_bytes() != content.encode():
        raise ConfigurationError(
            f"{path}: there is another file of that name; --force replaces it, or name another"
        )
    write_atomically(path, content)


def _for_a_campaign(read: ReadProject, path: Path) -> str:
    """Return the line by which a campaign learns from it, where one can."""
    if read.schema.task != "single" or read.layout.way not in ("text", "html", "image"):
        return ""
    told = {"export": path, "field": read.layout.field, "control": read.layout.control}
    if read.layout.way == "image":
        told["files"] = "FOLDER"
    named = ", ".join(f"{key}: {value}" for key, value in told.items())
    return f"; a campaign learns from it by\nlabeled: [{{kind: label_studio, {named}}}]"
