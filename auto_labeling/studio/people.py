"""People of a Label Studio: they sign up by the invitation link and have tokens of their own."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

import httpx

from auto_labeling.errors import RejectedError
from auto_labeling.studio.running import Studio


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who labels."""

    id: int
    login: str
    password: str = field(repr=False)
    token: str = field(repr=False)


def invitation(studio: Studio) -> str:
    """Return the link by which anybody who can reach the server joins it."""
    with studio.client() as admin:
        token = admin.get("/api/invite").raise_for_status().json()["token"]
    return f"{studio.url}/user/signup/?token={token}"


def sign_up(studio: Studio, login: str, *, password: str | None = None) -> Person:
    """Sign a person up as their browser would, or log in who is there already.

    Raises `RejectedError` where Label Studio refuses both, as it does with a wrong password.
    """
    password = password or secrets.token_urlsafe(12)
    with httpx.Client(
        base_url=studio.url, timeout=60.0, trust_env=False, follow_redirects=False
    ) as browser:
        signed_up = _submitted(browser, invitation(studio), login, password)
        if not signed_up and not _submitted(browser, "/user/login/", login, password):
            raise RejectedError(f"Label Studio takes neither a new nor a known user as {login}")
        who = browser.get("/api/current-user/whoami").raise_for_status().json()
        token = browser.get("/api/current-user/token").raise_for_status().json()["token"]
    return Person(id=who["id"], login=who["email"], password=password, token=token)


def _submitted(browser: httpx.Client, page: str, login: str, password: str) -> bool:
    """Fill a form in and send it; whether it was taken, which a redirect says."""
    address = str(browser.get(page).raise_for_status().url)
    answer = browser.post(
        address,
        data={
            "email": login,
            "password": password,
            "csrfmiddlewaretoken": browser.cookies["csrftoken"],
        },
        headers={"Referer": address},
    )
    return answer.status_code == httpx.codes.FOUND
