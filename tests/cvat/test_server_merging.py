"""Consensus and ground truth of the tests' CVAT: what is merged, compared and shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from cvat_sdk import Client, models
from cvat_sdk.api_client import exceptions

from tests.support.cvat_server.agreement import pairs
from tests.support.cvat_server.consensus import agreed_shapes
from tests.support.cvat_server.pixels import overlap
from tests.support.cvat_server.records import Frame, Shape

FRAME = Frame(name="a.png", path=Path("a.png"), width=100, height=80)
Make = Callable[..., Any]


@pytest.fixture
def make(client: Client, pictures: list[Path]) -> Make:
    """Return what makes a task of five pictures."""

    def made(params: dict[str, Any] | None = None, **spec: Any) -> Any:
        told = models.TaskWriteRequest(name="a task", labels=[{"name": "cat"}], **spec)
        return client.tasks.create_from_data(told, pictures, data_params=params)

    return made


def box(number: int, left: float, *, label: int = 1, **more: Any) -> Shape:
    points = [left, 10.0, left + 40.0, 50.0]
    return Shape(id=number, frame=0, label_id=label, type="rectangle", points=points, **more)


def test_a_shape_turned_by_a_right_angle_covers_itself() -> None:
    assert overlap(box(1, 10.0), box(2, 10.0, rotation=90.0), 100, 80) == pytest.approx(1, abs=0.06)
    assert overlap(box(1, 10.0), box(2, 10.0, rotation=45.0), 100, 80) < 0.85


def test_masks_overlap_where_both_have_pixels() -> None:
    left = Shape(id=1, frame=0, label_id=1, type="mask", points=[0, 16, 0, 0, 3, 3])
    right = Shape(id=2, frame=0, label_id=1, type="mask", points=[0, 16, 2, 0, 5, 3])
    assert overlap(left, right, 100, 80) == pytest.approx(8 / 24)


@pytest.mark.parametrize(("quorum", "kept"), [(1, 3), (2, 1), (3, 0)])
def test_what_enough_opinions_share_is_kept(quorum: int, kept: int) -> None:
    opinions = [[box(1, 10.0), box(2, 55.0)], [box(3, 12.0)], [box(4, 11.0, label=2)]]
    found = agreed_shapes(opinions, FRAME, quorum=quorum, threshold=0.4)
    assert len(found) == kept


def test_an_opinion_counts_once() -> None:
    opinions = [[box(1, 10.0), box(2, 11.0)]]
    assert agreed_shapes(opinions, FRAME, quorum=2, threshold=0.4) == []


def test_the_same_label_is_matched_before_the_better_overlap() -> None:
    drawn, truth = [box(1, 10.0)], [box(2, 10.0, label=2), box(3, 14.0)]
    found = pairs(drawn, truth, FRAME, threshold=0.4)
    assert [(one.drawn, one.truth) for one in found] == [(drawn[0], truth[1]), (None, truth[0])]


def draw(job: Any, label: int, *boxes: tuple[int, float]) -> None:
    shapes = [
        {
            "type": "rectangle",
            "label_id": label,
            "frame": frame,
            "points": [left, 10, left + 40, 50],
        }
        for frame, left in boxes
    ]
    job.set_annotations(models.LabeledDataRequest(shapes=shapes, tags=[], tracks=[]))


def in_order(task: Any, kind: str) -> list[Any]:
    return sorted((job for job in task.get_jobs() if job.type == kind), key=lambda job: job.id)


def test_replicas_nobody_began_take_no_part(client: Client, make: Make) -> None:
    task = make(consensus_replicas=3)
    [label] = task.get_labels()
    [parent] = in_order(task, "annotation")
    first, second, third = in_order(task, "consensus_replica")
    draw(first, label.id, (0, 10.0), (1, 10.0))
    draw(second, label.id, (0, 11.0))
    draw(third, label.id, (2, 10.0))
    for job in (first, second):
        job.update({"state": "completed"})
    api = client.api_client.consensus_api
    rows = api.list_settings(task_id=task.id, _parse_response=False)[1].json()["results"]
    api.partial_update_settings(
        rows[0]["id"], patched_consensus_settings_request={"quorum": 1.0}, _parse_response=False
    )
    merged = api.create_merge(consensus_merge_create_request={"task_id": task.id})[0]
    client.wait_for_completion(merged.rq_id)
    assert [one.frame for one in parent.get_annotations().shapes] == [0]
    parent.fetch()
    assert (parent.stage, parent.state) == ("annotation", "completed")


def report(client: Client, task: Any) -> dict[str, Any]:
    api = client.api_client.quality_api
    # SDK 2.80 parses neither this answer nor the report itself: the JSON is read.
    asked = {"quality_report_create_request": {"task_id": task.id}, "_parse_response": False}
    rq_id = api.create_report(**asked)[1].json()["rq_id"]
    done, _ = client.wait_for_completion(rq_id)
    found = api.retrieve_report(done.result_id, _parse_response=False)[1].json()
    rows = api.list_conflicts(report_id=done.result_id, _parse_response=False)[1].json()
    return {**found["summary"], "conflicts": rows["results"]}


def test_a_report_counts_what_is_missing_and_what_is_too_much(client: Client, make: Make) -> None:
    chosen = {
        "mode": "gt",
        "frame_selection_method": "manual",
        "frames": ["img_0.png", "img_1.png"],
    }
    task = make({"validation_params": chosen})
    [label] = task.get_labels()
    [job], [truth] = in_order(task, "annotation"), in_order(task, "ground_truth")
    draw(job, label.id, (0, 10.0), (0, 90.0), (2, 10.0))
    draw(truth, label.id, (0, 18.0), (1, 10.0))
    truth.update({"stage": "acceptance", "state": "completed"})
    found = report(client, task)
    kinds = {"extra_annotation": 1, "missing_annotation": 1, "low_overlap": 1}
    assert found["conflicts_by_type"] == kinds
    assert (found["error_count"], found["warning_count"]) == (2, 1)
    assert (found["ds_count"], found["gt_count"], found["total_count"]) == (2, 2, 3)
    assert found["precision"] == found["recall"] == 0.5
    assert {row["frame"] for row in found["conflicts"]} == {0, 1}


@pytest.mark.parametrize("share", [1, 2])
def test_honeypots_show_the_pool_within_their_job(client: Client, make: Make, share: int) -> None:
    pool = ["img_3.png", "img_0.png"]
    params: dict[str, Any] = {"mode": "gt_pool", "frame_selection_method": "manual", "frames": pool}
    params["frames_per_job_count"] = share
    task = make({"sorting_method": "random", "validation_params": params}, segment_size=2)
    told = client.api_client.tasks_api.retrieve_validation_layout(task.id)[0]
    names = [frame.name for frame in task.get_meta().frames]
    assert [names[at] for at in told.validation_frames] == sorted(pool)
    shown = dict(zip(told.honeypot_frames, told.honeypot_real_frames, strict=True))
    assert len(shown) == told.honeypot_count == 2 * share
    assert all(names[at] == names[real] for at, real in shown.items())
    for job in in_order(task, "annotation"):
        frames = range(job.start_frame, job.stop_frame + 1)
        mine = [shown[at] for at in frames if at in shown]
        assert len(mine) == len(set(mine)) == share
        own = client.api_client.jobs_api.retrieve_validation_layout(job.id)[0]
        assert own.honeypot_real_frames == mine
    regular = [name for at, name in enumerate(names) if at not in shown]
    assert sorted(regular) == [f"img_{at}.png" for at in range(5)]


@pytest.mark.parametrize(
    ("asked", "count"),
    [({"frame_count": 3}, 3), ({"frame_share": 0.4}, 2), ({"frame_count": 9}, 5)],
)
def test_ground_truth_can_be_drawn_by_lot(
    client: Client, make: Make, asked: dict[str, Any], count: int
) -> None:
    def layout() -> Sequence[int]:
        task = make()
        told = {"type": "ground_truth", "task_id": task.id, "random_seed": 3, **asked}
        told["frame_selection_method"] = "random_uniform"
        client.api_client.jobs_api.create(job_write_request=told)
        found = client.api_client.tasks_api.retrieve_validation_layout(task.id)[0]
        return tuple(found.validation_frames)

    first = layout()
    assert len(first) == len(set(first)) == count
    assert layout() == first


def test_other_jobs_are_neither_made_nor_deleted(client: Client, make: Make) -> None:
    task = make()
    [job] = in_order(task, "annotation")
    with pytest.raises(exceptions.ApiException):
        client.api_client.jobs_api.create(
            job_write_request={"type": "annotation", "task_id": task.id}
        )
    with pytest.raises(exceptions.ApiException):
        client.api_client.jobs_api.destroy(job.id)
    assert [one.id for one in task.get_jobs()] == [job.id]
