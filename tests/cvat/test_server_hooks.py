"""The webhooks of the tests' CVAT, received over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cvat_sdk import Client, models

from tests.cvat.receiver import Receiver, receiving
from tests.support.cvat_server import CvatServer

SECRET = "not-a-secret"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def job(client: Client, pictures: list[Path]) -> Any:
    project = client.projects.create({"name": "p", "labels": [{"name": "cat"}]})
    spec = {"name": "t", "project_id": project.id}
    return client.tasks.create_from_data(spec, resources=pictures[:2]).get_jobs()[0]


@pytest.fixture
def hook(client: Client, job: Any, receiver: Receiver) -> Any:
    return create(client, job, receiver, ["update:job", "update:task", "create:task"])


def create(client: Client, job: Any, receiver: Receiver, events: list[str]) -> Any:
    told = models.WebhookWriteRequest(
        target_url=f"{receiver.url}/hook",
        type=models.WebhookType("project"),
        content_type=models.WebhookContentType("application/json"),
        events=[models.EventsEnum(one) for one in events],
        project_id=job.project_id,
        secret=SECRET,
        is_active=True,
    )
    return client.api_client.webhooks_api.create(told)[0]


def test_a_ping_is_delivered_signed_and_answered_with_how_it_went(
    client: Client, hook: Any, receiver: Receiver
) -> None:
    delivery, _ = client.api_client.webhooks_api.create_ping(hook.id)
    assert (delivery.event, delivery.status_code, delivery.response) == ("ping", 200, "ok")
    told = receiver.next()
    assert told is not None
    assert told.signed_with(SECRET)
    assert not told.signed_with("another")
    assert told.json["event"] == "ping"
    assert SECRET not in told.body.decode()


def test_a_change_of_a_job_tells_what_it_was_before(
    job: Any, hook: Any, receiver: Receiver
) -> None:
    job.update({"state": "completed"})
    told = receiver.next()
    assert told is not None
    assert told.signed_with(SECRET)
    assert told.json["event"] == "update:job"
    assert (told.json["job"]["id"], told.json["job"]["state"]) == (job.id, "completed")
    assert sorted(told.json["before_update"]) == ["state", "updated_date"]
    assert told.json["before_update"]["state"] == "new"
    assert told.json["webhook_id"] == hook.id


def test_saving_annotations_tells_of_the_job_and_then_of_the_task(
    job: Any, hook: Any, receiver: Receiver
) -> None:
    job.set_annotations(models.LabeledDataRequest(tags=[]))
    first, second = receiver.next(), receiver.next()
    assert first is not None
    assert second is not None
    assert [first.json["event"], second.json["event"]] == ["update:job", "update:task"]
    assert list(first.json["before_update"]) == ["updated_date"]


def test_only_its_events_of_its_project_are_delivered(
    client: Client, job: Any, receiver: Receiver
) -> None:
    create(client, job, receiver, ["create:task"])
    job.update({"state": "completed"})
    client.tasks.create({"name": "elsewhere"})
    client.tasks.create({"name": "here", "project_id": job.project_id})
    told = receiver.next()
    assert told is not None
    assert (told.json["event"], told.json["task"]["name"]) == ("create:task", "here")
    assert receiver.next(timeout_s=0.1) is None


def test_an_inactive_one_delivers_nothing(
    client: Client, job: Any, hook: Any, receiver: Receiver
) -> None:
    change = models.PatchedWebhookWriteRequest(is_active=False)
    client.api_client.webhooks_api.partial_update(hook.id, patched_webhook_write_request=change)
    job.update({"state": "completed"})
    assert receiver.next(timeout_s=0.1) is None


def test_a_delivery_can_be_looked_up_and_repeated(
    client: Client, job: Any, hook: Any, receiver: Receiver
) -> None:
    job.update({"state": "completed"})
    first = receiver.next()
    hooks = client.api_client.webhooks_api
    hooks.create_ping(hook.id)  # after which the first is written down
    pinged, kept = hooks.list_deliveries(hook.id)[0].results
    assert (pinged.event, kept.event, kept.changed_fields) == (
        "ping",
        "update:job",
        "state,updated_date",
    )
    receiver.next()
    hooks.create_deliveries_redelivery(str(kept.id), hook.id)
    again = receiver.next()
    assert first is not None
    assert again is not None
    assert again.json == first.json


def test_a_receiver_that_is_gone_is_noted(client: Client, job: Any) -> None:
    nobody = Receiver("http://127.0.0.1:9")
    hook = create(client, job, nobody, ["update:job"])
    delivery, _ = client.api_client.webhooks_api.create_ping(hook.id)
    assert delivery.status_code >= 500


def test_an_event_it_does_not_know_is_400(server: CvatServer, job: Any, receiver: Receiver) -> None:
    told = {"target_url": receiver.url, "type": "project", "project_id": job.project_id}
    answer = httpx.post(
        f"{server.url}/api/webhooks",
        json={**told, "events": ["update:nothing"]},
        headers={"Authorization": f"Bearer {server.token(server.admin)}"},
    )
    assert answer.status_code == 400
    assert answer.json() == {"events": ['"update:nothing" is not a valid choice.']}
