"""The address of a tool, as a campaign file gives it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from auto_labeling.errors import ConfigurationError


def check_address(url: str) -> None:
    """Raise `ConfigurationError` for what is no address, or has a login in it.

    >>> check_address("https://label.lan/tool")
    >>> check_address("my.lan")
    Traceback (most recent call last):
    auto_labeling.errors.ConfigurationError: url: expected http://... or https://..., got 'my.lan'
    """
    if not re.match(r"https?://[^/]", url):
        raise ConfigurationError(f"url: expected http://... or https://..., got {url!r}")
    if "@" in urlsplit(url).netloc:  # an address is shown wherever anything is said
        raise ConfigurationError("url: expected no login in it; the tool's own keys take one")
