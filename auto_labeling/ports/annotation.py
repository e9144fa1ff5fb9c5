"""Labeling tools: what they can do, where they live, and what each of them promises."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from auto_labeling.ports.secrets import Secrets
from auto_labeling.ports.time import Clock
from auto_labeling.records import (
    CampaignId,
    CancelResult,
    Cursor,
    Event,
    ItemId,
    LabelSchema,
    RemoteProject,
    RemoteRef,
    Upload,
    Value,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What a labeling tool can do, so that the campaign never has to try and see."""

    unit: Literal["item", "chunk"] = "item"
    """Whether a remote unit holds one item or a chunk of items."""
    overlap: Literal["at_creation", "later"] = "at_creation"
    """Whether more opinions on an item can join a unit that exists, or need a new one."""
    can_cancel: bool = True
    shapes: frozenset[str] = frozenset({"single"})
    """The label tasks it can show."""
    kinds: frozenset[str] = frozenset({"image", "text", "row"})
    """The kinds of items it can show, as `Item.kind` names them."""
    has_time_spent: bool = False
    chunk_size: int = 1
    batch: int = 200
    """How many units are made or looked up at once: what a kill can cost is one such batch."""
    has_queues: bool = False
    """Whether a person can be shown what is theirs; others may answer it all the same."""
    can_lose: bool = False
    """Whether somebody can delete a unit there: it is made again while answers are due."""
    people: int | None = None
    """How many people can answer, where the tool knows: more opinions than that never come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a backend lives: what the composition root hands to a backend's settings."""

    folder: Path
    """Its own state, if it keeps any; made by the backend."""
    base: Path
    """What relative paths of the configuration are relative to."""
    seed: int
    clock: Clock
    secrets: Secrets
    item_ids: Callable[[], Sequence[ItemId]]
    """The ids of the whole pool, in order; called only by a backend that needs them."""
    places: Callable[[], Mapping[ItemId, str]] = dict
    """Where each item lies: a path, of a picture; called as `item_ids` is."""
    labels: Callable[[], Mapping[ItemId, str]] = dict
    """The labels that came with the pool, as data sets hold them; called as `item_ids` is."""
    kinds: Callable[[], frozenset[str]] = frozenset
    """What the items of the pool are: `image`, `text`, `row`; called as `item_ids` is."""
    overlap: int = 1
    """How many opinions an item usually gets."""
    people: Callable[[], Sequence[str]] = tuple
    """The logins of the people whom the campaign names."""


class BackendSettings(Protocol):
    """What the campaign file says about a tool: the class a backend's `TABLE` row names."""

    def open(self, place: Place) -> AnnotationBackend:
        """Return the backend; cheap, and without a call to the tool."""
        ...


class AnnotationBackend(Protocol):
    """A labeling tool. No method retries by itself or remembers anything: the ledger does.

    Raises `TransientError` where another try may help, `RejectedError` where it will not, and
    `BlockedError` where a person has to mend something (an expired token, a withdrawn project).
    """

    @property
    def traits(self) -> Traits:
        """What the tool can do."""
        ...

    def prepare(self, campaign: CampaignId, schema: LabelSchema) -> RemoteProject:
        """Find or make the place of this campaign in the tool; calling it again changes nothing."""
        ...

    def find(self, keys: Collection[str]) -> Mapping[str, tuple[RemoteRef, ...]]:
        """Return *every* live copy of each of these keys, oldest first; absent keys are left out.

        All copies, because a driver that woke up late may have made a second one, and the repair
        must see it.
        """
        ...

    def create(self, uploads: Sequence[Upload]) -> Mapping[str, RemoteRef]:
        """Make a remote unit for each upload, without looking whether one exists.

        An error says nothing about how many were made: the caller finds out by `find`.
        """
        ...

    def changes(self, cursor: Cursor | None) -> tuple[Sequence[Event], Cursor]:
        """Return what people did since `cursor` (None: ever), and where the next poll begins.

        At least once, in the order of `Event.at`; the same act keeps its fingerprint. Only what a
        person submitted (or skipped, edited, deleted) is reported; drafts never are.
        """
        ...

    def cancel(self, refs: Collection[RemoteRef]) -> Mapping[RemoteRef, CancelResult]:
        """Withdraw units that nobody has answered.

        A unit with any answer or skip is left alone and reported `ANSWERED`: nothing a person gave
        is ever deleted. Cancelling what is gone already reports `CANCELLED`.
        """
        ...


@runtime_checkable
class Replays(Protocol):
    """A backend that can also say, free of charge, what its people would answer."""

    def replay(self, item: ItemId, opinions: int) -> Sequence[tuple[str, Value | None]]:
        """Return the first `opinions` (person, answer) pairs on `item`; None is a skip."""
        ...


@runtime_checkable
class HandsOver(Protocol):
    """A tool in which somebody's work can be given to somebody else."""

    def hand_over(self, ref: RemoteRef, giver: str, taker: str) -> bool:
        """Give what is the giver's of a unit to the taker, by login; repeating it changes nothing.

        False, and nothing is changed, where they have begun, or it is not theirs.
        """
        ...
