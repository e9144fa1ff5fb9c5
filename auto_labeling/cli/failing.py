"""What a command says and returns when it cannot do what it was asked to do."""

from __future__ import annotations

import errno
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from auto_labeling.errors import (
    AmendmentRequired,
    AutoLabelingError,
    BlockedError,
    BudgetExceeded,
    LeaseHeld,
    LeaseLost,
    TransientError,
    UserError,
)

DONE, FAILED, USAGE, BUDGET, WAITING, HELD, BLOCKED = range(7)
INTERRUPTED = 130
_PERSON_ACTS = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT)
_CODES: tuple[tuple[type[AutoLabelingError], int], ...] = (
    (UserError, USAGE),
    (BudgetExceeded, BUDGET),
    (LeaseHeld, HELD),
    (LeaseLost, HELD),
    (BlockedError, BLOCKED),
)
STOPPED_BY_CTRL_C = (
    "Stopped by Ctrl-C. Nothing is lost: every answer is in the ledger, and what people are "
    "answering now is taken in later. `auto-label resume` goes on from here."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An error, as it is said."""

    kind: str
    sentence: str
    exit_code: int
    remedy: str | None = None
    log: Path | None = None


def failure_of(error: BaseException, workspace: Path) -> Failure:
    """Return what to say about an error; an unexpected one is written into a log first."""
    kind = type(error).__name__
    if isinstance(error, AutoLabelingError):
        return Failure(
            kind=kind,
            sentence=_sentence(error),
            exit_code=code_of(error),
            remedy=error.remedy if isinstance(error, BlockedError) else None,
        )
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return Failure(
            kind=kind,
            sentence=f"{error.filename}: {error.strerror}; check the path and its permissions",
            exit_code=BLOCKED if error.errno in _PERSON_ACTS else FAILED,
        )
    log = write_log(error, workspace)
    return Failure(
        kind=kind,
        # The words of a foreign error may repeat what the pool holds, so only its name is said.
        sentence=(
            f"something went wrong that this program did not foresee ({kind}). Nothing is lost: "
            f"what was done stands in the ledger. The details are in {log}; please report them, "
            "or see them here with --debug"
        ),
        exit_code=FAILED,
        log=log,
    )


def code_of(error: AutoLabelingError) -> int:
    """Return the exit code of an error.

    >>> code_of(UserError()), code_of(LeaseHeld()), code_of(TransientError())
    (2, 5, 1)
    """
    return next((code for kind, code in _CODES if isinstance(error, kind)), FAILED)


def write_log(error: BaseException, workspace: Path) -> Path:
    """Write the traceback of an error into the workspace, or else for the time being, elsewhere."""
    name = f"error-{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 10**9:09d}.log"
    text = _traceback(error, sealed=_may_be_sealed(workspace))
    for folder in (workspace / "logs", Path(tempfile.gettempdir())):
        if folder.parent.is_dir():
            try:
                folder.mkdir(exist_ok=True)
                (folder / name).write_text(text, encoding="utf-8")
            except OSError:
                continue
            return folder / name
    return Path("nowhere: no folder can be written")


def _sentence(error: AutoLabelingError) -> str:
    said = str(error) or type(error).__name__
    if isinstance(error, TransientError):
        return f"{said}. Nothing is lost: run the command again when the other side answers"
    if isinstance(error, LeaseLost):
        return f"{said}. Nothing is lost: the other driver goes on"
    if isinstance(error, AmendmentRequired):
        return said.rstrip()
    return said


def _traceback(error: BaseException, *, sealed: bool) -> str:
    if not sealed:
        return "".join(traceback.format_exception(error))
    lines = ["The words of the errors are left out: `privacy.payloads` is sealed.\n"]
    at: BaseException | None = error
    while at is not None:
        lines += [f"\n{type(at).__module__}.{type(at).__qualname__}\n"]
        frames = traceback.extract_tb(at.__traceback__)
        lines += [f"  {one.filename}, line {one.lineno}, in {one.name}\n" for one in frames]
        at = at.__cause__ or at.__context__
    return "".join(lines)


def _may_be_sealed(workspace: Path) -> bool:
    """Whether a campaign here is sealed, or may be because the ledger cannot be read now."""
    ledger = workspace / "ledger.db"
    if not ledger.exists():
        return False
    import json
    import sqlite3

    try:
        connection = sqlite3.connect(f"{ledger.as_uri()}?mode=ro", uri=True)
        try:
            bodies = [row[0] for row in connection.execute("SELECT body FROM configurations")]
        finally:
            connection.close()
    except sqlite3.Error:
        return True
    told = [(json.loads(body).get("privacy") or {}) for body in bodies]
    return any(one.get("payloads") == "sealed" for one in told)
