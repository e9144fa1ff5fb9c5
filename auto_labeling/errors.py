"""Everything this library raises on purpose, and what a person can do about each.

    AutoLabelingError
    ├── UserError               what was given cannot be used         mend it, run again
    │   ├── ConfigurationError  the campaign file or a parameter      mend the named key
    │   ├── DataError           the pool, the labels, the features    mend the named row or file
    │   └── AmendmentRequired   the campaign file has changed         `auto-label amend`
    ├── TransientError          the other side stumbled               the same call, later
    ├── RejectedError           the other side refused for good       read what it said
    ├── BlockedError            only a person can mend it             follow `.remedy`; it goes on
    ├── BudgetExceeded          a reservation would pass a cap        ask for less, or amend the cap
    └── LedgerError             the ledger cannot be used
        ├── LedgerTooNew        written by a later version            upgrade this installation
        ├── LeaseHeld           another driver has the campaign       wait for it, or stop it
        └── LeaseLost           this driver slept past its lease      nothing: the other goes on

Foreign exceptions are translated once, at the adapter that met them.
"""

from __future__ import annotations


class AutoLabelingError(Exception):
    """The root of the tree."""


class UserError(AutoLabelingError):
    """Something a person typed or supplied cannot be used as it is."""


class ConfigurationError(UserError):
    """A key of the campaign file, or a parameter, is wrong."""


class DataError(UserError):
    """A pool, a label file or an array is wrong."""


class AmendmentRequired(UserError):
    """The campaign file differs from what the campaign was started with."""


class TransientError(AutoLabelingError):
    """The other side failed in a way that another try may mend."""


class RejectedError(AutoLabelingError):
    """The other side understood and refused."""


class BlockedError(AutoLabelingError):
    """Only a person can mend this; the campaign goes on by itself once it is mended."""

    def __init__(self, reason: str, *, remedy: str) -> None:
        super().__init__(f"{reason}. {remedy}")
        self.reason = reason
        self.remedy = remedy


class BudgetExceeded(AutoLabelingError):
    """A reservation would make committed + reserved pass a cap."""


class LedgerError(AutoLabelingError):
    """The ledger cannot be used."""


class LedgerTooNew(LedgerError):
    """The ledger was written by a later version of this library."""


class LeaseHeld(LedgerError):
    """Another driver holds the campaign."""


class LeaseLost(LedgerError):
    """This driver's lease ran out and another driver took the campaign."""
