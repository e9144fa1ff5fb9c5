"""What pictures are called that we upload: people see it, so it tells nothing but the content."""

from __future__ import annotations

import re


def content_in(name: str) -> str | None:
    """Return how the content hash begins of an uploaded picture, by what it is called there.

    >>> content_in("0003-0badcafe0badcafe.png"), content_in("cats/0003.png")
    ('0badcafe0badcafe', None)
    """
    found = re.fullmatch(r"\d{4,}-([0-9a-f]{16})\.\w+", name)
    return None if found is None else found[1]
