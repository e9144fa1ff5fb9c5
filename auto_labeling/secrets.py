"""Secrets by reference, from the environment or from a file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from auto_labeling.errors import BlockedError, ConfigurationError


@dataclass(frozen=True, slots=True)
class LocalSecrets:
    """What `{env: NAME}` and `{file: PATH}` stand for on this machine."""

    def resolve(self, reference: Mapping[str, str]) -> str:
        """Return the secret. Raises `BlockedError` where it is not there (yet)."""
        if len(reference) != 1 or not set(reference) <= {"env", "file"}:
            raise ConfigurationError(
                "secret: expected {env: NAME} or {file: PATH}, got the keys "
                f"{', '.join(sorted(reference))}"
            )
        (kind, name), *_ = reference.items()
        return self._of_environment(name) if kind == "env" else self._of_file(Path(name))

    def _of_environment(self, name: str) -> str:
        remedy = f"Set {name} where the driver runs."
        secret = os.environ.get(name, "").strip()
        if not secret:
            raise BlockedError(f"the environment variable {name} is not set", remedy=remedy)
        return _in_one_line(secret, f"the environment variable {name}", remedy)

    def _of_file(self, path: Path) -> str:
        remedy = "Put the secret there, readable by the driver."
        try:
            secret = path.expanduser().read_text(encoding="utf-8").strip()
        except OSError as error:
            raise BlockedError(
                f"the secret's file {path} cannot be read ({error.strerror})", remedy=remedy
            ) from error
        except UnicodeDecodeError:
            # From None, because that error repeats what it could not decode.
            raise BlockedError(
                f"the secret's file {path} cannot be read (it is no text)", remedy=remedy
            ) from None
        if not secret:
            raise BlockedError(f"the secret's file {path} is empty", remedy=remedy)
        return _in_one_line(secret, f"the secret's file {path}", remedy)


def _in_one_line(secret: str, where: str, remedy: str) -> str:
    """Return a secret that a header takes: whoever fails to send one repeats it."""
    if not secret.isprintable():
        raise BlockedError(
            f"{where} holds more than a secret: a line break or another control character within",
            remedy=remedy,
        )
    return secret
