"""The current model of a campaign as an auto-annotation function of CVAT.

    cvat-cli task auto-annotate 17 --function-module auto_labeling.serving.cvat
        -p workspace=str:.auto-label -p campaign=str:digits

An agent of CVAT runs it likewise, and answers with a newer model as soon as there is one.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeAlias

from auto_labeling import assemble
from auto_labeling.backends.cvat.settings import CVAT
from auto_labeling.errors import ConfigurationError
from auto_labeling.formats.cvat import Labels, label_specs, suggested
from auto_labeling.formats.cvat.attributes import SCORE
from auto_labeling.formats.outlines import outline_of
from auto_labeling.pictures import Pictures
from auto_labeling.pool.pixels import size_of, upright
from auto_labeling.records import CampaignId, LabelSchema, Suggestion
from auto_labeling.serving.predicting import Predictor
from auto_labeling.serving.recognizing import Recognized, Recognizer
from auto_labeling.serving.shelf import Shelf
from auto_labeling.shapes import Mask
from auto_labeling.workspace import Workspace

if TYPE_CHECKING:
    from cvat_sdk.auto_annotation import (
        DetectionAnnotation,
        DetectionFunctionContext,
        DetectionFunctionSpec,
    )
    from PIL.Image import Image

Row: TypeAlias = dict[str, Any]


class AutoAnnotation:
    """CVAT's `DetectionFunction`: the campaign's newest model, of a round or between rounds.

    It says nothing of a picture that judges models, or is in the blind share, in whose task ever:
    pictures are recognized. CVAT writes what it says into a task, so that replicas are not reached:
    `preannotate` in the campaign file reaches them.
    """

    def __init__(self, *, workspace: Path | str, campaign: str) -> None:
        """Load the model; `campaign` is an id or a name. Raises `ConfigurationError`."""
        place = Workspace.of(workspace)
        found = assemble.find(place, campaign)
        if found is None:
            raise ConfigurationError(f"campaign: {place.root} knows no {campaign!r}")
        ledger = assemble.open_ledger(place)
        self._campaign = found
        self._shelf = Shelf(place, ledger, partial(assemble.opened, place))
        self.close = weakref.finalize(self, ledger.close)
        """Lets go of the ledger; called by itself at the end of the process."""
        predictor = self._shelf.refresh(found)
        if predictor.lesson is None:
            raise ConfigurationError(
                f"campaign: expected one with a model that learns, got {found!r}"
            )
        self._recognizer = Recognizer.of(predictor.pool)
        # Abstentions are no class that a model learns.
        self._schema = replace(predictor.schema, abstain=())
        rows = _rows(self._schema, scored=_takes_scores(place, found))
        self._labels = Labels.of(rows, self._schema)
        self._spec = _spec(rows)

    @property
    def spec(self) -> DetectionFunctionSpec:
        """The classes, which CVAT matches with the labels of a task by name."""
        return self._spec

    def detect(self, context: DetectionFunctionContext, image: Image) -> list[DetectionAnnotation]:
        """Return what the model is sure enough of: of `conf_threshold`, or as the campaign says.

        It is asked of every object by itself, where an answer is what is drawn.
        """
        predictor = self._shelf.refresh(self._campaign)
        if predictor.fitted is None:
            return []
        seen = self._recognizer_of(predictor).recognize(image, context.frame_name)
        if seen.items & predictor.hidden:
            return []
        wanted = context.conf_threshold
        with _read(predictor, seen, image) as (given, size):
            [suggestion] = predictor.suggest([context.frame_name], given, wanted)
        if not predictor.is_sure(suggestion, wanted):
            return []
        schema = self._schema
        if context.conv_mask_to_poly and schema.task == "masks":
            schema, suggestion = replace(schema, task="polygons"), _outlined(suggestion)
        return _annotations(suggested(0, suggestion, schema, self._labels, size))

    def _recognizer_of(self, predictor: Predictor) -> Recognizer:
        """Return who knows the pool as it was when the model was loaded."""
        if self._recognizer.pool is not predictor.pool:
            self._recognizer = Recognizer.of(predictor.pool)
        return self._recognizer


def create(workspace: str, campaign: str) -> AutoAnnotation:
    """Return the function: what `cvat-cli` calls with its parameters."""
    return AutoAnnotation(workspace=workspace, campaign=campaign)


@contextmanager
def _read(
    predictor: Predictor, seen: Recognized, image: Image
) -> Iterator[tuple[Any, tuple[int, int]]]:
    """Yield what the model reads of a picture, and its width and height as people see it."""
    if not predictor.reads_pictures and predictor.embedded is None:
        yield seen.features[None], image.size
        return
    with _picture(seen, image) as (given, size):
        if predictor.reads_pictures or predictor.embedded is None:
            yield given, size
        else:
            yield predictor.embedded.embedder.embed(given), size


@contextmanager
def _picture(seen: Recognized, image: Image) -> Iterator[tuple[Pictures, tuple[int, int]]]:
    """Yield a file of the picture, and its width and height as people see them.

    A picture that no file of the pool shows lies in one of its own meanwhile.
    """
    shown = upright(image, "rgb")
    if seen.path is not None and size_of(seen.path) == shown.size:
        yield Pictures((seen.path,)), shown.size
        return
    with TemporaryDirectory(prefix="auto-label-") as folder:
        path = Path(folder, "picture.bmp")  # of 1920 x 1080 pixels a PNG takes half a second
        shown.save(path)
        yield Pictures((path,)), shown.size


def _outlined(suggestion: Suggestion) -> Suggestion:
    """Return a suggestion of masks as one of polygons."""
    masks = [one for one in suggestion.value if isinstance(one, Mask)]
    return replace(suggestion, value=tuple(map(outline_of, masks)))


def _takes_scores(workspace: Workspace, campaign: CampaignId) -> bool:
    """Whether the labels are ours: CVAT refuses attributes that a project does not have."""
    with assemble.opened(workspace, campaign) as opened:
        tool = opened.config.backend
    return isinstance(tool, CVAT) and tool.project.adopt is None


def _rows(schema: LabelSchema, *, scored: bool) -> list[Row]:
    """Return the classes as labels of a project of ours, numbered; asked for the score at most."""
    return [
        {
            **row,
            "id": number,
            "attributes": [
                one | {"id": 1} for one in row["attributes"] if scored and one["name"] == SCORE
            ],
        }
        for number, row in enumerate(label_specs(schema), start=1)
    ]


def _spec(rows: Sequence[Row]) -> DetectionFunctionSpec:
    from cvat_sdk.auto_annotation import DetectionFunctionSpec, attribute_spec, label_spec

    def attributes(row: Row) -> list[Any]:
        known = ("name", "id", "input_type", "values")
        return [attribute_spec(**{key: one[key] for key in known}) for one in row["attributes"]]

    return DetectionFunctionSpec(
        labels=[
            label_spec(row["name"], row["id"], type=row["type"], attributes=attributes(row))
            for row in rows
        ]
    )


def _annotations(said: Mapping[str, Sequence[Row]]) -> list[DetectionAnnotation]:
    """Return tags and shapes as the SDK takes them, which says itself where they come from."""
    from cvat_sdk.auto_annotation import shape, tag
    from cvat_sdk.models import AttributeValRequest

    def told(row: Row) -> Row:
        rest = {key: value for key, value in row.items() if key not in ("frame", "source")}
        return rest | {"attributes": [AttributeValRequest(**one) for one in row["attributes"]]}

    return [
        *(tag(**told(row)) for row in said["tags"]),
        *(shape(**told(row)) for row in said["shapes"]),
    ]
