"""What somebody who misspelt a word probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Collection


def meant(word: object, known: Collection[str]) -> str:
    """Return how a sentence about an unknown word ends; empty where no known one is near.

    >>> meant("margn", ["entropy", "margin"]), meant("x", ["margin"])
    ("; did you mean 'margin'?", '')
    """
    close = difflib.get_close_matches(str(word), list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
