"""The project that holds a campaign: made once, or adopted, and found again ever after."""

from __future__ import annotations

from dataclasses import dataclass

from auto_labeling.backends.cvat.client import Client
from auto_labeling.backends.cvat.session import Row
from auto_labeling.backends.kept import KeptProject
from auto_labeling.errors import BlockedError, ConfigurationError
from auto_labeling.formats.cvat import Labels, label_specs
from auto_labeling.formats.schema import decode_schema, encode_schema
from auto_labeling.ports import Place
from auto_labeling.records import CampaignId, LabelSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What is known of the project after `prepare`, kept in a file of ours."""

    project: int
    campaign: CampaignId
    schema: LabelSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class Projects:
    """Finds, makes or adopts the project of a campaign."""

    client: Client
    place: Place
    adopted: int | None

    def prepare(self, campaign: CampaignId, schema: LabelSchema) -> Prepared:
        """Return the project; it is made where neither the server nor our file knows it.

        Raises `BlockedError` where its labels do not fit the classes.
        """
        row = self._row(campaign, schema)
        prepared = Prepared(project=int(row["id"]), campaign=campaign, schema=schema)
        labels_of(self.client, prepared)
        self._kept.write(project=prepared.project, campaign=campaign, schema=encode_schema(schema))
        return prepared

    def prepared(self) -> Prepared:
        """Return what `prepare` kept. Raises `RejectedError` before it was called."""
        kept = self._kept.read()
        return Prepared(
            project=kept["project"],
            campaign=kept["campaign"],
            schema=decode_schema(kept["schema"]),
        )

    @property
    def _kept(self) -> KeptProject:
        return KeptProject(self.place.folder)

    def _row(self, campaign: CampaignId, schema: LabelSchema) -> Row:
        if self.adopted is not None:
            return self.client.project(self.adopted)
        if self._kept.is_there():
            return self.client.project(self.prepared().project)
        for row in self.client.projects(campaign):
            return row  # made by a call whose answer was lost
        return self.client.make_project(campaign, label_specs(schema))


def labels_of(client: Client, prepared: Prepared) -> Labels:
    """Return the labels of a project as they are now. Raises `BlockedError` where one is wrong."""
    try:
        return Labels.of(client.labels(prepared.project), prepared.schema)
    except ConfigurationError as error:
        raise BlockedError(
            f"the labels of project {prepared.project} do not fit: {error}",
            remedy="Put them back as they were, or stop this campaign and begin another.",
        ) from error
