"""Organizations, their members, and invitations.

Recorded on a server without e-mail: an invited user is a member at once, and accepting is 400.
"""

from __future__ import annotations

import secrets
from typing import Any

from tests.support.cvat_server import listing
from tests.support.cvat_server.http import Answer, Call, Refused, Routes, forbidden, missing
from tests.support.cvat_server.shown import moment, person
from tests.support.cvat_server.store import Membership, Organization, now

ROUTES = Routes()


def _mine(call: Call, organization: Organization) -> list[Membership]:
    return [
        one
        for one in call.store.memberships.values()
        if one.organization is organization and one.user is call.user
    ]


def _leads(call: Call, organization: Organization) -> bool:
    roles = [one.role for one in _mine(call, organization)]
    return call.user.admin or bool(roles and roles[0] in ("owner", "maintainer"))


@ROUTES.add("GET", "/api/organizations")
def organizations(call: Call) -> Answer:
    """List the organizations of the caller."""
    every = call.store.organizations.values()
    found = [one for one in every if call.user.admin or _mine(call, one)]
    terms = {
        "id": lambda one: one.id,
        "slug": lambda one: one.slug,
        "name": lambda one: one.name,
        "owner": lambda one: one.owner.username,
    }
    names = ("slug", "name", "owner")
    return listing.page(call, found, lambda one: _show(call, one), terms, exact=names, search=names)


@ROUTES.add("POST", "/api/organizations")
def create_organization(call: Call) -> Answer:
    """Make an organization, with the caller as its owner."""
    given = call.json()
    slug = given.get("slug") or ""
    if not slug or any(one.slug == slug for one in call.store.organizations.values()):
        why = "organization with this slug already exists." if slug else "This field is required."
        raise Refused(400, {"slug": [why]})
    made = Organization(
        id=call.store.next_id("organization"),
        slug=slug,
        name=given.get("name") or slug,
        description=given.get("description", ""),
        contact=given.get("contact", {}),
        owner=call.user,
    )
    call.store.organizations[made.id] = made
    _join(call, made, call.user.id, "owner")
    return Answer(201, _show(call, made))


@ROUTES.add("GET", "/api/organizations/{id:int}")
def organization(call: Call, id: int) -> Answer:
    """Show an organization."""
    return Answer(body=_show(call, _find(call, id)))


@ROUTES.add("DELETE", "/api/organizations/{id:int}")
def delete_organization(call: Call, id: int) -> Answer:
    """Delete an organization with its memberships."""
    found = _find(call, id)
    if not _leads(call, found):
        raise forbidden()
    for one in [one for one in call.store.memberships.values() if one.organization is found]:
        del call.store.memberships[one.id]
    del call.store.organizations[id]
    return Answer(204)


def _find(call: Call, id: int) -> Organization:
    if (found := call.store.organizations.get(id)) is None:
        raise missing("Organization")
    if not call.user.admin and not _mine(call, found):
        raise forbidden()
    return found


def _show(call: Call, one: Organization) -> dict[str, Any]:
    return {
        "id": one.id,
        "slug": one.slug,
        "name": one.name,
        "description": one.description,
        "created_date": moment(one.created),
        "updated_date": moment(one.updated),
        "contact": one.contact,
        "owner": person(call, one.owner),
    }


def _join(call: Call, organization: Organization, user_id: int, role: str) -> Membership:
    member = Membership(
        id=call.store.next_id("membership"),
        user=call.store.users[user_id],
        organization=organization,
        role=role,
    )
    call.store.memberships[member.id] = member
    return member


@ROUTES.add("GET", "/api/memberships")
def memberships(call: Call) -> Answer:
    """List the members of the organization in whose context the call is."""
    found = [
        one
        for one in call.store.memberships.values()
        if call.organization in (None, one.organization)
        and (call.user.admin or _mine(call, one.organization))
    ]
    terms = {
        "id": lambda one: one.id,
        "user": lambda one: one.user.username,
        "role": lambda one: one.role,
    }
    names = ("user", "role")
    return listing.page(call, found, lambda one: _member(call, one), terms, exact=names)


@ROUTES.add("PATCH", "/api/memberships/{id:int}")
def change_membership(call: Call, id: int) -> Answer:
    """Give a member another role."""
    member = _find_member(call, id)
    member.role = call.json().get("role", member.role)
    return Answer(body=_member(call, member))


@ROUTES.add("DELETE", "/api/memberships/{id:int}")
def delete_membership(call: Call, id: int) -> Answer:
    """Take a member out."""
    _find_member(call, id)
    del call.store.memberships[id]
    return Answer(204)


def _find_member(call: Call, id: int) -> Membership:
    if (member := call.store.memberships.get(id)) is None:
        raise missing("Membership")
    if not _leads(call, member.organization):
        raise forbidden()
    return member


def _member(call: Call, one: Membership) -> dict[str, Any]:
    return {
        "id": one.id,
        "user": person(call, one.user),
        "organization": one.organization.id,
        "is_active": True,
        "joined_date": moment(one.joined),
        "role": one.role,
        "invitation": one.key or None,
    }


@ROUTES.add("POST", "/api/invitations")
def invite(call: Call) -> Answer:
    """Invite a user by e-mail, who is a member from now on."""
    if call.organization is None or not _leads(call, call.organization):
        raise forbidden()
    given = call.json()
    found = [one for one in call.store.users.values() if one.email == given.get("email")]
    if not found:
        raise Refused(400, {"email": ["No user with this e-mail (not recorded)."]})
    member = _join(call, call.organization, found[0].id, given.get("role", "worker"))
    member.key, member.invited, member.invited_by = secrets.token_hex(32), now(), call.user
    return Answer(
        201,
        {
            "key": member.key,
            "created_date": moment(member.invited),
            "owner": person(call, call.user),
            "role": member.role,
            "user": person(call, member.user),
            "organization": call.organization.id,
            "expired": None,
            "organization_info": {"id": call.organization.id, "slug": call.organization.slug},
        },
    )


@ROUTES.add("POST", "/api/invitations/{key}/accept")
def accept(call: Call, key: str) -> Answer:
    """Accept an invitation: it is accepted already."""
    if not any(one.key == key for one in call.store.memberships.values()):
        raise missing("Invitation")
    raise Refused(400, "Your invitation is already accepted.")
