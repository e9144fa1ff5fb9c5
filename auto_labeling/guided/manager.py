"""The engine of the guided loop: learns from a project's answers, and orders what is left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from auto_labeling.auditing.contents import Contents, contents_of
from auto_labeling.backends.label_studio.reading import (
    ReadProject,
    picture,
    read_project,
    touched,
)
from auto_labeling.backends.label_studio.steering import SteeringClient
from auto_labeling.clocks import SystemClock
from auto_labeling.errors import DataError
from auto_labeling.formats.codec import KEY
from auto_labeling.formats.opinions import LabeledTask
from auto_labeling.guided.learning import PREFIX, Learned, Recommendation, Training, learn
from auto_labeling.ports import Clock

_SAMPLING = "Uncertainty sampling"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A project that can be chosen."""

    number: int
    title: str
    tasks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A model that somebody has connected to the project."""

    title: str
    url: str
    works: bool


class ActiveLearningManager:
    """Learns from the answers in a Label Studio project, and orders what is left by uncertainty.

    The project must ask for one class of texts or pictures. Nothing is written before `predict`;
    then only predictions of our own versions, and by `recommend` the order in which tasks are
    served.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        *,
        control: str | None = None,
        random_state: int = 0,
        clock: Clock | None = None,
    ) -> None:
        self._client = SteeringClient(url, lambda: api_key)
        self._control = control
        self._seed = random_state
        self._clock = clock or SystemClock()
        self._read: ReadProject | None = None
        self._contents: tuple[tuple[str, ...], Contents] | None = None
        self._learned: Learned | None = None
        self._sent: str | None = None

    def projects(self) -> list[Choice]:
        """Return the projects of the server, newest first."""
        return [
            Choice(number=row["id"], title=row["title"] or "", tasks=row.get("task_number") or 0)
            for row in self._client.all_projects()
        ]

    def choose(self, project: int) -> ReadProject:
        """Read a project and go on with it. Raises `DataError` where it cannot be learned from."""
        read = read_project(self._client, project, self._control)
        if read.schema.task != "single" or read.layout.way not in ("text", "html", "image"):
            raise DataError(
                f"project {project}: expected one class of each text or picture, got "
                f"{read.schema.task} of {read.layout.way}"
            )
        if any(KEY in row["data"] for row in read.rows):
            # Among its tasks are such that judge models: who answers them must see no prediction.
            raise DataError(
                f"project {project}: expected one without a campaign; this one's shows its own "
                "model's suggestions, where `preannotate` says so"
            )
        if self._read is None or self._read.number != project:
            self._contents, self._learned, self._sent = None, None, None
        self._read = read
        return read

    def backends(self) -> list[Connected]:
        """Return the models that others have connected to the project."""
        return [
            Connected(
                title=str(row.get("title") or "untitled"),
                url=str(row.get("url")),
                works=row.get("state") == "CO",
            )
            for row in self._client.ml_backends(self._chosen.number)
        ]

    def train(self) -> Training:
        """Read the project anew and learn from what most people say.

        Raises `DataError` where nothing can be learned yet.
        """
        read = self.choose(self._chosen.number)
        self._learned = learn(read, self._contents_of(read), self._seed)
        return self._learned.training

    def predict(self) -> int:
        """Show what the model says on every unlabeled task, and return on how many.

        Earlier predictions of ours are deleted, and no others; doing it again changes nothing.
        """
        learned, number = self._trained, self._chosen.number
        for version in self._client.model_versions(number):
            if version.startswith(PREFIX):
                self._client.drop_predictions(number, version)
        predictions = list(learned.predictions())
        self._client.add_predictions(number, predictions)
        self._sent = learned.training.version
        return len(predictions)

    def recommend(self, n_tasks: int = 10) -> list[Recommendation]:
        """Let the project serve what the model is least sure of first, and return the first tasks.

        Predictions are made where they are not there yet.
        """
        learned, number = self._trained, self._chosen.number
        version = learned.training.version
        if self._sent != version:
            self.predict()
        if not learned.tasks:
            return []
        self._client.change_project(number, sampling=_SAMPLING, model_version=version)
        return learned.least_certain(n_tasks, self._seed)

    def wait(
        self,
        answers: int = 1,
        *,
        timeout_s: float = 3600.0,
        poll_s: float = 2.0,
        progress: Callable[[int], object] = lambda _: None,
    ) -> int:
        """Return how many answers came since the project was last read: `answers`, or fewer when
        the time is up. `progress` is told the number so far after every look.
        """
        read = self._chosen
        before = {answer for task in read.tasks for answer in _answers(task)}
        new: set[str] = set()
        seen, end = read.seen, self._clock.now() + int(timeout_s * 1e6)
        while True:
            tasks, seen = touched(self._client, read, seen, self._clock.now())
            new |= {answer for task in tasks for answer in _answers(task)} - before
            progress(len(new))
            if len(new) >= answers or self._clock.now() >= end:
                return len(new)
            self._clock.sleep(poll_s)

    @property
    def _chosen(self) -> ReadProject:
        if self._read is None:
            raise DataError("no project is chosen yet; call choose first")
        return self._read

    @property
    def _trained(self) -> Learned:
        if self._learned is None:
            raise DataError("nothing is learned yet; call train first")
        return self._learned

    def _contents_of(self, read: ReadProject) -> Contents:
        """Return what the tasks hold; read once, because pictures are fetched one by one."""
        ids = tuple(task.task_id for task in read.tasks)
        if self._contents is None or self._contents[0] != ids:
            items = [task.item for task in read.tasks]
            found = contents_of(items, lambda uri: picture(self._client, read.number, uri))
            self._contents = (ids, found)
        contents = self._contents[1]
        if contents.features is None:
            raise DataError(
                f"project {read.number}: expected texts, or pictures kept on the server"
            )
        return contents


def _answers(task: LabeledTask) -> list[str]:
    return [one.answer_id for one in task.opinions if one.value is not None]
