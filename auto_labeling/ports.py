"""The seams. What every implementation of a port promises is written here, once.

Each port has one abstract contract suite in `tests/contracts/`; every adapter passes it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auto_labeling.detections import Detections
from auto_labeling.pictures import Pictures
from auto_labeling.records import (
    CampaignId,
    CancelResult,
    Cursor,
    Event,
    Interval,
    ItemId,
    LabelSchema,
    Micros,
    RemoteProject,
    RemoteRef,
    Upload,
    Value,
)
from auto_labeling.shapes import Shape
from auto_labeling.view import PoolView


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


class Model(Protocol):
    """Anything that fits and predicts: every scikit-learn classifier is one."""

    classes_: NDArray[Any]

    def fit(self, X: Any, y: ArrayLike) -> Any:
        """Learn from (n, p) features and (n,) class positions."""
        ...

    def predict_proba(self, X: Any) -> NDArray[np.floating[Any]]:
        """Return (n, len(classes_)) probabilities."""
        ...


@runtime_checkable
class Embeds(Protocol):
    """A model that maps items to points in which near means alike."""

    def embed(self, X: Any) -> NDArray[np.floating[Any]]:
        """Return (n, d)."""
        ...


@runtime_checkable
class SamplesPosterior(Protocol):
    """A model that can disagree with itself: a committee, an ensemble, dropout."""

    def sample_proba(self, X: Any) -> NDArray[np.floating[Any]]:
        """Return (n, k, m) probabilities of m members."""
        ...


@runtime_checkable
class Detects(Protocol):
    """A model that finds objects on pictures."""

    @property
    def names(self) -> tuple[str, ...]:
        """The classes that it knows; `Detections.labels` are positions among them."""
        ...

    def detect(self, pictures: Pictures, *, mirrored: bool = False) -> Detections:
        """Return what it sees, surest first; nothing is left out but what is almost nothing.

        Boxes are of the pictures as people see them, turned by their EXIF orientation. With
        `mirrored` the pictures are looked at in a mirror, and what is seen is turned back. Raises
        `DataError` that names a picture which cannot be read.
        """
        ...


@runtime_checkable
class WarmStarts(Protocol):
    """A model that is trained for long, and may begin where another's training ended."""

    checkpoints: Path | None
    """Where it may write while it is trained; None: a folder that is gone afterwards."""
    on_epoch: Callable[[int, int, Mapping[str, float]], object] | None
    """Told after every epoch: how many are done, how many there will be at most, the losses."""

    def started_from(self, other: Any) -> Self:
        """Return an unfitted copy that begins from what another model has learned."""
        ...


@runtime_checkable
class LearnsDrawings(Detects, Protocol):
    """A detector that learns from what people draw."""

    def learn(
        self, pictures: Pictures, drawn: Sequence[tuple[Shape, ...]], schema: LabelSchema
    ) -> None:
        """Learn from n pictures with what is drawn on each; nothing is an answer too.

        Training begins from the weights that the model was made with.
        """
        ...


class Scorer(Protocol):
    """How much each candidate is worth asking about.

    A class that says `rowwise = True` promises that a score depends on its candidate alone, and on
    what is labeled: it may then be asked in chunks.
    """

    @property
    def needs(self) -> frozenset[str]:
        """The `PoolView` fields it reads."""
        ...

    def score(self, view: PoolView) -> NDArray[np.float64]:
        """Return (n,) finite scores; higher = ask sooner."""
        ...


class QueryStrategy(Protocol):
    """Which candidates to ask about next."""

    @property
    def needs(self) -> frozenset[str]:
        """The `PoolView` fields it reads."""
        ...

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (min(size, n),) distinct positions, best first; `view` is left unchanged."""
        ...


@runtime_checkable
class KnowsChances(Protocol):
    """A strategy that draws with chances it can say: estimates from its picks can be weighted."""

    def selection_probabilities(self, view: PoolView, size: int) -> NDArray[np.float64]:
        """Return (n,) each candidate's chance to be in a batch; their sum is its size."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One opinion that counts in a consensus."""

    item_id: ItemId
    person: str
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a consensus made of the votes on one item."""

    item_id: ItemId
    value: Value | None
    """None where the votes do not decide."""
    confidence: float
    """Share of, or posterior for, the winning value, in [0, 1]."""
    votes: int


class ModelSettings(Protocol):
    """What the campaign file says about a model: the class a model's `TABLE` row names.

    It may say by class attributes what is not so for most: `learns = False` for no model at all,
    `tasks`, the label tasks it can learn (single and multi), and `reads = "pictures"` for one that
    looks at the pictures themselves instead of features.
    """

    def build(self, seed: int, base: Path = Path()) -> Model:
        """Return an unfitted model; `base` is what relative paths are relative to."""
        ...


@runtime_checkable
class ChecksFiles(Protocol):
    """Settings of a model that begins with files, which are missed before anything is bought."""

    def check(self, base: Path, task: str) -> None:
        """Raise `ConfigurationError` for a file that is absent, another, or of no use for `task`.

        `base` is what relative paths are relative to. Nothing is loaded or imported for it.
        """
        ...


class Consensus(Protocol):
    """Many opinions in, one verdict an item out."""

    def resolve(self, votes: Sequence[Vote], schema: LabelSchema) -> Sequence[Verdict]:
        """Return one verdict for every item that has a vote, in order of first appearance."""
        ...


class StoppingRule(Protocol):
    """When a campaign has bought enough."""

    kind: ClassVar[Literal["target", "exhausted", "rule"]]
    """What sort of end it brings; the exit code goes by it."""

    def metrics(self) -> frozenset[str]:
        """Return the names of the metrics it looks at, so that they are computed."""
        ...

    def reason(self, progress: Progress) -> str | None:
        """Return why to stop now, as a sentence for the report, or None to go on."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """What the labels of one round changed in a model's predictions on the pool."""

    before: int
    """How many labels the model before had learned from."""
    items: int
    """How many the newer model has learned from."""
    changed: float
    """Share of the items whose predicted class changed."""
    gain: float
    """By how much that raised the share that is right, as the newer model's probabilities say."""
    uncertainty: float
    """Mean entropy on what is not labeled, as a share of the largest; nan where all of it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a stopping rule may look at, oldest round first."""

    rounds: int
    metrics: Mapping[str, Sequence[Interval]]
    """By metric name (`accuracy`, or `recall/person` for one class): one estimate a round."""
    items: Sequence[int]
    """Items labeled so far, at each round's evaluation."""
    committed_micros: Sequence[Micros]
    candidates_left: int
    now: Micros
    agreement: Sequence[float] = ()
    """Cohen's kappa between the predictions of each round and of the one before."""
    shifts: Sequence[Shift] = ()
    """What each round changed in the predictions; a round whose model is the first has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One figure of a curve; (series, step) is written once, ever."""

    series: str
    step: int
    value: float


class Tracker(Protocol):
    """Where experiments are looked at. A mirror: losing it loses nothing."""

    def open_run(self, campaign: CampaignId, round: int | None, name: str) -> str:
        """Find by tags, or make, the run of a campaign (round None) or a round; return its id."""
        ...

    def steps(self, run: str, series: str) -> frozenset[int]:
        """Return the steps of a series that are there already."""
        ...

    def log(self, run: str, points: Sequence[Point]) -> None:
        """Add points; the caller has made sure that they are absent."""
        ...

    def describe(self, run: str, params: Mapping[str, str], tags: Mapping[str, str]) -> None:
        """Set parameters and tags; repeating equal ones changes nothing."""
        ...

    def artifact(self, run: str, path: Path, folder: str = "") -> None:
        """Keep a copy of a file; the same name again replaces it."""
        ...

    def model(self, run: str, model: Model, name: str, alias: str) -> None:
        """Log the model, register it under `name`, and point `alias` at it."""
        ...

    def close(self, run: str, status: Literal["FINISHED", "FAILED"]) -> None:
        """Mark a run as ended; an ended run may be opened again."""
        ...


class Clock(Protocol):
    """The time people live in: real, or that of simulated people."""

    def now(self) -> Micros:
        """Return UTC microseconds; never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return when `seconds` have passed."""
        ...


class Waker(Protocol):
    """Ends a wait for people early. A hint: whoever is woken looks, and may find nothing."""

    def wake(self, campaign: CampaignId) -> None:
        """End the wait of whoever waits for this campaign, now or the next time; twice is once."""
        ...

    def wait(self, campaign: CampaignId, seconds: float) -> bool:
        """Return True once this campaign is woken, or False when `seconds` have passed."""
        ...


class Secrets(Protocol):
    """Where passwords and tokens come from; YAML holds references only."""

    def resolve(self, reference: Mapping[str, str]) -> str:
        """Return the secret of `{env: NAME}`, `{file: PATH}` or `{block: NAME}`."""
        ...
