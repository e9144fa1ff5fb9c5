"""`LabelStudioClient`: projects, tasks, predictions and labels of a Label Studio, for scripts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from auto_labeling.backends.address import check_address
from auto_labeling.backends.label_studio.client import Client
from auto_labeling.building import refuse_below
from auto_labeling.by_hand.consolidating import FIELDS, consolidated
from auto_labeling.by_hand.exported import Export
from auto_labeling.by_hand.importing import Wanted, bring_in, task_wanted
from auto_labeling.by_hand.pictures import measured, picture_wanted
from auto_labeling.by_hand.suggesting import predictions_of
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.formats import ENCODERS
from auto_labeling.formats.label_studio import shown, signature
from auto_labeling.formats.label_studio.asked import Asked, asked_by
from auto_labeling.formats.label_studio.exported import encode_json, encode_json_min
from auto_labeling.formats.label_studio.layout import CONTROLS, SHAPES
from auto_labeling.formats.labeled import Encoder
from auto_labeling.records import Item

_MARK = "auto-labeling project "
_NEED_SIZES = {"coco": SHAPES, "cvat": frozenset(CONTROLS), "voc": SHAPES}
_TEXTS = ("text", "html")


class LabelStudioClient:
    """A Label Studio server, spoken to by a script.

    Every call may be made again, also after one that failed: what is there is found, not made once
    more. Two scripts at once are not kept apart.

    Args:
        url: where the server is, such as http://127.0.0.1:8080.
        api_key: an access token of a person, of either of the tool's kinds.
        timeout_s: how long an answer may take.

    Raises `TransientError` where another try may help, `BlockedError` where a person has to mend
    something, and `RejectedError` where the server refuses.
    """

    def __init__(self, url: str, api_key: str, timeout_s: float = 60.0) -> None:
        check_address(url)
        key = api_key.strip()  # read from a file, it ends with its line
        self._client = Client(url, lambda: key, timeout_s)
        self._latest: int | None = None

    def create_project(self, name: str, label_config: str, *, overlap: int = 1) -> int:
        """Return the number of the project of this name; it is made where we made none yet.

        Args:
            name: its title.
            label_config: its labeling configuration, in XML.
            overlap: how many people label a task; it cannot be changed later.

        A project of the same name that somebody else made is left alone. Raises
        `ConfigurationError` where ours was made with another configuration.
        """
        refuse_below(1, overlap, "overlap")
        mark = f"{_MARK}{signature(label_config)[:32]}"
        for row in self._client.projects(name):
            made_for = str(row.get("description") or "")
            if made_for.startswith(_MARK):
                if made_for != mark:
                    raise ConfigurationError(
                        f"label_config: project {row['id']}, {name!r}, was made with another one; "
                        "change it in Label Studio, or name another project"
                    )
                return self._used(int(row["id"]))
        row = self._client.make_project(
            title=name,
            description=mark,
            label_config=label_config,
            maximum_annotations=overlap,
            show_collab_predictions=True,
        )
        return self._used(int(row["id"]))

    def upload_tasks(self, project_id: int, tasks: Sequence[Mapping[str, Any]]) -> list[int]:
        """Return the number of every task, in order; tasks of the same data are one.

        A task is as Label Studio imports it (`{"data": {...}, "predictions": [...]}`), or only its
        data.
        """
        return self._bring_in(project_id, [task_wanted(task) for task in tasks])

    def upload_text_tasks(
        self,
        project_id: int,
        texts: Sequence[str],
        predictions: Sequence[Any] | None = None,
        *,
        model_version: str = "model",
        control: str | None = None,
    ) -> list[int]:
        """Return the number of every text's task, in order; the same text is one task.

        The rest is as in `upload_with_predictions`. Where the project shows HTML, a text is shown
        as it is: nothing in it is read as markup.
        """
        asked = self._asked(project_id, *_TEXTS, control=control)
        said = predictions_of(predictions, len(texts), asked, model_version)
        items = [Item(item_id="", text=str(text)) for text in texts]
        tasks = [
            replace(
                task_wanted({asked.layout.field: shown(item, asked.layout.way)[1]}), predictions=of
            )
            for item, of in zip(items, said, strict=True)
        ]
        return self._bring_in(project_id, tasks)

    def upload_with_predictions(
        self,
        images: Sequence[Path | str],
        predictions: Sequence[Any],
        *,
        project_id: int | None = None,
        model_version: str = "model",
        control: str | None = None,
    ) -> list[int]:
        """Return the number of every image's task, in order; the same picture is one task.

        Args:
            images: paths, which are uploaded, or addresses, which are passed through.
            predictions: for each a class, a list of classes, a list of `Box`, `Polygon` or `Mask`
                in fractions of the image, a pair of one of these and a score, or None.
            project_id: by default the project that this client made or filled last.
            model_version: what the predictions are filed under; those of another version are added
                to the ones that are there.
            control: the tag that is asked about, where several ask for classes.
        """
        project = self._latest if project_id is None else project_id
        if project is None:
            raise ConfigurationError("project_id: expected one, or create_project before")
        asked = self._asked(project, "image", control=control)
        said = predictions_of(predictions, len(images), asked, model_version)
        tasks = [
            picture_wanted(self._client, project, str(image), asked.layout.field, of)
            for image, of in zip(images, said, strict=True)
        ]
        return self._bring_in(project, tasks)

    def export_annotations(
        self, project_id: int, format: str = "JSON", *, control: str | None = None
    ) -> Export:
        """Return the labels of a project, one an item, however many people answered.

        Args:
            project_id: the project.
            format: JSON, JSON_MIN, CSV, COCO, CVAT, YOLO or VOC.
            control: the tag whose answers are exported, where several ask for classes.

        See `consolidated` for how several answers become one label. Items that nobody has answered,
        and those that people do not agree on, are left out.
        """
        kind = str(format).lower()
        if kind not in ENCODERS:
            raise ConfigurationError(
                f"format: expected one of {', '.join(sorted(ENCODERS)).upper()}, got {format!r}"
            )
        asked = self._asked(project_id, control=control)
        labeled = consolidated(list(self._client.tasks(project_id, fields=FIELDS)), asked)
        if asked.layout.way == "image" and asked.schema.task in _NEED_SIZES.get(kind, ()):
            labeled = [measured(self._client, one, asked.layout.field) for one in labeled]
        encode = _encoder(kind, asked)
        return Export(encode(labeled, asked.schema))

    def _bring_in(self, project: int, wanted: Sequence[Wanted]) -> list[int]:
        return bring_in(self._client, self._used(project), wanted)

    def _used(self, project: int) -> int:
        self._latest = project
        return project

    def _asked(self, project: int, *ways: str, control: str | None) -> Asked:
        asked = asked_by(self._client.project(project)["label_config"], control)
        if ways and asked.layout.way not in ways:
            raise DataError(
                f"project {project}: expected one that shows {' or '.join(ways)}, got one that "
                f"shows {asked.layout.way}"
            )
        return asked


def _encoder(kind: str, asked: Asked) -> Encoder:
    named: dict[str, Callable[..., Mapping[str, str]]] = {
        "json": encode_json,
        "json_min": encode_json_min,
    }
    return partial(named[kind], layout=asked.layout) if kind in named else ENCODERS[kind]
