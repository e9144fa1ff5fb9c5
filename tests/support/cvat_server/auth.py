"""Who calls: passwords, sessions with CSRF, access tokens.

Recorded are the login by password, the logout, and the refusals 400 (wrong password), 401 (nobody)
and 403 (no CSRF token). Access tokens are not recorded: SDK 2.80 sends them as `Authorization:
Bearer`, without cookies; that an unknown one is 401 `Invalid token.` is a guess.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from tests.support.cvat_server.http import Answer, Call, Refused, Routes
from tests.support.cvat_server.store import Organization, User, now

ROUTES = Routes()
_SAFE = ("GET", "HEAD", "OPTIONS")


@dataclass
class Sessions:
    """Who is logged in: users by session and by access token."""

    by_cookie: dict[str, User] = field(default_factory=dict)
    by_token: dict[str, User] = field(default_factory=dict)

    def token(self, user: User) -> str:
        """Make an access token."""
        token = secrets.token_urlsafe(24)
        self.by_token[token] = user
        return token

    def expire(self, user: User) -> None:
        """End all sessions and tokens of a user."""
        for table in (self.by_cookie, self.by_token):
            for key in [key for key, owner in table.items() if owner is user]:
                del table[key]


def recognise(call: Call) -> None:
    """Say in the call who sent it and in which organization; 403 without a CSRF token."""
    if call.path == "/api/auth/login":
        return
    kind, _, token = call.headers.get("authorization", "").partition(" ")
    if token:
        call.sender = call.server.sessions.by_token.get(token) if kind == "Bearer" else None
        if call.sender is None:
            raise Refused(401, {"detail": "Invalid token."})
    elif user := call.server.sessions.by_cookie.get(call.cookies.get("sessionid", "")):
        if "sessionfresh" not in call.cookies:
            call.renewed = {"sessionid": call.cookies["sessionid"], "sessionfresh": "1"}
        _check_csrf(call)
        call.sender = user
    call.organization = _organization(call)


def _check_csrf(call: Call) -> None:
    if call.method in _SAFE:
        return
    if "csrftoken" not in call.cookies:
        raise Refused(403, {"detail": "CSRF Failed: CSRF cookie not set."})
    if call.headers.get("x-csrftoken") != call.cookies["csrftoken"]:
        raise Refused(403, {"detail": "CSRF Failed: CSRF token missing."})


def _organization(call: Call) -> Organization | None:
    slug = call.query.get("org", call.headers.get("x-organization", ""))
    if not slug:
        return None
    for one in call.store.organizations.values():
        if one.slug == slug:
            return one
    raise Refused(404, {"detail": "Not found."})


@ROUTES.add("POST", "/api/auth/login")
def login(call: Call) -> Answer:
    """Open a session."""
    given = call.json()
    for user in call.store.users.values():
        if (user.username, user.password) == (given.get("username"), given.get("password")):
            user.last_login = now()
            key = secrets.token_hex(20)
            call.server.sessions.by_cookie[key] = user
            cookies = {"sessionid": key, "csrftoken": secrets.token_hex(16), "sessionfresh": "1"}
            return Answer(body={"key": secrets.token_hex(20)}, cookies=cookies)
    raise Refused(400, {"non_field_errors": ["Unable to log in with provided credentials."]})


@ROUTES.add("POST", "/api/auth/logout")
def logout(call: Call) -> Answer:
    """Close the session."""
    call.server.sessions.by_cookie.pop(call.cookies.get("sessionid", ""), None)
    gone = {"sessionid": None, "sessionfresh": None}
    return Answer(body={"detail": "Successfully logged out."}, cookies=gone)
