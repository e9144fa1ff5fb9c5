"""The preannotate flow: what a model suggests on a folder of pictures, without any campaign."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from prefect import flow
from pydantic import BaseModel, Field

from auto_labeling.by_hand.preannotation_run import Request
from auto_labeling.preannotation.rules import Rules
from tasks.preannotation import suggest


class PreannotateRun(BaseModel):
    """What a person fills in to have pictures looked at."""

    images: str = Field(title="Pictures", description="A folder, a pattern or a .txt list.")
    model: str = Field(title="Weights", description="The path of a .pt file.")
    sha256: str = Field(
        title="Digest", description="Of the weights, by sha256sum.", pattern="^[0-9a-fA-F]{64}$"
    )
    into: str = Field(title="Write into", description="The folder of the suggestions.")
    format: Literal["coco", "yolo", "pascal_voc"] = Field(default="coco", title="Format")
    confidence_threshold: float = Field(default=0.7, ge=0, le=1, title="How sure it has to be")
    classes: dict[str, str] = Field(
        default_factory=dict,
        title="Classes",
        description="Class of the model -> what it is called here, where that differs.",
    )
    tile: str | None = Field(
        default=None, title="Tiles", description="Such as 640px, for large pictures."
    )
    image_size: int = Field(default=640, ge=64, title="Longer side, in pixels")
    device: str = Field(default="cpu", title="Device")
    chunk: int = Field(default=1, ge=1, title="Pictures at once")

    def request(self) -> Request:
        """Return the same in the library's words."""
        rules = Rules(at_least=self.confidence_threshold, classes=self.classes, tile=self.tile)
        given = self.model_dump(exclude={"confidence_threshold", "classes", "tile"})
        return Request(**given | {"into": Path(self.into), "rules": rules})


@flow(name="preannotate", persist_result=False)
def preannotate(run: PreannotateRun) -> str:
    """Suggest what is on the pictures, and return the folder that says so.

    A run that was killed goes on where it was: what has been predicted is not predicted again.
    """
    suggest(run.request())
    return run.into
