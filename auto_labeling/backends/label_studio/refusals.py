"""What the server's errors mean for us; none of our sentences repeats a token or a payload."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import httpx

from auto_labeling.errors import BlockedError, RejectedError, TransientError

_AGAIN_LATER = frozenset({408, 409, 425, 429})
_REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_NO_SUCH_PLACE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})


class TokenRefused(BlockedError):
    """The server does not take the token: another may lie where it is read from."""

    def __init__(self, url: str, what: str) -> None:
        super().__init__(
            f"{url} refused the token for {what}",
            remedy="Put a valid one of an administrator where backend.token says.",
        )


@contextmanager
def translated(url: str, what: str) -> Iterator[None]:
    """Raise our own errors for the SDK's; `what` names what was asked of the server at `url`."""
    from label_studio_sdk.core.api_error import ApiError

    try:
        yield
    except ApiError as error:
        raise _meaning(url, what, error.status_code or 0, error.body) from error
    except httpx.HTTPStatusError as error:
        raise _meaning(url, what, error.response.status_code, error.response.text) from error
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise BlockedError(
            f"{url} is no address of a server", remedy="Mend backend.url."
        ) from error
    except httpx.HTTPError as error:
        raise TransientError(f"{url}: {what}: {str(error) or type(error).__name__}") from error
    except UnicodeEncodeError as error:  # httpx writes the token into a header
        raise TokenRefused(url, what) from error
    except ValueError as error:  # a proxy's page where JSON was due
        raise TransientError(f"{url}: {what}: expected JSON ({error})") from error


@contextmanager
def gone_is_fine() -> Iterator[None]:
    """Let a call pass that was about something which is gone."""
    from label_studio_sdk.core.api_error import ApiError

    try:
        yield
    except ApiError as error:
        if error.status_code != HTTPStatus.NOT_FOUND:
            raise


def _meaning(url: str, what: str, status: int, body: Any) -> Exception:
    if status in _REFUSED:
        return TokenRefused(url, f"{what} ({status})")
    if status < HTTPStatus.BAD_REQUEST or (status in _NO_SUCH_PLACE and not _by_its_own(body)):
        return BlockedError(
            f"{url} does not answer as a Label Studio does ({what}: {status})",
            remedy="Mend backend.url, or start the server there.",
        )
    if status == HTTPStatus.NOT_FOUND:
        return BlockedError(
            f"{url}: {what} is gone",
            remedy="Restore it, or stop this campaign and begin another.",
        )
    if status in _AGAIN_LATER or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return TransientError(f"{url}: {what}: it answered {status}")
    return RejectedError(f"{url}: {what}: it answered {status}: {_said(body)}")


def _by_its_own(body: Any) -> bool:
    """Return whether it is Label Studio that says so, and not somebody else at its address."""
    if isinstance(body, Mapping):
        return "version" in body
    return any(sign in str(body) for sign in ("Label Studio", '"version"'))


def _said(body: Any) -> str:
    """Return what the server had against it, without what was sent.

    >>> _said({"detail": "Validation error", "validation_errors": {"title": ["Too short."]}})
    'Validation error (title: Too short.)'
    """
    if not isinstance(body, Mapping):
        return "no reason given"
    errors = body.get("validation_errors")
    named = [
        f"{name}: {str(text).split(' :: ')[0]}"  # what follows is the task itself
        for name, texts in (errors.items() if isinstance(errors, Mapping) else ())
        for text in (texts if isinstance(texts, list) else [texts])
    ]
    return f"{body.get('detail', 'refused')}" + (f" ({'; '.join(named)})" if named else "")
