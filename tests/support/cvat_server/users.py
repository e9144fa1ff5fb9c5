"""The server itself and the people who use it."""

from __future__ import annotations

from typing import Any

from tests.support.cvat_server import listing
from tests.support.cvat_server.http import Answer, Call, Routes, forbidden, missing
from tests.support.cvat_server.shown import moment, plain
from tests.support.cvat_server.store import User

ROUTES = Routes()
VERSION = "2.54.1"
_IMPORTERS = {
    "COCO 1.0": "JSON, ZIP",
    "CVAT 1.1": "XML, ZIP",
    "Datumaro 1.0": "JSON, ZIP",
    "Segmentation mask 1.1": "ZIP",
    "YOLO 1.1": "ZIP",
    "Ultralytics YOLO Detection 1.0": "ZIP",
}
_EXPORTERS = {
    "COCO 1.0": "ZIP",
    "CVAT for images 1.1": "ZIP",
    "Datumaro 1.0": "ZIP",
    "Segmentation mask 1.1": "ZIP",
    "YOLO 1.1": "ZIP",
    "Ultralytics YOLO Detection 1.0": "ZIP",
}


@ROUTES.add("GET", "/api/server/about")
def about(call: Call) -> Answer:
    """Say which server this is; needs no login."""
    return Answer(
        body={
            "name": "Computer Vision Annotation Tool",
            "description": "CVAT is completely re-designed and re-implemented version of Video"
            " Annotation Tool from Irvine, California tool.",
            "version": VERSION,
            "logo_url": f"{call.base}/static/logo.svg",
            "subtitle": "Open Data Annotation Platform",
        }
    )


@ROUTES.add("GET", "/api/server/annotation/formats")
def formats(call: Call) -> Answer:
    """List the formats that were kept in the recordings."""

    def row(name: str, ext: str) -> dict[str, Any]:
        version = name.rpartition(" ")[2]
        return {"name": name, "ext": ext, "version": version, "enabled": True, "dimension": "2d"}

    return Answer(
        body={
            "importers": [row(*one) for one in _IMPORTERS.items()],
            "exporters": [row(*one) for one in _EXPORTERS.items()],
        }
    )


@ROUTES.add("GET", "/api/users")
def users(call: Call) -> Answer:
    """List the people that the caller may see: all for administrators, else only itself."""
    found = list(call.store.users.values())
    if call.organization is not None:
        members = call.store.memberships.values()
        inside = [one.user for one in members if one.organization is call.organization]
        found = [user for user in found if user in inside]
    if not call.user.admin:
        found = [user for user in found if user is call.user]
    terms = {
        "id": lambda user: user.id,
        "username": lambda user: user.username,
        "first_name": lambda user: user.first_name,
        "last_name": lambda user: user.last_name,
        "is_active": lambda user: True,
    }
    names = ("username", "first_name", "last_name")
    show = whole if call.user.admin else plain
    return listing.page(
        call, found, lambda user: show(call, user), terms, exact=names, search=names
    )


@ROUTES.add("GET", "/api/users/self")
def myself(call: Call) -> Answer:
    """Show the caller."""
    return Answer(body=whole(call, call.user))


@ROUTES.add("GET", "/api/users/{id:int}")
def user(call: Call, id: int) -> Answer:
    """Show somebody; 403 for everybody else than administrators and the person itself."""
    found = call.store.users.get(id)
    if found is None:
        raise missing("User")
    if not call.user.admin and found is not call.user:
        raise forbidden()
    return Answer(body=whole(call, found))


def whole(call: Call, user: User) -> dict[str, Any]:
    """Return a user as administrators and the person itself see it."""
    return {
        **plain(call, user),
        "email": user.email,
        "groups": ["admin" if user.admin else "user"],
        "is_staff": user.admin,
        "is_superuser": user.admin,
        "is_active": True,
        "last_login": moment(user.last_login),
        "date_joined": moment(user.joined),
        "has_analytics_access": user.admin,
    }
