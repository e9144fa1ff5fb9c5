"""MLflow behind Tracker; and no tracker at all.

Everything goes through a client of its own: no global run, address or experiment is touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass
