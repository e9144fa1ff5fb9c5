"""Where passwords and tokens come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Secrets(Protocol):
    """Where passwords and tokens come from; YAML holds references only."""

    def resolve(self, reference: Mapping[str, str]) -> str:
        """Return the secret of `{env: NAME}`, `{file: PATH}` or `{block: NAME}`."""
        ...
