"""What the server's errors mean for us; none of our sentences repeats a token or a payload."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
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
def translated(url: str, what: str, answers: Sequence[httpx.Response]) -> Iterator[None]:
    """Raise our own errors for the SDK's; `what` names what was asked of the server at `url`.

    `answers` fills with what it says; while it is empty, what cannot be read is a mistake of ours.
    """
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
    except httpx.LocalProtocolError:  # the token fits into no header; that error repeats it
        raise TokenRefused(url, what) from None
    except httpx.HTTPError as error:
        raise TransientError(f"{url}: {what}: {str(error) or type(error).__name__}") from error
    except UnicodeEncodeError as error:  # httpx writes the token into a header
        raise TokenRefused(url, what) from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if not answers:
            raise
        # The SDK takes whatever it is told for what it has asked for.
        raise _stranger(url, what, answers[-1].content) from error


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
    if httpx.codes.is_success(status):
        return _stranger(url, what, str(body).encode())
    if status < HTTPStatus.BAD_REQUEST or (status in _NO_SUCH_PLACE and not _by_its_own(body)):
        return _elsewhere(url, f"{what}: {status}")
    if status == HTTPStatus.NOT_FOUND:
        return BlockedError(
            f"{url}: {what} is gone",
            remedy="Restore it, or stop this campaign and begin another.",
        )
    if status in _AGAIN_LATER or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return TransientError(f"{url}: {what}: it answered {status}")
    return RejectedError(f"{url}: {what}: it answered {status}: {_said(body)}")


def _stranger(url: str, what: str, answer: bytes) -> BlockedError:
    return _elsewhere(url, f"{what}: expected its JSON, got {form_of(answer)}")


def _elsewhere(url: str, said: str) -> BlockedError:
    return BlockedError(
        f"{url} does not answer as a Label Studio does ({said})",
        remedy="Mend backend.url, or start the server there.",
    )


def form_of(content: bytes) -> str:
    """Return what kind of answer this is, in words, and nothing of what it says.

    >>> form_of(b'[{"id": 1}]'), form_of(b" null"), form_of(b"<!doctype html>")
    ('a list', 'null', 'a page')
    """
    kinds = {dict: "an object of another kind", list: "a list", type(None): "null"}
    try:
        return kinds.get(type(json.loads(content)), "a single value")
    except ValueError:
        return "a page" if content.lstrip().startswith(b"<") else "none"


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
