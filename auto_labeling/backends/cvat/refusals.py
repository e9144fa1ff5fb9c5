"""What the server's errors mean for us; none of our sentences repeats a secret or a payload."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from auto_labeling.errors import BlockedError, RejectedError, TransientError

_AGAIN_LATER = frozenset({408, 409, 425, 429})
_NO_SUCH_PLACE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})
_LONGEST = 200


class CredentialsRefused(BlockedError):
    """The server does not know whoever calls: another secret may lie where it is read from."""

    def __init__(self, url: str, what: str) -> None:
        super().__init__(
            f"{url} refused the login for {what}",
            remedy="Put a valid password or token where backend.password or backend.token says.",
        )


class Gone(BlockedError):
    """What was asked for does not exist any more."""

    def __init__(self, url: str, what: str) -> None:
        super().__init__(
            f"{url}: {what} is gone",
            remedy="Restore it, or stop this campaign and begin another.",
        )


class Forbidden(BlockedError):
    """The account has no right to what was asked."""


class NoServer(BlockedError):
    """There is no CVAT at the address."""


@contextmanager
def translated(url: str, what: str) -> Iterator[None]:
    """Raise our own errors for the SDK's; `what` names what was asked of the server at `url`."""
    from cvat_sdk.api_client.exceptions import ApiException, ApiTypeError, OpenApiException
    from cvat_sdk.core.exceptions import CvatSdkException, InvalidHostException
    from urllib3.exceptions import HTTPError, LocationValueError

    try:
        yield
    except ApiException as error:
        raise _meaning(url, what, error.status or 0, error.body, error.reason) from error
    except ApiTypeError as error:  # how the SDK says that a login was answered by something else
        raise _no_cvat(url, what, "it gave no session") from error
    except OpenApiException as error:  # before anything was sent
        raise RejectedError(f"{url}: {what}: {str(error).splitlines()[0]}") from error
    except (LocationValueError, InvalidHostException) as error:
        raise NoServer(f"{url} is no address of a server", remedy="Mend backend.url.") from error
    except (HTTPError, CvatSdkException) as error:
        raise TransientError(f"{url}: {what}: {str(error) or type(error).__name__}") from error
    except UnicodeEncodeError as error:  # the token is written into a header
        raise CredentialsRefused(url, what) from error
    except AssertionError as error:  # how the SDK says that a login brought no session
        raise _no_cvat(url, what, "it gave no session") from error
    except (ValueError, KeyError) as error:  # a proxy's page where JSON was due
        raise TransientError(f"{url}: {what}: expected JSON") from error


@contextmanager
def gone_is_fine() -> Iterator[None]:
    """Let a call pass that was about something which is gone."""
    from cvat_sdk.api_client.exceptions import NotFoundException

    try:
        yield
    except NotFoundException as error:
        if not _by_its_own(_read(error.body)):
            raise


def _meaning(url: str, what: str, status: int, body: Any, reason: Any) -> Exception:
    said = _read(body)
    if status == HTTPStatus.UNAUTHORIZED or _no_login(status, said):
        return CredentialsRefused(url, what)
    if status == HTTPStatus.FORBIDDEN:
        return Forbidden(
            f"{url}: the account may not see or change {what} ({_said(said)})",
            remedy="Give it the right to, or another account where backend says.",
        )
    if not status:  # no certificate to trust, and the like
        return NoServer(
            f"{url} cannot be spoken to ({str(reason).splitlines()[-1]})",
            remedy="Mend backend.url, or the server's certificate.",
        )
    if status < HTTPStatus.BAD_REQUEST or (status in _NO_SUCH_PLACE and not _by_its_own(said)):
        return _no_cvat(url, what, str(status))
    if status == HTTPStatus.NOT_FOUND:
        return Gone(url, what)
    if status in _AGAIN_LATER or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return TransientError(f"{url}: {what}: it answered {status}")
    return RejectedError(f"{url}: {what}: it answered {status}: {_said(said)}")


def _no_cvat(url: str, what: str, got: str) -> NoServer:
    return NoServer(
        f"{url} does not answer as a CVAT does ({what}: {got})",
        remedy="Mend backend.url, or start the server there.",
    )


def _no_login(status: int, said: Any) -> bool:
    """Return whether a login was refused, which is no 401 there."""
    wrong = isinstance(said, Mapping) and "non_field_errors" in said
    return status == HTTPStatus.BAD_REQUEST and wrong


def _by_its_own(said: Any) -> bool:
    """Return whether it is CVAT that says so, and not somebody else at its address."""
    text = said.get("detail") if isinstance(said, Mapping) else said
    return isinstance(text, str) and text.startswith(
        ("No ", "Not found.", "There is no ", "Invalid page", "Meth")
    )


def _read(body: Any) -> Any:
    """Return the body of an error: JSON where it is any, else text."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text


def _said(said: Any) -> str:
    """Return what the server had against it, in one line.

    >>> _said({"labels": [{"name": ["This field is required."]}]})
    'labels: name: This field is required.'
    >>> _said(["label_id `7` is invalid"]), _said("<html>...")
    ('label_id `7` is invalid', 'no reason given')
    """
    if isinstance(said, Mapping):
        parts = [value if key == "detail" else (key, value) for key, value in said.items()]
        return "; ".join(
            _said(one) if not isinstance(one, tuple) else f"{one[0]}: {_said(one[1])}"
            for one in parts
        )
    if isinstance(said, list):
        return "; ".join(_said(one) for one in said if one)
    if not isinstance(said, str) or not said.strip() or said.lstrip().startswith("<"):
        return "no reason given"
    return " ".join(said.split())[:_LONGEST]
