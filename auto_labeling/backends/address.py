"""The address of a tool, as a campaign file or a script gives it."""

from __future__ import annotations

import re

from auto_labeling.errors import ConfigurationError


def check_address(url: str, name: str = "url") -> None:
    """Raise `ConfigurationError` for what is no address, or has a login in it.

    `name` is what the address is given as.

    >>> check_address("https://label.lan/tool")
    >>> check_address("my.lan")
    Traceback (most recent call last):
    auto_labeling.errors.ConfigurationError: url: expected http://... or https://..., got 'my.lan'
    """
    if "@" in url:  # an address is shown wherever anything is said, and here first
        raise ConfigurationError(f"{name}: expected no login in it; the tool's own keys take one")
    if not re.match(r"https?://[^/]", url):
        raise ConfigurationError(f"{name}: expected http://... or https://..., got {url!r}")
