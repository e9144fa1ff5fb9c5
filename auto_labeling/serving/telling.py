"""What a project of Label Studio is told: to call us, and which predictions to go by."""

from __future__ import annotations

from dataclasses import dataclass

from auto_labeling.backends.label_studio.served import ServedClient
from auto_labeling.backends.label_studio.settings import LabelStudio
from auto_labeling.errors import RejectedError
from auto_labeling.ports import Secrets
from auto_labeling.records import CampaignId
from auto_labeling.serving.app import CAMPAIGN_HEADER
from auto_labeling.serving.secret import HEADER, Secret

ACTIONS = (
    "ANNOTATION_CREATED",
    "ANNOTATIONS_CREATED",
    "ANNOTATION_UPDATED",
    "ANNOTATIONS_DELETED",
    "TASKS_DELETED",
)
_PREDICTED_WITHIN_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Speaks to the projects of campaigns, on behalf of the address under which they reach us."""

    public_url: str
    secret: Secret
    secrets: Secrets

    def hook(self, campaign: CampaignId, tool: LabelStudio, project: int) -> bool:
        """Make our webhook unless it is there, and return whether it was made.

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
            client.make_webhook(project, url, headers, ACTIONS)
        return not there

    def show(self, name: str, tool: LabelStudio, project: int, version: str) -> bool:
        """Fetch the predictions of a new model, and order by them; return whether that is done.

        It is not while nobody has connected us as the project's ML backend. A project that has one
        orders by predictions whose version is the backend's title, of which there are none: so it
        is given the version itself, unless somebody chose another or the project is adopted.
        `name` is the campaign's, with which its versions begin.
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
