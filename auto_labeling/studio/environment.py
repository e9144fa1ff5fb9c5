"""Where Label Studio is installed: an environment of its own, with an empty database in it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from auto_labeling import files
from auto_labeling.errors import BlockedError

VARIABLE = "AUTO_LABELING_STUDIO"
DATABASE = "label_studio.sqlite3"
_SCRIPT = Path(__file__).with_name("process.py")
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR")
"""Of the caller's environment. Not more: Label Studio also reads HOST, PORT, DEBUG, PASSWORD ..."""
_SILENCE = {
    "LABEL_STUDIO_COLLECT_ANALYTICS": "false",
    "LABEL_STUDIO_SENTRY_DSN": "",
    "LABEL_STUDIO_FRONTEND_SENTRY_DSN": "",
    "LABEL_STUDIO_LATEST_VERSION_CHECK": "false",
}


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment that has Label Studio."""

    root: Path

    @classmethod
    def find(cls) -> Environment:
        """Return the one that `AUTO_LABELING_STUDIO` names, else `.venv-studio` of the checkout.

        Raises `BlockedError` where Label Studio is not installed there.
        """
        beside = Path(__file__).resolve().parents[2] / ".venv-studio"
        found = cls(Path(os.environ.get(VARIABLE) or beside).expanduser().absolute())
        if not found.python.exists() or not found._installed():
            raise BlockedError(
                f"Label Studio is not installed in {found.root}",
                remedy="Install it with `make studio`, or name a virtual environment that has it "
                f"in {VARIABLE}.",
            )
        return found

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.root / "bin" / "python"

    @property
    def version(self) -> str:
        """The version of Label Studio in it."""
        return self._installed()[0].name.removesuffix(".dist-info").rpartition("-")[2]

    def new_data(self, folder: Path) -> None:
        """Make `folder` a data folder with an empty database; a whole one or none."""
        template = self._template()

        def fill(partial: Path) -> None:
            shutil.copytree(template, partial, dirs_exist_ok=True)

        files.write_folder_atomically(folder, fill)

    def run(
        self,
        words: Sequence[str],
        *,
        data: Path,
        log: IO[bytes],
        settings: Mapping[str, str] | None = None,
        keep_open: Sequence[int] = (),
    ) -> subprocess.Popen[bytes]:
        """Run `label-studio WORDS` on a data folder, in a process group that ends with us."""
        return subprocess.Popen(
            [self.python, "-P", _SCRIPT, str(os.getpid()), *words],
            env=_surroundings(data) | _SILENCE | dict(settings or {}),
            cwd=data,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C ends the command, which then ends the server
            pass_fds=keep_open,
            umask=0o077,  # answers and sessions are nobody else's business
        )

    def _installed(self) -> list[Path]:
        return sorted(self.root.glob("lib/python3*/site-packages/label_studio-*.dist-info"))

    def _template(self) -> Path:
        """Return an empty, migrated data folder: migrating takes 40 seconds, copying none."""
        path = self.root / "template" / self.version
        with files.locked(self.root / "template.lock"):
            if not (path / DATABASE).exists():
                files.write_folder_atomically(path, self._migrate)
        return path

    def _migrate(self, folder: Path) -> None:
        log = folder / "log"
        with log.open("wb") as file:
            code = self.run(["version"], data=folder, log=file).wait()
        if code != 0:
            raise BlockedError(
                f"Label Studio could not make its database (exit {code}): {_end_of(log)}",
                remedy=f"Install it anew in {self.root}.",
            )
        # What every server has for itself: its log, the key that signs its sessions, its id.
        for own in (log, folder / ".env"):
            own.unlink(missing_ok=True)
        shutil.rmtree(folder / "home", ignore_errors=True)


def _surroundings(data: Path) -> dict[str, str]:
    home = data / "home"
    home.mkdir(exist_ok=True)
    told = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return told | {"HOME": str(home), "LABEL_STUDIO_BASE_DATA_DIR": str(data)}


def _end_of(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
