"""Secrets that Prefect keeps, beside those of the machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from auto_labeling.errors import BlockedError, ConfigurationError, TransientError
from auto_labeling.ports import Secrets
from auto_labeling.secrets import LocalSecrets


@dataclass(frozen=True, slots=True)
class PrefectSecrets:
    """What `{env: NAME}`, `{file: PATH}` and `{block: NAME}` stand for.

    A block is one of Prefect's type Secret; its value goes to the adapter that asked, and into no
    parameter, result or log.
    """

    local: Secrets = field(default_factory=LocalSecrets)

    def resolve(self, reference: Mapping[str, str]) -> str:
        """Return the secret. Raises `BlockedError` where it is not there (yet)."""
        if "block" not in reference:
            return self.local.resolve(reference)
        if len(reference) != 1:
            raise ConfigurationError(
                "secret: expected one of {env: NAME}, {file: PATH} and {block: NAME}, got the keys "
                f"{', '.join(sorted(reference))}"
            )
        return _of_block(reference["block"])


def _of_block(name: str) -> str:
    from httpx import HTTPError
    from prefect.blocks.system import Secret

    try:
        found: Any = Secret.load(name)
        return str(found.get())
    except ValueError:
        # Without its cause: what is said about a block that cannot be read may quote it.
        raise BlockedError(
            f"Prefect has no block of the type Secret named {name!r} that can be read",
            remedy="Make one of that name in the UI of the server the driver uses, under Blocks.",
        ) from None
    except HTTPError as error:
        raise TransientError(f"Prefect's server cannot be asked for the block {name!r}") from error
