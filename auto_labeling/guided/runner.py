"""The guided loop: asks, does, and says what came of it, until somebody has enough."""

from __future__ import annotations

import math
from collections.abc import Callable

from auto_labeling.errors import AutoLabelingError
from auto_labeling.guided.manager import ActiveLearningManager

_MENU = "[t]rain, [p]redict, [r]ecommend, [w]ait or [q]uit? "


class ActiveLearningRunner:
    """Leads a person through active learning on a Label Studio project.

    `ask` puts a question and returns the answer, `say` says a sentence. What goes wrong is said,
    and the loop goes on.
    """

    def __init__(
        self,
        manager: ActiveLearningManager,
        *,
        ask: Callable[[str], str] = input,
        say: Callable[[str], object] = print,
    ) -> None:
        self._manager = manager
        self._ask = ask
        self._say = say

    def run(self, project: int | None = None) -> None:
        """Choose a project, unless it is given, and do what is asked for until `q` or no more."""
        steps = {
            "t": self._train,
            "p": self._predict,
            "r": self._recommend,
            "w": self._wait,
        }
        try:
            self._choose(project)
            while (word := self._ask(_MENU).strip().lower()[:1]) != "q":
                step = steps.get(word)
                if step is None:
                    continue
                try:
                    step()
                except AutoLabelingError as error:
                    self._say(f"{error}.".replace("..", "."))
        except EOFError:  # nobody is there any more
            return

    def _choose(self, project: int | None) -> None:
        if project is None:
            choices = self._manager.projects()
            for one in choices:
                self._say(f"{one.number:>6}  {one.title} ({one.tasks:,} tasks)")
            numbers = {str(one.number) for one in choices}
            while (word := self._ask("Which project? ").strip()) not in numbers:
                self._say(f"Expected one of the {len(numbers)} numbers above.")
            project = int(word)
        read = self._manager.choose(project)
        answered = sum(bool(task.votes()) for task in read.tasks)
        self._say(f"{read.title}: {answered:,} of {len(read.tasks):,} tasks are answered.")
        connected = self._manager.backends()
        for backend in connected:
            state = "works" if backend.works else "does not answer"
            self._say(f"ML backend {backend.title} at {backend.url} {state}.")
        if not connected:
            self._say("No ML backend is connected; none is needed here.")

    def _train(self) -> None:
        self._say("Reading the project and learning ...")
        done = self._manager.train()
        judged = (
            "too few to say how good it is"
            if math.isnan(done.agreeing)
            else f"a model that has not seen them agrees with {done.agreeing:.1%}"
        )
        self._say(f"Learned from {done.labels:,} labels ({judged}); {done.unlabeled:,} tasks left.")

    def _predict(self) -> None:
        self._say(f"{self._manager.predict():,} tasks show what the model says.")

    def _recommend(self) -> None:
        found = self._manager.recommend()
        if not found:
            self._say("Nothing is left to recommend.")
            return
        self._say("Label Studio now serves what the model is least sure of first:")
        for one in found:
            self._say(f"  task {one.task_id}: {one.label}? ({one.probability:.1%})")

    def _wait(self) -> None:
        word = self._ask("For how many answers? ").strip()
        wanted = int(word) if word.isdigit() and int(word) else 1
        last = -1

        def progress(new: int) -> None:
            nonlocal last
            if new != last:
                self._say(f"{new:,} of {wanted:,} answers; Ctrl-C ends the wait.")
                last = new

        try:
            self._manager.wait(wanted, progress=progress)
        except KeyboardInterrupt:
            self._say("No longer waiting; the answers stay where they are.")
