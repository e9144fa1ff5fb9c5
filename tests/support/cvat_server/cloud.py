"""Cloud storages: none of this was recorded, only that tasks name one as `cloud_storage_id`."""

from __future__ import annotations

from typing import Any

from tests.support.cvat_server import listing
from tests.support.cvat_server.http import Answer, Call, Routes, missing
from tests.support.cvat_server.shown import moment, person
from tests.support.cvat_server.store import CloudStorage

ROUTES = Routes()


@ROUTES.add("GET", "/api/cloudstorages")
def cloud_storages(call: Call) -> Answer:
    """List the storages; `CvatServer.add_cloud_storage` connects them."""
    found = [one for one in call.store.clouds.values() if call.user.admin]
    terms = {
        "id": lambda one: one.id,
        "display_name": lambda one: one.told.get("display_name", ""),
        "resource": lambda one: one.told.get("resource", ""),
        "provider_type": lambda one: one.told.get("provider_type", "AWS_S3_BUCKET"),
    }
    names = ("display_name", "resource", "provider_type")
    return listing.page(call, found, lambda one: _show(call, one), terms, exact=names)


@ROUTES.add("GET", "/api/cloudstorages/{id:int}")
def cloud_storage(call: Call, id: int) -> Answer:
    """Show a storage."""
    if id not in call.store.clouds:
        raise missing("CloudStorage")
    return Answer(body=_show(call, call.store.clouds[id]))


def _show(call: Call, one: CloudStorage) -> dict[str, Any]:
    return {
        "id": one.id,
        "owner": person(call, one.owner),
        "manifests": [],
        "provider_type": "AWS_S3_BUCKET",
        "resource": one.folder.name,
        "display_name": one.folder.name,
        "created_date": moment(one.created),
        "updated_date": moment(one.created),
        "credentials_type": "ANONYMOUS_ACCESS",
        "specific_attributes": "",
        "description": "",
        "organization": one.organization and one.organization.id,
        **one.told,
    }
