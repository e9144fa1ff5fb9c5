"""What `LabelStudioClient` is given: an address without a login, and a token that can be sent."""

from __future__ import annotations

import pytest

from auto_labeling import LabelStudioClient
from auto_labeling.errors import AutoLabelingError, BlockedError, ConfigurationError
from tests.cvat.test_client import answering


def failure(url: str, token: str) -> AutoLabelingError:
    """Return what a script is told."""
    with pytest.raises(AutoLabelingError) as error:
        LabelStudioClient(url, token).create_project("street", "<View/>")
    assert "hush" not in str(error.value)
    return error.value


@pytest.mark.parametrize("url", ["http://me:hush@label.lan", "HTTP://me:hush@label.lan"])
def test_an_address_with_a_login_is_refused_and_not_repeated(url: str) -> None:
    error = failure(url, "a-token")
    assert isinstance(error, ConfigurationError)
    assert "url: expected no login in it" in str(error)


@pytest.mark.parametrize("token", ["hush\nhush", "hush\x00", "hüsh"])
def test_a_token_that_no_header_takes_is_refused_and_not_repeated(token: str) -> None:
    with answering(500, b"") as url:
        error = failure(url, token)
    assert isinstance(error, BlockedError)
    assert "refused the token" in str(error)


def test_a_token_ends_where_its_line_does() -> None:
    with answering(500, b"") as url:
        assert "it answered 500" in str(failure(url, "hush\n"))
