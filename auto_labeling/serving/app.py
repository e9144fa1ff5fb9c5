"""The ASGI application: Label Studio's ML backend protocol, and receivers of both tools' webhooks.

Every call but `/health` shows the secret, or is signed with one. Nothing of a body is logged or
kept, and none is repeated in an answer: a webhook of Label Studio holds the token of its project.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from auto_labeling.errors import AutoLabelingError, TransientError
from auto_labeling.ports import Waker
from auto_labeling.records import CampaignId
from auto_labeling.serving import label_studio
from auto_labeling.serving.bodies import (
    Body,
    body_of,
    content_of,
    object_in,
    project_in,
    tasks_in,
    word_in,
)
from auto_labeling.serving.errands import Errands
from auto_labeling.serving.hints import Hints
from auto_labeling.serving.register import Register
from auto_labeling.serving.secret import SIGNATURE, Secret
from auto_labeling.serving.shelf import Shelf

CAMPAIGN_HEADER = "X-Auto-Label-Campaign"
"""By which our webhooks in Label Studio say whose they are: they are sent without a payload."""
LONGEST_HINT = 16_000_000
LONGEST = 64_000_000
"""Bytes of a body of Label Studio's; a task may hold five million."""
LONGEST_EVENT = 1_000_000
"""Bytes of an event of CVAT's, which tells of one task or job and has a few thousand."""
NO_MODEL = "no campaign"
SEVERAL = "campaigns of several servers"
"""What is said of a project's number where it alone does not tell whose it is."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What answers calls; each method is one endpoint."""

    secret: Secret
    """What callers show."""
    signing: Secret
    """What CVAT signs with."""
    register: Register
    shelf: Shelf
    errands: Errands
    waker: Waker

    async def health(self, _request: Request) -> Response:
        """Say that we live, and whether a model is being trained."""
        states = set(self.errands.training().values())
        training = next((one for one in ("running", "failed", "done") if one in states), "none")
        return JSONResponse({"status": "UP", "model_class": "auto-labeling", "training": training})

    async def versions(self, _request: Request) -> Response:
        """Say which models are served, and what became of the last trainings."""
        return JSONResponse(
            {"versions": self.shelf.versions(), "training": self.errands.training()}
        )

    async def setup(self, request: Request) -> Response:
        """Say which model answers for a project."""
        body = await body_of(request, LONGEST_HINT)
        version = await run_in_threadpool(self._version, body)
        return JSONResponse({"model_version": version})

    async def predict(self, request: Request) -> Response:
        """Say what the loaded model predicts; nothing is loaded or trained for it."""
        body = await body_of(request, LONGEST)
        tasks = tasks_in(body)
        return JSONResponse({"results": await run_in_threadpool(self._predictions, body, tasks)})

    async def train(self, request: Request) -> Response:
        """Begin to train in the background, as older versions of Label Studio ask for it."""
        return await self._train(await body_of(request, LONGEST))

    async def label_studio(self, request: Request) -> Response:
        """Take a webhook of Label Studio: people have acted, or a training is wanted."""
        body = await body_of(request, LONGEST_HINT)
        action = word_in(body, "action")
        if action == "START_TRAINING":
            return await self._train(body)
        campaign = request.headers.get(CAMPAIGN_HEADER)
        await run_in_threadpool(self._hints.of_label_studio, action, campaign, body)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def cvat(self, request: Request) -> Response:
        """Take a webhook of CVAT: people have acted, or somebody asks whether we listen."""
        signature = request.headers.get(SIGNATURE)
        content = b"" if signature is None else await content_of(request, LONGEST_EVENT)
        if signature is None or not self.signing.has_signed(content, signature):
            raise HTTPException(HTTPStatus.UNAUTHORIZED, f"expected a valid {SIGNATURE}")
        body = object_in(content)
        await run_in_threadpool(self._hints.of_cvat, word_in(body, "event"), body)
        return PlainTextResponse("ok")

    @property
    def _hints(self) -> Hints:
        return Hints(register=self.register, waker=self.waker, errands=self.errands)

    async def _train(self, body: Body) -> Response:
        campaign = await run_in_threadpool(self._campaign, body)
        if campaign is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "no campaign is in this project")
        await run_in_threadpool(self.waker.wake, campaign)  # its driver takes in what is new
        begun = self.errands.train(campaign)
        return JSONResponse(
            {"status": "started" if begun else "already running"},
            status_code=HTTPStatus.ACCEPTED if begun else HTTPStatus.OK,
        )

    def _version(self, body: Body) -> str:
        match self._in_project(body):
            case []:
                return NO_MODEL
            case [campaign]:
                return (self.shelf.get(campaign) or self.shelf.refresh(campaign)).version
        return SEVERAL  # no refusal, or nobody could connect us: tasks say whose they are

    def _in_project(self, body: Body) -> list[CampaignId]:
        host = body.get("hostname")
        return self.register.in_label_studio(
            project_in(body), host if isinstance(host, str) else ""
        )

    def _campaign(self, body: Body, tasks: Sequence[Mapping[str, Any]] = ()) -> CampaignId | None:
        """Return whose the project is that calls, or whose its tasks are, where that does not tell.

        Raises `HTTPException` where neither tells which of several it is.
        """
        found = self._in_project(body)
        if len(found) == 1:
            return found[0]
        campaign = self.register.of_tasks(tasks)
        if found and campaign is None:
            raise HTTPException(HTTPStatus.CONFLICT, f"{SEVERAL} have a project of this number")
        return campaign

    def _predictions(self, body: Body, tasks: Sequence[Mapping[str, Any]]) -> list[Any]:
        campaign = self._campaign(body, tasks)
        predictor = None if campaign is None else self.shelf.get(campaign)
        if campaign is not None and predictor is None:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "the model is being loaded")
        if predictor is None or predictor.fitted is None:
            # No predictions, rather than empty ones: where Label Studio has kept one, it does not
            # ask again when the task is opened.
            return [[] for _ in tasks]
        config = body.get("label_config")
        return label_studio.predictions(
            predictor, tasks, config if isinstance(config, str) else None
        )


def make_app(service: Service) -> Starlette:
    """Return the application."""

    def guarded(
        path: str, endpoint: Callable[[Request], Awaitable[Response]], method: str = "POST"
    ) -> Route:
        async def answer(request: Request) -> Response:
            if not service.secret.is_shown(request.headers):
                raise HTTPException(
                    HTTPStatus.UNAUTHORIZED,
                    "expected the secret",
                    headers={"WWW-Authenticate": 'Basic realm="auto-label"'},
                )
            return await endpoint(request)

        return Route(path, answer, methods=[method])

    return Starlette(
        routes=[
            Route("/health", service.health),
            guarded("/versions", service.versions, "GET"),
            guarded("/setup", service.setup),
            guarded("/predict", service.predict),
            guarded("/train", service.train),
            guarded("/webhook", service.label_studio),
            guarded("/webhooks/label-studio", service.label_studio),
            Route("/webhooks/cvat", service.cvat, methods=["POST"]),  # shows no secret, but signs
        ],
        exception_handlers={
            HTTPException: _refused,
            AutoLabelingError: _failed,
            Exception: _failed,
        },
    )


async def _refused(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.BAD_REQUEST
    detail = error.detail if isinstance(error, HTTPException) else ""
    return JSONResponse(
        {"detail": detail}, status_code=status, headers=getattr(error, "headers", None)
    )


async def _failed(request: Request, error: Exception) -> Response:
    # Only the kind of it: its words may repeat what the pool or the body holds.
    _log.error("%s: %s", request.url.path, type(error).__name__)
    again = isinstance(error, TransientError)
    status = HTTPStatus.SERVICE_UNAVAILABLE if again else HTTPStatus.INTERNAL_SERVER_ERROR
    return JSONResponse({"detail": type(error).__name__}, status_code=status)
