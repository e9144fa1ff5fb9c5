"""The pictures of the tests' CVAT: coming in, in order, refused, going out."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from cvat_sdk import Client
from cvat_sdk.api_client import exceptions
from cvat_sdk.core.exceptions import BackgroundRequestException
from cvat_sdk.core.proxies.tasks import ResourceType
from cvat_sdk.core.uploading import DataUploader
from PIL import Image

from tests.support.cvat_server import CvatServer, Person

Login = Callable[[Person], Client]


@pytest.fixture
def task(client: Client) -> Any:
    return client.tasks.create({"name": "a task", "labels": [{"name": "cat"}]})


def names(task: Any) -> list[str]:
    return [frame.name for frame in task.get_meta().frames]


def shown(one: Any, number: int, quality: str = "compressed") -> bytes:
    """Return a frame of a task or a job (parsed, the SDK would leave a file of it open)."""
    told = {"type": "frame", "number": number, "quality": quality}
    return bytes(one.api.retrieve_data(one.id, **told, _parse_response=False)[1].data)


def status_of(client: Client, task: Any) -> str:
    rq_id = f"action=create&target=task&target_id={task.id}"
    return str(client.api_client.requests_api.retrieve(rq_id)[0].status)


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


class TestOrder:
    @pytest.mark.parametrize(
        ("params", "order"),
        [
            ({}, ["a.png", "b10.png", "b9.png"]),
            ({"sorting_method": "natural"}, ["a.png", "b9.png", "b10.png"]),
            ({"sorting_method": "predefined"}, ["b9.png", "a.png", "b10.png"]),
        ],
    )
    def test_it_is_as_asked(
        self, task: Any, tmp_path: Path, params: dict[str, Any], order: list[str]
    ) -> None:
        paths = [tmp_path / name for name in ("b9.png", "a.png", "b10.png")]
        for path in paths:
            Image.new("L", (4, 3)).save(path)
        task.upload_data(paths, params=params)
        assert names(task) == order

    def test_at_random_nothing_is_lost(self, task: Any, pictures: list[Path]) -> None:
        task.upload_data(pictures, params={"sorting_method": "random"})
        assert sorted(names(task)) == [path.name for path in pictures]

    def test_a_mapping_prescribes_the_jobs(self, task: Any, pictures: list[Path]) -> None:
        mapping = [["img_4.png"], ["img_0.png", "img_2.png"], ["img_1.png", "img_3.png"]]
        task.upload_data(pictures, params={"job_file_mapping": mapping})
        assert names(task) == [name for job in mapping for name in job]
        spans = [(job.start_frame, job.stop_frame) for job in reversed(task.get_jobs())]
        assert spans == [(0, 0), (1, 2), (3, 4)]
        assert task.fetch().segment_size == 0


class TestUploads:
    def test_a_big_file_comes_in_chunks(
        self, client: Client, task: Any, pictures: list[Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("cvat_sdk.core.uploading.TUS_CHUNK_SIZE", 100)
        url = f"{client.api_map.host}/api/tasks/{task.id}/data/"
        uploader = DataUploader(client, max_request_size=10)
        answer = uploader.upload_files(url, pictures[:2], image_quality=70)
        client.wait_for_completion(json.loads(answer.data)["rq_id"])
        assert names(task) == ["img_0.png", "img_1.png"]
        assert shown(task, 0, "original") == pictures[0].read_bytes()

    def test_a_chunk_at_the_wrong_place_is_409_and_head_tells_the_right_one(
        self, server: CvatServer, task: Any
    ) -> None:
        told = {"Authorization": f"Bearer {server.token(server.admin)}", "Tus-Resumable": "1.0.0"}
        with httpx.Client(base_url=server.url, headers=told) as bare:
            path = f"/api/tasks/{task.id}/data/"
            opening = {"Upload-Length": "10", "Upload-Metadata": "filename YS5wbmc="}
            made = bare.post(path, headers={**opening, "Origin": "http://seen.example"})
            assert (made.status_code, made.headers["Upload-Filename"]) == (201, "a.png")
            location = made.headers["Location"]
            assert location.startswith(f"http://seen.example{path}")
            chunk = location.removeprefix("http://seen.example")
            sent = bare.patch(chunk, content=b"123", headers={"Upload-Offset": "0"})
            assert (sent.status_code, sent.headers["Upload-Offset"]) == (204, "3")
            assert (
                bare.patch(chunk, content=b"1", headers={"Upload-Offset": "7"}).status_code == 409
            )
            assert bare.head(chunk).headers["Upload-Offset"] == "3"

    def test_a_second_upload_is_refused(self, task: Any, pictures: list[Path]) -> None:
        task.upload_data(pictures[:1])
        with pytest.raises(exceptions.ApiException) as error:
            task.upload_data(pictures[1:])
        assert error.value.status == 400
        assert "Adding more data is not supported" in str(error.value.body)


class TestBrokenPictures:
    def told(self, task: Any, path: Path) -> str:
        with pytest.raises(BackgroundRequestException) as error:
            task.upload_data([path])
        assert not hasattr(task.fetch(), "size")
        assert task.get_jobs() == []
        return str(error.value)

    def test_a_text_is_no_picture(self, task: Any, tmp_path: Path) -> None:
        path = tmp_path / "notes.txt"
        path.write_text("notes")
        assert self.told(task, path) == "ValueError: No media data found\n"

    def test_a_broken_one_fails_the_request(self, task: Any, tmp_path: Path) -> None:
        path = tmp_path / "broken.png"
        path.write_bytes(b"\x89PNG\r\n\x1a\nbroken")
        assert "Error: " in self.told(task, path)

    def test_one_that_is_cut_off_fails_the_request(self, task: Any, tmp_path: Path) -> None:
        path = tmp_path / "cut.jpg"
        Image.effect_noise((320, 240), 50).save(path)
        path.write_bytes(path.read_bytes()[:-2000])
        assert "image file is truncated" in self.told(task, path)

    def test_one_of_many_fails_them_all(
        self, task: Any, tmp_path: Path, pictures: list[Path]
    ) -> None:
        path = tmp_path / "broken.png"
        path.write_bytes(pictures[0].read_bytes()[:200])
        with pytest.raises(BackgroundRequestException):
            task.upload_data([*pictures, path])
        assert task.get_jobs() == []

    def test_a_turned_one_is_measured_and_shown_upright(self, task: Any, tmp_path: Path) -> None:
        path, image = tmp_path / "turned.jpg", Image.new("RGB", (320, 240), "red")
        exif = image.getexif()
        exif[0x0112] = 6
        image.save(path, exif=exif)
        task.upload_data([path])
        [frame] = task.get_meta().frames
        assert (frame.width, frame.height) == (240, 320)
        for quality in ("original", "compressed"):
            assert Image.open(io.BytesIO(shown(task, 0, quality))).size == (240, 320)


class TestNamedFiles:
    def test_the_share_is_read_by_path(
        self, server: CvatServer, task: Any, pictures: list[Path]
    ) -> None:
        assert server.share is not None
        (server.share / "sub").mkdir()
        for path in pictures[:2]:
            (server.share / "sub" / path.name).write_bytes(path.read_bytes())
        given = ["sub/img_1.png", "sub/img_0.png"]
        params = {"sorting_method": "predefined"}
        task.upload_data(given, resource_type=ResourceType.SHARE, params=params)
        assert names(task) == given
        assert task.get_meta().storage == "share"

    @pytest.mark.parametrize("name", ["absent.png", "../pictures/img_0.png"])
    def test_what_is_not_on_the_share_fails(
        self, task: Any, pictures: list[Path], name: str
    ) -> None:
        with pytest.raises(BackgroundRequestException, match="Bad file path"):
            task.upload_data([name], resource_type=ResourceType.SHARE)

    def test_a_cloud_storage_is_read_by_its_number(
        self, server: CvatServer, task: Any, pictures: list[Path]
    ) -> None:
        number = server.add_cloud_storage(pictures[0].parent, display_name="bucket")
        task.upload_data(
            ["img_3.png"],
            resource_type=ResourceType.SHARE,
            params={"cloud_storage_id": number},
        )
        meta = task.get_meta()
        assert (meta.storage, meta.cloud_storage_id) == ("cloud_storage", number)
        with pytest.raises(exceptions.ApiException):
            task.upload_data(
                ["img_3.png"],
                resource_type=ResourceType.SHARE,
                params={"cloud_storage_id": 99},
            )

    def test_urls_are_files_of_this_machine_or_fail(
        self, client: Client, task: Any, pictures: list[Path]
    ) -> None:
        task.upload_data([pictures[2].as_uri()], resource_type=ResourceType.REMOTE)
        assert names(task) == ["img_2.png"]
        other = client.tasks.create({"name": "other"})
        with pytest.raises(BackgroundRequestException, match="Failed to download"):
            other.upload_data(["http://far.example/a.png"], resource_type=ResourceType.REMOTE)


class TestRequests:
    def test_a_creation_can_be_seen_queued_and_started(
        self, server: CvatServer, client: Client, task: Any, pictures: list[Path]
    ) -> None:
        with server.held_creations():
            task.upload_data(pictures, wait_for_completion=False)
            assert status_of(client, task) == "queued"
            assert not hasattr(task.fetch(), "size")
            with pytest.raises(exceptions.ApiException) as error:
                task.upload_data(pictures, wait_for_completion=False)
            assert error.value.status == 409
            server.delay_creations(started_s=30)
        wait_until(lambda: status_of(client, task) == "started")

    def test_a_delay_passes(self, server: CvatServer, client: Client, pictures: list[Path]) -> None:
        server.delay_creations(queued_s=0.05, started_s=0.05)
        task = client.tasks.create_from_data({"name": "slow"}, resources=pictures)
        assert (task.size, status_of(client, task)) == (5, "finished")

    def test_the_next_one_can_be_made_to_fail(
        self, server: CvatServer, task: Any, pictures: list[Path]
    ) -> None:
        server.fail_next_creation("OSError: no space")
        with pytest.raises(BackgroundRequestException, match="no space"):
            task.upload_data(pictures)
        assert task.get_jobs() == []
        task.upload_data(pictures)
        assert len(task.get_jobs()) == 1

    def test_a_task_that_is_gone_by_then_fails_it(
        self, server: CvatServer, client: Client, task: Any, pictures: list[Path]
    ) -> None:
        with server.held_creations():
            task.upload_data(pictures, wait_for_completion=False)
            task.remove()
        wait_until(lambda: status_of(client, task) == "failed")

    def test_one_that_nobody_asked_for_is_404_in_plain_text(self, client: Client) -> None:
        with pytest.raises(exceptions.NotFoundException) as error:
            client.api_client.requests_api.retrieve("nonsense")
        assert "There is no request" in error.value.body

    def test_somebody_elses_are_not_listed(
        self, server: CvatServer, client: Client, login: Login, task: Any, pictures: list[Path]
    ) -> None:
        task.upload_data(pictures)
        assert client.api_client.requests_api.list()[0].count == 1
        assert login(server.add_user("mia")).api_client.requests_api.list()[0].count == 0


class TestFrames:
    def test_a_frame_is_what_was_sent_or_a_jpeg(self, task: Any, pictures: list[Path]) -> None:
        task.upload_data(pictures)
        assert shown(task, 3, "original") == pictures[3].read_bytes()
        compressed = Image.open(io.BytesIO(shown(task, 3)))
        assert (compressed.format, compressed.size) == ("JPEG", (320, 240))
        with pytest.raises(exceptions.ApiException) as error:
            shown(task, 77)
        assert error.value.status == 400

    def test_a_jobs_frames_are_numbered_as_the_tasks(
        self, client: Client, pictures: list[Path]
    ) -> None:
        spec = {"name": "t", "segment_size": 2}
        job = client.tasks.create_from_data(spec, resources=pictures).get_jobs()[1]
        meta = job.get_meta()
        assert (meta.start_frame, meta.stop_frame, meta.size) == (2, 3, 2)
        assert [one.name for one in meta.frames] == ["img_2.png", "img_3.png"]
        assert shown(job, 2, "original") == pictures[2].read_bytes()
        with pytest.raises(exceptions.ApiException):
            shown(job, 0)

    def test_a_chunk_is_a_zip_of_frames(
        self, client: Client, task: Any, pictures: list[Path]
    ) -> None:
        task.upload_data(pictures, params={"chunk_size": 2})
        _, answer = client.api_client.tasks_api.retrieve_data(
            task.id, type="chunk", quality="original", number=1, _parse_response=False
        )
        with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
            assert [archive.read(name) for name in archive.namelist()] == [
                path.read_bytes() for path in pictures[2:4]
            ]

    def test_deleted_frames_are_told(self, task: Any, pictures: list[Path]) -> None:
        task.upload_data(pictures)
        task.remove_frames_by_ids([1, 3])
        assert task.get_meta().deleted_frames == [1, 3]
