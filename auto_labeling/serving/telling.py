"""What projects of the tools are told: to call us, and which predictions to go by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from auto_labeling.backends.cvat.hooks import HookClient
from auto_labeling.backends.cvat.settings import CVAT
from auto_labeling.backends.label_studio.served import ServedClient
from auto_labeling.backends.label_studio.settings import LabelStudio
from auto_labeling.errors import RejectedError
from auto_labeling.ports import Secrets
from auto_labeling.records import CampaignId
from auto_labeling.serving.app import CAMPAIGN_HEADER
from auto_labeling.serving.hints import CVAT_EVENTS
from auto_labeling.serving.secret import HEADER, Secret

_ACTIONS = (
    "ANNOTATION_CREATED",
    "ANNOTATIONS_CREATED",
    "ANNOTATION_UPDATED",
    "ANNOTATIONS_DELETED",
    "TASKS_DELETED",
)
_PREDICTED_WITHIN_S = 600.0


class Teller(Protocol):
    """Speaks to the projects of one tool, on behalf of the address under which they reach us."""

    def hook(self, campaign: CampaignId, tool: Any, project: int, /) -> bool:
        """Make our webhook unless it is there, and return whether it was made."""
        ...


@runtime_checkable
class ShowsModels(Protocol):
    """One whose tool shows what a model says without being asked."""

    def show(self, name: str, tool: Any, project: int, version: str, /) -> bool:
        """Have a new model's predictions shown, and return whether that is done.

        `name` is the campaign's, with which its versions begin.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelStudioTeller:
    """Tells projects of Label Studio."""

    public_url: str
    secret: Secret
    """What they show."""
    secrets: Secrets

    def hook(self, campaign: CampaignId, tool: LabelStudio, project: int) -> bool:
        """Make our webhook unless it is there.

        One of ours with another secret is replaced, because an update would empty it. It is sent
        without a payload, which holds the project's token and what people wrote.
        """
        client = self._client(tool)
        headers = {HEADER: self.secret.value, CAMPAIGN_HEADER: campaign}
        # Where an ML backend at this address puts its own unless there is one: with a payload, and
        # for every act, our own imports included.
        url = f"{self._url}/webhook"
        there = False
        for hook in client.webhooks(project):
            told = hook.get("headers") or {}
            if hook["url"] != url or told.get(CAMPAIGN_HEADER) != campaign:
                continue
            if told == headers and hook.get("is_active", True) and not there:
                there = True
            else:
                client.delete_webhook(hook["id"])
        if not there:
            client.make_webhook(project, url, headers, _ACTIONS)
        return not there

    def show(self, name: str, tool: LabelStudio, project: int, version: str) -> bool:
        """Fetch the predictions, and order by them.

        That is not done while nobody has connected us as the project's ML backend. A project that
        has one orders by predictions whose version is the backend's title, of which there are none:
        so it is given the version itself, unless somebody chose another or the project is adopted.
        """
        client = self._client(tool)
        titles = {
            one["title"]
            for one in client.ml_backends(project)
            if str(one["url"]).rstrip("/") == self._url
        }
        if not titles:
            return False
        client.retrieve_predictions(project, _PREDICTED_WITHIN_S)
        chosen = str(client.project(project).get("model_version") or "")
        ours = not chosen or chosen in titles or chosen.startswith(f"{name}-")
        if tool.project.adopt is None and ours and chosen != version:
            try:
                client.change_project(project, model_version=version)
            except RejectedError:  # no open task has a prediction of it yet
                return False
        return True

    @property
    def _url(self) -> str:
        return self.public_url.rstrip("/")

    def _client(self, tool: LabelStudio) -> ServedClient:
        return ServedClient(tool.url, lambda: self.secrets.resolve(tool.token), tool.timeout_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class CVATTeller:
    """Tells projects of CVAT."""

    public_url: str
    signing: Secret
    """What they sign with."""
    secrets: Secrets

    def hook(self, _campaign: CampaignId, tool: CVAT, project: int) -> bool:
        """Make our webhook unless it is there; all campaigns of a project share it.

        One that is there is told everything again, because its secret cannot be looked at.
        """
        client = self._client(tool)
        url = f"{self.public_url.rstrip('/')}/webhooks/cvat"
        ours = [hook["id"] for hook in client.webhooks(project) if hook["target_url"] == url]
        if not ours:
            client.make_webhook(project, url, self.signing.value, CVAT_EVENTS)
            return True
        first, *others = sorted(ours)
        client.change_webhook(first, url, self.signing.value, CVAT_EVENTS)
        for hook in others:  # two of us began at the same time
            client.delete_webhook(hook)
        return False

    def _client(self, tool: CVAT) -> HookClient:
        return HookClient(
            tool.url,
            lambda: self.secrets.resolve(tool.secret),
            user=tool.user,
            organization=tool.organization,
            timeout_s=tool.timeout_s,
        )
