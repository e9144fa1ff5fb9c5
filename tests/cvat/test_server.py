"""The CVAT of the tests, asked by the real SDK: people, projects, tasks, jobs, annotations."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from cvat_sdk import Client, models
from cvat_sdk.api_client import exceptions
from cvat_sdk.core.client import AccessTokenCredentials
from cvat_sdk.core.proxies.annotations import AnnotationUpdateAction

from tests.support.cvat_server import CvatServer, Person

Login = Callable[[Person], Client]
Refusal = exceptions.ApiException
REPLICAS = "Consensus replicas must be 0 or a positive number more than 1 and less than 12, got 1"


def said(error: pytest.ExceptionInfo[Refusal]) -> Any:
    return json.loads(error.value.body)


def task_of(client: Client, pictures: list[Path], **spec: Any) -> Any:
    """Make a task with these pictures; outside projects with the label `cat`."""
    labels = {} if "project_id" in spec else {"labels": [{"name": "cat"}]}
    spec = {"name": "a task", **labels, **spec}
    return client.tasks.create_from_data(spec, resources=pictures)


def box(label_id: int, frame: int, *points: float, **more: Any) -> models.LabeledShapeRequest:
    points = points or (1.0, 2.0, 30.0, 40.0)
    return models.LabeledShapeRequest(
        type="rectangle", label_id=label_id, frame=frame, points=list(points), **more
    )


def drawn(*shapes: models.LabeledShapeRequest) -> models.LabeledDataRequest:
    return models.LabeledDataRequest(shapes=list(shapes))


def changed(*shapes: models.LabeledShapeRequest) -> models.PatchedLabeledDataRequest:
    return models.PatchedLabeledDataRequest(shapes=list(shapes))


class TestPeople:
    def test_a_password_opens_a_session_until_the_logout(self, client: Client) -> None:
        assert client.users.retrieve_current_user().username == "admin"
        client.logout()
        with pytest.raises(exceptions.UnauthorizedException):
            client.users.retrieve_current_user()

    def test_a_wrong_password_is_400(self, server: CvatServer) -> None:
        with Client(server.url) as client, pytest.raises(Refusal) as error:
            client.login(("admin", "wrong"))
        assert error.value.status == 400
        assert "non_field_errors" in said(error)

    def test_an_expired_session_is_401_and_can_be_opened_again(
        self, server: CvatServer, login: Login
    ) -> None:
        mia = server.add_user("mia")
        client = login(mia)
        server.expire(mia)
        with pytest.raises(exceptions.UnauthorizedException):
            client.tasks.list()
        client.api_client.cookies.clear()
        client.login((mia.name, mia.password))
        assert client.tasks.list() == []

    def test_an_access_token_needs_no_session_and_can_be_revoked(self, server: CvatServer) -> None:
        mia = server.add_user("mia")
        with Client(server.url) as client:
            client.login(AccessTokenCredentials(server.token(mia)))
            assert client.users.retrieve_current_user().username == "mia"
            client.projects.create({"name": "with a token"})
            server.expire(mia)
            with pytest.raises(exceptions.UnauthorizedException):
                client.users.retrieve_current_user()

    def test_a_change_without_the_csrf_header_is_403(
        self, server: CvatServer, client: Client
    ) -> None:
        cookies = {name: one.value for name, one in client.api_client.cookies.items()}
        bare = httpx.post(f"{server.url}/api/projects", json={"name": "p"}, cookies=cookies)
        assert bare.status_code == 403
        assert bare.json()["detail"].startswith("CSRF Failed")
        assert httpx.get(f"{server.url}/api/projects", cookies=cookies).status_code == 200

    def test_plain_users_see_themselves(self, server: CvatServer, login: Login) -> None:
        mia, li = server.add_user("mia"), server.add_user("li")
        client = login(mia)
        assert [one.username for one in client.users.list()] == ["mia"]
        with pytest.raises(exceptions.ForbiddenException):
            client.users.retrieve(li.id)
        found = login(server.admin).users.list(search="li")
        assert [one.username for one in found] == ["li"]

    def test_an_organization_keeps_its_own(
        self, server: CvatServer, client: Client, login: Login
    ) -> None:
        mia = server.add_user("mia")
        client.organizations.create({"slug": "circle"})
        invitation = models.InvitationWriteRequest(role="worker", email="mia@cvat.example")
        client.api_client.invitations_api.create(invitation, org="circle")
        with client.organization_context("circle"):
            inside = client.projects.create({"name": "inside", "labels": [{"name": "cat"}]})
            assert inside.organization_id is not None
            assert [one.name for one in client.projects.list()] == ["inside"]
        with client.organization_context(""):
            assert client.projects.list() == []
        worker = login(mia)
        with worker.organization_context("circle"):
            assert worker.projects.list() == []


class TestProjects:
    def test_labels_are_added_renamed_and_deleted(self, client: Client) -> None:
        project = client.projects.create({"name": "p", "labels": [{"name": "cat"}]})
        project.update({"labels": [{"name": "bird", "type": "tag"}]})
        cat, bird = project.get_labels()
        assert (cat.name, cat.type, bird.type) == ("cat", "any", "tag")
        labels = client.api_client.labels_api
        labels.partial_update(bird.id, patched_label_request={"name": "parrot"})
        labels.destroy(cat.id)
        assert [one.name for one in project.get_labels()] == ["parrot"]

    @pytest.mark.parametrize("make", ["create", "update"])
    def test_names_of_labels_are_unique(self, client: Client, make: str) -> None:
        twice = [{"name": "a"}, {"name": "a"}]
        project = client.projects.create({"name": "p", "labels": twice[:1]})
        attempts = {
            "create": lambda: client.projects.create({"name": "q", "labels": twice}),
            "update": lambda: project.update({"labels": twice[:1]}),
        }
        with pytest.raises(Refusal) as error:
            attempts[make]()
        assert said(error) == ["All label names must be unique"]

    @pytest.mark.parametrize(
        ("label", "why"),
        [
            ({"color": "#ff0000"}, {"name": ["This field is required."]}),
            ({"name": "a", "type": "box"}, {"type": ['"box" is not a valid choice.']}),
        ],
    )
    def test_a_label_that_is_not_whole_is_refused(
        self, server: CvatServer, label: dict[str, str], why: dict[str, list[str]]
    ) -> None:
        told = {"Authorization": f"Bearer {server.token(server.admin)}"}
        body = {"name": "p", "labels": [label]}
        answer = httpx.post(f"{server.url}/api/projects", json=body, headers=told)
        assert (answer.status_code, answer.json()) == (400, {"labels": [why]})

    def test_its_tasks_have_its_labels_and_go_with_it(
        self, client: Client, pictures: list[Path]
    ) -> None:
        project = client.projects.create({"name": "p", "labels": [{"name": "cat"}]})
        task = task_of(client, pictures[:1], project_id=project.id)
        assert [one.id for one in task.get_labels()] == [one.id for one in project.get_labels()]
        task.update({"labels": [{"name": "ignored"}]})
        assert [one.name for one in task.get_labels()] == ["cat"]
        project.remove()
        with pytest.raises(exceptions.NotFoundException):
            task.fetch()

    def test_somebody_elses_is_403_and_not_listed(
        self, server: CvatServer, client: Client, login: Login, pictures: list[Path]
    ) -> None:
        project = client.projects.create({"name": "p", "labels": [{"name": "cat"}]})
        task = task_of(client, pictures[:1], project_id=project.id)
        stranger = login(server.add_user("mia"))
        assert stranger.projects.list() == stranger.tasks.list() == stranger.jobs.list() == []
        for refused in (
            lambda: stranger.projects.retrieve(project.id),
            lambda: stranger.tasks.retrieve(task.id),
            lambda: stranger.jobs.retrieve(task.get_jobs()[0].id),
            lambda: stranger.tasks.create({"name": "mine", "project_id": project.id}),
            lambda: stranger.api_client.tasks_api.destroy(task.id),
        ):
            with pytest.raises(exceptions.ForbiddenException):
                refused()


class TestTasks:
    def test_one_without_data_is_told_by_what_it_lacks(self, client: Client) -> None:
        task = client.tasks.create({"name": "empty", "labels": [{"name": "cat"}]})
        raw = json.loads(client.api_client.tasks_api.retrieve(task.id)[1].data)
        assert not {"size", "data", "image_quality", "data_chunk_size"} & set(raw)
        assert task.get_jobs() == []
        with pytest.raises(exceptions.ServiceException):
            task.get_meta()
        with pytest.raises(Refusal) as error:
            task.get_annotations()
        assert error.value.status == 400
        assert "without data" in error.value.body
        with pytest.raises(exceptions.ServiceException):
            task.set_annotations(drawn(box(task.get_labels()[0].id, 0)))

    @pytest.mark.parametrize(
        ("spec", "why"),
        [
            ({"name": "t", "project_id": 99}, ["Project matching query does not exist."]),
            ({"name": ""}, {"name": ["This field may not be blank."]}),
            ({"name": "t", "consensus_replicas": 1}, {"consensus_replicas": [REPLICAS]}),
        ],
    )
    def test_what_is_refused_says_why(
        self, server: CvatServer, spec: dict[str, Any], why: Any
    ) -> None:
        told = {"Authorization": f"Bearer {server.token(server.admin)}"}
        answer = httpx.post(f"{server.url}/api/tasks", json=spec, headers=told)
        assert (answer.status_code, answer.json()) == (400, why)

    def test_another_body_than_json_is_415_and_another_verb_405(self, server: CvatServer) -> None:
        told = {"Authorization": f"Bearer {server.token(server.admin)}"}
        plain = httpx.post(
            f"{server.url}/api/tasks", content="x", headers={**told, "Content-Type": "text/plain"}
        )
        assert plain.status_code == 415
        assert httpx.put(f"{server.url}/api/tasks", json={}, headers=told).status_code == 405
        broken = httpx.post(
            f"{server.url}/api/tasks",
            content='{"name": ',
            headers={**told, "Content-Type": "application/json"},
        )
        assert broken.status_code == 400
        assert broken.json()["detail"].startswith("JSON parse error - ")

    def test_segments_become_jobs(self, client: Client, pictures: list[Path]) -> None:
        task = task_of(client, pictures, segment_size=2)
        spans = [(job.start_frame, job.stop_frame) for job in reversed(task.get_jobs())]
        assert spans == [(0, 1), (2, 3), (4, 4)]
        assert (task.size, task.segment_size, task.jobs.count) == (5, 2, 3)
        whole = task_of(client, pictures)
        assert (whole.segment_size, len(whole.get_jobs())) == (5, 1)

    def test_a_consensus_task_has_a_parent_and_replicas_a_segment(
        self, client: Client, pictures: list[Path]
    ) -> None:
        task = task_of(client, pictures, segment_size=3, consensus_replicas=2)
        assert task.consensus_enabled
        jobs = list(reversed(task.get_jobs()))
        assert [job.type for job in jobs] == ["annotation", *["consensus_replica"] * 2] * 2
        parents = [job for job in jobs if job.type == "annotation"]
        assert [job.consensus_replicas for job in parents] == [2, 2]
        assert {job.parent_job_id for job in jobs} == {None, *(job.id for job in parents)}
        assert {(job.start_frame, job.stop_frame) for job in jobs} == {(0, 2), (3, 4)}

    def test_the_sdks_newer_name_for_replicas_is_ignored(
        self, client: Client, pictures: list[Path]
    ) -> None:
        task = task_of(client, pictures, initial_replicas=2)
        assert not task.consensus_enabled
        assert len(task.get_jobs()) == 1


class TestLists:
    def test_tasks_are_found_by_exact_name_and_project(self, client: Client) -> None:
        first, second = (client.projects.create({"name": name}) for name in "ab")
        for project in (first, second):
            client.tasks.create({"name": "batch-1", "project_id": project.id})
            client.tasks.create({"name": "batch-1-more", "project_id": project.id})
        found = client.tasks.list(name="batch-1", project_id=first.id)
        assert [(one.name, one.project_id) for one in found] == [("batch-1", first.id)]
        assert len(client.tasks.list(name__contains="batch-1", project_id=first.id)) == 2
        assert len(client.tasks.list(search="more")) == 2
        assert client.tasks.list(name="BATCH-1") == []
        logic = {"and": [{"==": [{"var": "name"}, "batch-1"]}, {">": [{"var": "project_id"}, 1]}]}
        page, _ = client.api_client.tasks_api.list(filter=json.dumps(logic))
        assert [one.project_id for one in page.results] == [second.id]
        with pytest.raises(Refusal) as error:
            client.api_client.tasks_api.list(filter='{"==": [{"var": "nofield"}, 1]}')
        assert said(error) == ["filter: term 'nofield' is not supported"]

    def test_pages_are_cut_newest_first(self, client: Client) -> None:
        for number in range(12):
            client.tasks.create({"name": f"t{number}"})
        tasks = client.api_client.tasks_api
        page, _ = tasks.list(page_size=5, page=3)
        assert [one.name for one in page.results] == ["t1", "t0"]
        assert page.next is None
        assert page.previous.endswith("?page=2&page_size=5")
        assert len(json.loads(tasks.list(page_size=100)[1].data)["results"]) == 12
        assert [one.name for one in tasks.list(sort="id", page_size=1)[0].results] == ["t0"]
        assert [one.name for one in client.tasks.list()] == [f"t{n}" for n in range(11, -1, -1)]
        with pytest.raises(exceptions.NotFoundException):
            tasks.list(page_size=5, page=4)

    def test_jobs_are_found_and_sorted_by_their_last_change(
        self, server: CvatServer, client: Client, pictures: list[Path]
    ) -> None:
        mia = server.add_user("mia")
        project = client.projects.create({"name": "p", "labels": [{"name": "cat"}]})
        task = task_of(client, pictures, project_id=project.id, segment_size=2)
        last, middle, first = task.get_jobs()
        middle.update({"assignee": mia.id})
        first.update({"state": "completed"})
        jobs = client.api_client.jobs_api
        page, _ = jobs.list(project_id=project.id, sort="-updated_date")
        assert [one.id for one in page.results] == [first.id, middle.id, last.id]
        found = {
            "state": jobs.list(state="completed"),
            "assignee": jobs.list(assignee="mia"),
            "stage": jobs.list(stage="acceptance"),
            "type": jobs.list(type="ground_truth"),
        }
        counts = {name: page.count for name, (page, _) in found.items()}
        assert counts == {"state": 1, "assignee": 1, "stage": 0, "type": 0}
        since = {">": [{"var": "updated_date"}, middle.updated_date.isoformat()]}
        page, _ = jobs.list(filter=json.dumps(since))
        assert [one.id for one in page.results] == [first.id]


class TestJobs:
    @pytest.fixture
    def task(self, client: Client, pictures: list[Path]) -> Any:
        return task_of(client, pictures, segment_size=3)

    def test_a_new_stage_begins_anew_unless_told_otherwise(self, task: Any) -> None:
        job = task.get_jobs()[0]
        seen = []
        for change in (
            {"state": "completed"},
            {"stage": "validation"},
            {"state": "rejected"},
            {"stage": "acceptance", "state": "completed"},
            {"stage": "acceptance"},
            {"stage": "annotation"},
        ):
            job.update(change)
            seen.append((job.stage, job.state, job.status))
        assert seen == [
            ("annotation", "completed", "annotation"),
            ("validation", "new", "validation"),
            ("validation", "rejected", "validation"),
            ("acceptance", "completed", "completed"),
            ("acceptance", "completed", "completed"),
            ("annotation", "new", "annotation"),
        ]

    def test_a_task_is_completed_when_all_its_jobs_are_accepted(self, task: Any) -> None:
        first, second = task.get_jobs()
        first.update({"stage": "acceptance", "state": "completed"})
        second.update({"state": "completed"})
        task.fetch()
        assert (task.status, task.jobs.completed) == ("annotation", 1)
        second.update({"stage": "acceptance", "state": "completed"})
        task.fetch()
        assert (task.status, task.jobs.completed) == ("completed", 2)

    def test_its_assignee_may_change_the_state_and_nothing_else(
        self, server: CvatServer, login: Login, task: Any
    ) -> None:
        mia = server.add_user("mia")
        other, given = task.get_jobs()
        given.update({"assignee": mia.id})
        assert given.assignee_updated_date is not None
        client = login(mia)
        [job] = client.jobs.list()
        assert job.id == given.id
        job.update({"state": "in progress"})
        for change in ({"stage": "acceptance"}, {"assignee": mia.id}, {"assignee": None}):
            with pytest.raises(exceptions.ForbiddenException):
                job.update(change)
        with pytest.raises(exceptions.ForbiddenException):
            client.jobs.retrieve(other.id)
        given.update({"assignee": None})
        assert given.assignee is None
        assert client.jobs.list() == []

    def test_nobody_it_knows_is_500_and_a_word_it_does_not_know_400(
        self, server: CvatServer, task: Any
    ) -> None:
        job = task.get_jobs()[0]
        with pytest.raises(exceptions.ServiceException) as error:
            job.update({"assignee": 99})
        assert "<h1>Server Error (500)</h1>" in error.value.body
        told = {"Authorization": f"Bearer {server.token(server.admin)}"}
        answer = httpx.patch(
            f"{server.url}/api/jobs/{job.id}", json={"state": "bogus"}, headers=told
        )
        assert answer.json() == {"state": ['"bogus" is not a valid choice.']}


class TestAnnotations:
    @pytest.fixture
    def task(self, client: Client, pictures: list[Path]) -> Any:
        conf = {"name": "conf", "mutable": False, "input_type": "text", "values": ["0.5"]}
        label = {"name": "cat", "attributes": [{**conf, "default_value": "0.5"}]}
        return task_of(client, pictures, segment_size=2, labels=[label])

    def test_a_task_spreads_them_over_its_jobs_and_drops_frames_that_it_does_not_have(
        self, task: Any
    ) -> None:
        [label] = task.get_labels()
        mask = models.LabeledShapeRequest(
            type="mask",
            label_id=label.id,
            frame=2,
            points=[1.0, 11.0, 2.0, 6.0, 60.0, 50.0, 64.0, 53.0],
            source="auto",
        )
        tag = models.LabeledImageRequest(label_id=label.id, frame=4)
        body = models.LabeledDataRequest(
            shapes=[box(label.id, 0), mask, box(label.id, 500)], tags=[tag]
        )
        task.set_annotations(body)
        found = task.get_annotations()
        assert [(one.frame, one.type.value, one.source) for one in found.shapes] == [
            (0, "rectangle", "manual"),
            (2, "mask", "auto"),
        ]
        assert found.shapes[1].points == mask.points
        assert [(one.frame, one.source) for one in found.tags] == [(4, "manual")]
        # an attribute that was not sent has its default
        assert [one.value for one in found.shapes[0].attributes] == ["0.5"]
        counts = [len(job.get_annotations().shapes) for job in reversed(task.get_jobs())]
        assert counts == [1, 1, 0]

    def test_a_job_takes_any_frame(self, task: Any) -> None:
        [label] = task.get_labels()
        job = task.get_jobs()[0]
        job.set_annotations(drawn(box(label.id, 0), box(label.id, 500)))
        assert [one.frame for one in job.get_annotations().shapes] == [0, 500]
        assert [one.frame for one in task.get_annotations().shapes] == [0, 500]
        assert job.fetch().state == "new"

    def test_changes_go_by_id(self, task: Any) -> None:
        [label] = task.get_labels()
        job = task.get_jobs()[-1]
        job.set_annotations(drawn(box(label.id, 0)))
        [kept] = job.get_annotations().shapes
        job.update_annotations(changed(box(label.id, 1)), action=AnnotationUpdateAction.CREATE)
        job.update_annotations(changed(box(label.id, 0, 5, 6, 7, 8, id=kept.id)))
        first, second = job.get_annotations().shapes
        assert (first.id, first.points) == (kept.id, [5, 6, 7, 8])
        job.remove_annotations(ids=[second.id])
        job.update_annotations(changed(box(label.id, 1, id=99999)))
        assert [one.id for one in job.get_annotations().shapes] == [kept.id, 99999]
        job.remove_annotations()
        assert job.get_annotations().shapes == []

    def test_a_task_level_write_does_not_reach_the_replicas(
        self, client: Client, pictures: list[Path]
    ) -> None:
        task = task_of(client, pictures, consensus_replicas=2)
        task.set_annotations(drawn(box(task.get_labels()[0].id, 0)))
        counts = {job.type: len(job.get_annotations().shapes) for job in task.get_jobs()}
        assert counts == {"annotation": 1, "consensus_replica": 0}

    @pytest.mark.parametrize(
        ("wrong", "why"),
        [
            ({"label_id": 999}, ["label_id `999` is invalid"]),
            ({"points": [1.0, 2.0, 3.0]}, "invalid length for shape type 'rectangle'"),
            (
                {"attributes": [{"spec_id": 999, "value": "x"}]},
                ["spec_id `999` is invalid"],
            ),
            ({"frame": -1}, "Ensure this value is greater than or equal to 0."),
            ({"type": "hexagon"}, '"hexagon" is not a valid choice.'),
            ({"label_id": None}, "This field is required."),
        ],
    )
    def test_what_is_wrong_is_400_and_leaves_what_was_there(
        self, server: CvatServer, task: Any, wrong: dict[str, Any], why: Any
    ) -> None:
        [label] = task.get_labels()
        task.set_annotations(drawn(box(label.id, 0)))
        right = {"type": "rectangle", "label_id": label.id, "frame": 0, "points": [1, 2, 3, 4]}
        answer = httpx.put(
            f"{server.url}/api/tasks/{task.id}/annotations/",
            json={"shapes": [{**right, **wrong}]},
            headers={"Authorization": f"Bearer {server.token(server.admin)}"},
        )
        expected = {"shapes": [{next(iter(wrong)): [why]}]} if isinstance(why, str) else why
        assert (answer.status_code, answer.json()) == (400, expected)
        assert len(task.get_annotations().shapes) == 1


class TestTheServerItself:
    def test_its_state_outlives_a_restart_at_the_same_address(
        self, server: CvatServer, client: Client
    ) -> None:
        client.projects.create({"name": "kept"})
        url = server.url
        server.stop()
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/api/server/about")
        server.start()
        assert server.url == url
        assert [one.name for one in client.projects.list()] == ["kept"]

    def test_many_may_ask_at_once(self, server: CvatServer, login: Login) -> None:
        clients = [login(server.admin) for _ in range(4)]

        def make(client: Client) -> list[int]:
            return [client.tasks.create({"name": "t"}).id for _ in range(10)]

        with ThreadPoolExecutor(4) as pool:
            made = [one for ids in pool.map(make, clients) for one in ids]
        assert sorted(made) == list(range(1, 41))

    def test_it_logs_what_it_was_asked(self, server: CvatServer, client: Client) -> None:
        client.projects.list()
        assert server.calls[-1] == ("GET", "/api/projects")

    def test_a_page_of_html_is_told_for_what_breaks(self, client: Client) -> None:
        task = client.tasks.create({"name": "empty"})
        with pytest.raises(exceptions.ServiceException) as error:
            task.get_frame(0)
        assert error.value.headers["content-type"] == "text/html; charset=utf-8"
