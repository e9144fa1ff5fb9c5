"""The project that holds a campaign: made once, or adopted, and found again ever after."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from auto_labeling.backends.kept import KeptProject
from auto_labeling.backends.label_studio.client import Client, Row
from auto_labeling.backends.label_studio.queues import make_queues
from auto_labeling.backends.label_studio.showing import show_newest
from auto_labeling.errors import BlockedError, DataError
from auto_labeling.formats.label_studio import Layout, check_config, label_config, way_of
from auto_labeling.formats.schema import decode_schema, encode_schema
from auto_labeling.ports import Place
from auto_labeling.records import CampaignId, LabelSchema

_LONGEST_TITLE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What is known of the project after `prepare`, kept in a file of ours."""

    project: int
    made_at: str | None
    """When the server made the project; None where that was not kept yet."""
    campaign: CampaignId | None
    """Whose tasks are ours; None where that was not kept yet."""
    schema: LabelSchema
    layout: Layout
    overlap: int
    """How many opinions the project asks for on a task; it can never be changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Projects:
    """Finds, makes or adopts the project of a campaign."""

    client: Client
    place: Place
    adopted: int | None
    title: str | None
    own_config: Path | None
    files: Path | None
    """The folder of files that the server shows."""

    def prepare(self, campaign: CampaignId, schema: LabelSchema) -> Prepared:
        """Return the project; it is made where neither the server nor our file knows it.

        Raises `BlockedError` where its labeling configuration no longer fits the classes.
        """
        row = self._row(campaign, schema)
        prepared = Prepared(
            project=row["id"],
            made_at=row.get("created_at"),
            campaign=campaign,
            schema=schema,
            layout=self._layout(row, schema),
            overlap=row["maximum_annotations"],
        )
        if self.adopted is None:
            show_newest(self.client, row)
        self._show_files(prepared)
        make_queues(self.client, prepared.project, self.place.people())
        self._keep(prepared)
        return prepared

    def prepared(self) -> Prepared:
        """Return what `prepare` kept. Raises `RejectedError` before it was called."""
        kept = self._kept.read()
        return Prepared(
            project=kept["project"],
            made_at=kept.get("made_at"),
            campaign=kept.get("campaign"),
            schema=decode_schema(kept["schema"]),
            layout=Layout(**kept["layout"]),
            overlap=kept["overlap"],
        )

    def again(self, prepared: Prepared) -> Prepared:
        """Return what was prepared, with the tags as people see them now, where they fit.

        Where they do not, `prepare` says so before anything else is asked. Raises `BlockedError`
        where the number is another project's by now.
        """
        row = self._same(prepared)
        try:
            return replace(prepared, layout=self._layout(row, prepared.schema))
        except BlockedError:
            return prepared

    @property
    def _kept(self) -> KeptProject:
        return KeptProject(self.place.folder)

    @property
    def _shows(self) -> str:
        return way_of(self.place.kinds())

    def _row(self, campaign: CampaignId, schema: LabelSchema) -> Row:
        if self._kept.is_there():
            return self._same(self.prepared())
        if self.adopted is not None:
            return self.client.project(self.adopted)
        title = self.title or campaign[:_LONGEST_TITLE]
        mark = f"auto-labeling campaign {campaign}"
        for row in self.client.projects(title):
            if mark in str(row.get("description")):  # made by a call whose answer was lost
                return self.client.project(row["id"])
        return self.client.make_project(
            title=title,
            description=mark,
            label_config=self._config(schema),
            maximum_annotations=self.place.overlap,
            show_collab_predictions=True,
            skip_queue="IGNORE_SKIPPED",  # or a skip is shown to one more than was asked
        )

    def _same(self, prepared: Prepared) -> Row:
        row = self.client.project(prepared.project)
        made_at = row.get("created_at")
        if prepared.made_at not in (None, made_at):
            raise BlockedError(
                f"{self.client.url}: project {prepared.project} is another one by now: it was made "
                f"at {made_at}, the campaign's at {prepared.made_at}",
                remedy="Restore the server from its backup, or stop this campaign and begin "
                "another.",
            )
        return row

    def _config(self, schema: LabelSchema) -> str:
        if self.own_config is None:
            return label_config(schema, self._shows)
        try:
            xml = self.own_config.read_text(encoding="utf-8")
        except OSError as error:
            raise BlockedError(
                f"{self.own_config} cannot be read ({error.strerror})",
                remedy="Put the labeling configuration there.",
            ) from error
        check_config(xml, schema, self._shows)
        return xml

    def _layout(self, row: Row, schema: LabelSchema) -> Layout:
        try:
            return check_config(row["label_config"], schema, self._shows)
        except DataError as error:
            raise BlockedError(
                f"the labeling configuration of project {row['id']} does not fit: {error}",
                remedy="Put it back as it was, or stop this campaign and begin another.",
            ) from error

    def _show_files(self, prepared: Prepared) -> None:
        """Let the project show the folders below the server's document root."""
        if self.files is None:
            return
        folders = [str(path) for path in sorted(self.files.iterdir()) if path.is_dir()]
        there = {storage["path"] for storage in self.client.storages(prepared.project)}
        for path in folders:
            if path not in there:
                self.client.make_storage(prepared.project, path)

    def _keep(self, prepared: Prepared) -> None:
        layout = prepared.layout
        self._kept.write(
            project=prepared.project,
            made_at=prepared.made_at,
            campaign=prepared.campaign,
            schema=encode_schema(prepared.schema),
            layout={name: getattr(layout, name) for name in Layout.__slots__},
            overlap=prepared.overlap,
        )
