"""The nouns: small frozen records that every room passes to every other."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.shapes import Shape

CampaignId: TypeAlias = str
ItemId: TypeAlias = str
PersonId: TypeAlias = str
Micros: TypeAlias = int
"""Either UTC time or money, as an integer count of millionths."""


class Purpose(StrEnum):
    """Why an answer is bought."""

    TRAIN = "train"
    CONTROL = "control"
    GOLD = "gold"
    OPINION = "opinion"
    ADJUDICATE = "adjudicate"
    RELABEL = "relabel"
    AUDIT = "audit"
    """Carried a pseudo-label and was drawn by lot; the answer teaches like any other."""


class AskState(StrEnum):
    """Where one purchase stands."""

    RESERVED = "reserved"
    SENT = "sent"
    ANSWERED = "answered"
    SKIPPED = "skipped"
    RELEASED = "released"
    EXPIRED = "expired"


class Side(StrEnum):
    """On which side of the evaluation split an item lies, for good."""

    TRAIN = "train"
    CONTROL = "control"
    HELDOUT = "heldout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A reference to something a person can be asked about; never the pixels themselves.

    Exactly one of `uri`, `text` and `row` says what people are shown.
    """

    item_id: ItemId
    uri: str | None = None
    text: str | None = None
    row: Mapping[str, Any] | None = None
    group: str | None = None
    content_hash: str = ""

    def __post_init__(self) -> None:
        given = [n for n in ("uri", "text", "row") if getattr(self, n) is not None]
        if len(given) != 1:
            raise DataError(
                f"item {self.item_id!r}: expected exactly one of uri, text, row, got {given}"
            )

    @property
    def kind(self) -> Literal["image", "text", "row"]:
        """What people are shown.

        >>> Item(item_id="7", text="Bonjour").kind
        'text'
        """
        if self.row is not None:
            return "row"
        return "image" if self.uri is not None else "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSchema:
    """What may be answered. Every answer keeps the `version` it was given under."""

    task: Literal["single", "multi", "boxes", "polygons", "masks"]
    classes: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    abstain: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1

    def __post_init__(self) -> None:
        if len(set(self.classes)) != len(self.classes):
            raise ConfigurationError(
                f"labels.classes: a class is named twice in {list(self.classes)}"
            )
        if len(self.classes) < 2 and self.task == "single":
            raise ConfigurationError(
                f"labels.classes: expected at least two, got {list(self.classes)}"
            )
        if both := set(self.classes) & set(self.abstain):
            raise ConfigurationError(f"labels.abstain: {sorted(both)} are classes as well")

    @property
    def is_drawn(self) -> bool:
        """Whether an answer is what people draw on a picture, and no class by its name.

        >>> LabelSchema(task="boxes", classes=("car",)).is_drawn
        True
        """
        return draws(self.task)


def draws(task: str) -> bool:
    """Whether answers of a task are what people draw on pictures.

    >>> draws("masks"), draws("multi")
    (True, False)
    """
    return task not in ("single", "multi")


Value: TypeAlias = str | tuple[str, ...] | tuple[Shape, ...]
"""An answer by class *name*: one class (`single`), a set of classes (`multi`), or shapes.

Among boxes stands a polygon where somebody turned a box. An abstention from shapes is a set of one
name."""


def shapes_of(value: Value | None) -> tuple[Shape, ...]:
    """Return what an answer draws; nothing of an abstention, and of classes.

    >>> shapes_of(("cannot tell",)), shapes_of(None)
    ((), ())
    """
    return tuple(one for one in value or () if not isinstance(one, str))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """The unit of purchase: one opinion by one person on one item."""

    ask_id: str
    item_id: ItemId
    round: int
    ordinal: int
    purpose: Purpose
    price_micros: Micros
    state: AskState = AskState.RESERVED
    assignee: PersonId | None = None
    upload_key: str | None = None


def ask_id(campaign: CampaignId, item: ItemId, ordinal: int) -> str:
    """Return the id of the `ordinal`-th opinion ever asked on `item`: 32 hex digits.

    It is derived, not drawn, so that a step which is run twice writes the same rows.

    >>> ask_id("digits-0badcafe", "17", 0) == ask_id("digits-0badcafe", "17", 0)
    True
    """
    return _digest(campaign, item, str(ordinal))


def upload_key(campaign: CampaignId, ask_ids: Sequence[str]) -> str:
    """Return the natural key of a remote unit: 32 hex digits that do not reveal a purpose."""
    return _digest(campaign, *sorted(ask_ids))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What a model would answer, shown to people as a start; never a label."""

    item_id: ItemId
    value: Value
    score: float
    model_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """The remote unit: one item with its opinions, or a chunk of items with theirs."""

    key: str
    items: tuple[Item, ...]
    asks: tuple[Ask, ...]
    suggestions: tuple[Suggestion, ...] = ()

    @property
    def overlap(self) -> int:
        """How many opinions an item of this unit is asked for, at most."""
        return max(self.opinions(item.item_id) for item in self.items)

    def opinions(self, item_id: ItemId) -> int:
        """How many opinions are asked for on one item."""
        return sum(ask.item_id == item_id for ask in self.asks)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteProject:
    """Where a campaign lives in the tool; `url` is what a person opens."""

    project_id: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteRef:
    """One live copy of an upload in the tool."""

    key: str
    remote_id: str


class EventKind(StrEnum):
    """What can happen to an answer in the tool."""

    SUBMITTED = "submitted"
    SKIPPED = "skipped"
    EDITED = "edited"
    DELETED = "deleted"
    JOB_STATE = "job_state"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something a person did in the tool.

    `fingerprint` is the same whenever the same act is delivered again; `answer_id` is the same for
    an answer and its later edits and deletion. `person` is None where the tool does not say.
    """

    kind: EventKind
    fingerprint: str
    key: str
    item_id: ItemId
    person: PersonId | None
    at: Micros
    answer_id: str
    value: Value | None = None
    seconds: float | None = None
    touched_suggestion: bool | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """What was answered besides, by the names of `LabelSchema.extra`; of plain JSON values.

    Under `regions` stands, as the tool gave it, what the schema does not know."""
    problem: str | None = None
    """Why the answer cannot be read: it is put aside then, and `value` is None."""


Cursor: TypeAlias = str
"""Where a poll stopped, in the adapter's own words."""


class CancelResult(StrEnum):
    """What became of a withdrawal."""

    CANCELLED = "cancelled"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """One version of what one person said about one item; append-only."""

    annotation_id: str
    item_id: ItemId
    person: PersonId
    value: Value | None
    at: Micros
    source: Literal["human", "imported"] = "human"
    kind: Literal["answer", "skip", "tombstone"] = "answer"
    ask_id: str | None = None
    seconds: float | None = None
    touched_suggestion: bool | None = None
    supersedes: str | None = None
    schema_version: int = 1
    unsolicited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate with its confidence limits; all three are nan where nothing is known."""

    value: float
    low: float
    high: float
    n: int = 0
    """How many items it rests on."""

    @classmethod
    def unknown(cls) -> Interval:
        """Return the interval of a figure that nothing is known about."""
        return cls(value=math.nan, low=math.nan, high=math.nan)
