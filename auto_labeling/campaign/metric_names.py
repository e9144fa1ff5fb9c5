"""What a campaign may be judged by: the names of metrics, task by task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auto_labeling.campaign.metrics import LOSSES, OVERALL, PER_CLASS
from auto_labeling.errors import ConfigurationError
from auto_labeling.meant import meant
from auto_labeling.records import LabelSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The metrics that one kind of answer has."""

    overall: tuple[str, ...]
    per_class: tuple[str, ...]
    """Asked for with a class, such as `recall/person`."""
    because: str = ""
    """Why it is these and no others, as a sentence about a wrong name ends."""

    def check(self, names: Sequence[str], classes: Sequence[str]) -> None:
        """Raise `ConfigurationError` for a metric that is none of these, or a class not there."""
        for name in names:
            if name in self.overall:
                continue
            kind, slash, one = name.partition("/")
            if not slash or kind not in self.per_class:
                known = [*self.overall, *(f"{kind}/<class>" for kind in self.per_class)]
                full = [*self.overall, *(f"{k}/{c}" for k in self.per_class for c in classes)]
                raise ConfigurationError(
                    f"metric {name!r}: expected one of {', '.join(known)}{self.because}"
                    f"{meant(name, full)}"
                )
            if one not in classes:
                raise ConfigurationError(
                    f"metric {name!r}: {one!r} is not among the classes{meant(one, classes)}"
                )


ITEMS = Names(overall=(*OVERALL, *LOSSES), per_class=tuple(PER_CLASS))
"""Of items that are of one class, or of a set of classes."""
_OBJECTS = ("map50", "map50_95", "precision", "recall")
_PIXELS = ("dice", "iou")


def drawn(task: str) -> Names:
    """Return the metrics of what people draw: of objects, and of pixels where these are drawn.

    >>> drawn("boxes").overall, drawn("masks").overall
    (('map50', 'map50_95'), ('map50', 'map50_95', 'dice', 'miou'))
    """
    pixels = task != "boxes"
    return Names(
        overall=("map50", "map50_95", *(("dice", "miou") if pixels else ())),
        per_class=_OBJECTS + (_PIXELS if pixels else ()),
        because=f", because the task is {task!r}",
    )


_IN_WORDS = {
    "map50": "mAP at IoU .5",
    "map50_95": "mAP at IoU .5 to .95",
    "miou": "mean IoU",
    "dice": "Dice",
}


def in_words(name: str) -> str:
    """Return how people read a metric of what is drawn; others go by their names.

    >>> in_words("map50"), in_words("map50/car"), in_words("recall/car"), in_words("accuracy")
    ('mAP at IoU .5', 'mAP at IoU .5 of car', 'recall/car', 'accuracy')
    """
    kind, slash, one = name.partition("/")
    if kind not in _IN_WORDS:
        return name
    return f"{_IN_WORDS[kind]} of {one}" if slash else _IN_WORDS[kind]


def check_metrics(names: Sequence[str], schema: LabelSchema) -> None:
    """Raise `ConfigurationError` for a metric that the task has not, or a class that is not there.

    >>> check_metrics(["map50", "recall/car"], LabelSchema(task="boxes", classes=("car",)))
    """
    known = drawn(schema.task) if schema.is_drawn else ITEMS
    known.check(names, schema.classes)
