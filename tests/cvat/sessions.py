"""Who is signed in, and what a browser keeps of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx


@dataclass
class Session:
    """Somebody's browser: the cookies, and the token that unsafe methods must repeat."""

    name: str
    password: str
    cookies: dict[str, str] = field(default_factory=dict)

    def headers(self, *, signed: bool = True, whole: bool = True) -> dict[str, str]:
        """Return the headers of a call: signed in or not, with the token or without."""
        kept = self.cookies if whole else {"sessionid": self.cookies["sessionid"]}
        said = {"Cookie": "; ".join(f"{name}={value}" for name, value in kept.items())}
        if whole and "csrftoken" in kept:
            said["X-CSRFToken"] = kept["csrftoken"]
        return said if signed else {}

    def keep(self, answer: httpx.Response) -> None:
        """Keep the cookies of an answer."""
        for line in answer.headers.get_list("set-cookie"):
            name, value = line.split(";")[0].split("=", 1)
            self.cookies[name] = value.strip('"')
