"""`audit`: what the answers in a project of a labeling tool are worth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auto_labeling.cli.auditable import CVAT_PASSWORD, CVAT_TOKEN, LABEL_STUDIO_TOKEN, Secrets
from auto_labeling.cli.options import JsonOption
from auto_labeling.errors import BlockedError, ConfigurationError

if TYPE_CHECKING:
    from auto_labeling.cli.auditable import Auditable

TOOLS = ("label_studio", "cvat")

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
        help=f"The variable of the token: {LABEL_STUDIO_TOKEN}.",
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


def audit(  # noqa: PLR0913, PLR0917 - each is an option that a person types
    url: Annotated[
        str, typer.Option("--url", metavar="URL", help="The server.", show_default=False)
    ],
    project: ProjectOption,
    tool: Annotated[
        str, typer.Option("--tool", metavar="TOOL", help="label_studio or cvat.")
    ] = TOOLS[0],
    user: Annotated[
        str | None,
        typer.Option(
            "--user",
            metavar="NAME",
            help="A login at CVAT, with its password; else a token.",
            show_default=False,
        ),
    ] = None,
    token_env: Annotated[
        str | None,
        typer.Option(
            "--token-env",
            metavar="NAME",
            help=f"The variable of the token: {LABEL_STUDIO_TOKEN}, of CVAT {CVAT_TOKEN}, "
            f"with --user {CVAT_PASSWORD}.",
            show_default=False,
        ),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(
            "--token-file",
            metavar="FILE",
            help="Or the file of the token, or of the password.",
            show_default=False,
        ),
    ] = None,
    organization: Annotated[
        str | None,
        typer.Option(
            "--organization",
            metavar="NAME",
            help="The short name of an organization at CVAT.",
            show_default=False,
        ),
    ] = None,
    control: ControlOption = None,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind",
            metavar="KIND",
            help="At CVAT single, multi, boxes, polygons or masks, where several were given.",
            show_default=False,
        ),
    ] = None,
    top: Annotated[int, typer.Option("--top", help="How many tasks a list shows.")] = 5,
    save: Annotated[
        Path | None,
        typer.Option(
            "--save",
            metavar="FILE",
            help="Keep what was read, as a file that `labeled` of a campaign takes.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace another file.")] = False,
    json: JsonOption = False,
) -> None:
    """Read a project of Label Studio or CVAT and say what its answers are worth.

    Agreement, answers that others overwrote, labels that are probably wrong, near-duplicates, and
    what CVAT measured itself. Nothing is written there; of CVAT finished jobs are read.
    """
    from auto_labeling.auditing import audit as audit_tasks
    from auto_labeling.cli import auditable, audited, screen

    _check(url, tool, {"--user": user, "--organization": organization, "--kind": kind}, control)
    secrets = Secrets(user=user, organization=organization, env=token_env, file=token_file)
    with plain_remedies():
        if tool == "cvat":
            read = auditable.read_cvat(url, project, secrets, kind)
        else:
            read = auditable.read_label_studio(url, project, secrets, control)
        found = audit_tasks(read.tasks, read.schema, read.picture)
    if save is not None:
        _save(read, save, force)
    if json:
        saved = None if save is None else str(save.absolute())
        screen.print_json({**audited.as_json(read, found), "url": url, "saved": saved})
        return
    audited.show(read, found, url.rstrip("/"), top)
    if save is not None:
        screen.line()
        screen.line(_saved(read, save))


def token_of(url: str, token_env: str | None, token_file: Path | None) -> str:
    """Return the token for a Label Studio. Raises `BlockedError` where there is none."""
    _check_address(url)
    return Secrets(env=token_env, file=token_file).resolve(LABEL_STUDIO_TOKEN)


@contextmanager
def plain_remedies() -> Iterator[None]:
    """Say what to do about a project that cannot be had, where no campaign is involved."""
    try:
        yield
    except BlockedError as error:
        raise BlockedError(error.reason, remedy="Mend --url, --project or the token.") from error


def _check(url: str, tool: str, of_cvat: dict[str, str | None], control: str | None) -> None:
    """Raise `ConfigurationError` for options that do not go together."""
    _check_address(url)
    if tool not in TOOLS:
        raise ConfigurationError(f"--tool: expected {' or '.join(TOOLS)}, got {tool!r}")
    if tool == "cvat" and control is not None:
        raise ConfigurationError("--control: expected it with --tool label_studio only")
    for name, given in of_cvat.items():
        if tool != "cvat" and given is not None:
            raise ConfigurationError(f"{name}: expected it with --tool cvat only")


def _check_address(url: str) -> None:
    from auto_labeling.backends.address import check_address

    check_address(url, "--url")


def _saved(read: Auditable, path: Path) -> str:
    """Return what to say of the file that was kept."""
    from auto_labeling.reporting.wording import count

    line = read.teaches(path)
    less = f", less {count(read.left_out, 'picture')} with tracks" if read.left_out else ""
    teaches = f"; a campaign learns from it by\n{line}" if line else ""
    return f"{path}: what was read{less}{teaches}"


def _save(read: Auditable, path: Path, force: bool) -> None:
    from auto_labeling.files import write_atomically

    content = read.kept()
    if path.is_dir():
        raise ConfigurationError(f"--save: {path} is a folder, expected a file")
    if path.exists() and not force and path.read_bytes() != content.encode():
        raise ConfigurationError(
            f"{path}: there is another file of that name; --force replaces it, or name another"
        )
    write_atomically(path, content)
