"""`ActiveLearningSession`: crops out, labels in, and a torch module that learns from them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auto_labeling.arguments import whole_number
from auto_labeling.errors import DataError
from auto_labeling.models.torch_plan import Training
from auto_labeling.models.torch_student import PLAIN, NoisyStudent
from auto_labeling.records import Interval
from auto_labeling.sampling.sampler import Seed, seed_of
from auto_labeling.semi_supervised.pseudo_labels import PseudoLabels
from auto_labeling.torch_session import saving
from auto_labeling.torch_session.asking import asked, expect_strategy
from auto_labeling.torch_session.crops import digest, tensor_of
from auto_labeling.torch_session.given import Given
from auto_labeling.torch_session.learner import Learner
from auto_labeling.torch_session.proposing import Terms, expect_labeler
from auto_labeling.torch_session.state import State
from auto_labeling.torch_session.training_data import TrainingData, training_data

ALL_LABELS = Training(patience=None)
"""Few labels are better learned from than held out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraining:
    """What a module learned from."""

    labels: int
    """Of people; 0 where nothing was learned."""
    pseudo_labels: int
    reason: str | None
    """Why pseudo-labels were not learned, or nothing at all; None where they were."""


class ActiveLearningSession:
    """Hands out crops to label, and trains a torch module on labels and pseudo-labels.

    Args:
        model: a module that maps crops to one logit or probability, of the second of two classes,
            or to k of them. It is trained in place; every training begins from the weights that it
            has now, so that a round takes over no mistake of the last.
        all_crops: the pool: a tensor or array (n, ...), a list of either, or Pillow's pictures of
            one size.
        query_strategy: a `HybridQueryStrategy`, an `ExpectedGradient`, anything with
            `select_batch(model, unlabeled, batch_size, device)`, or a strategy of
            `auto_labeling.strategies`.
        pseudo_labeler: a `PseudoLabeler`, or None to learn from people alone.
        device: as torch names them; `auto` is a CUDA device where there is one.
        terms: how much pseudo-labels count, and when they end.
        training: how the module is trained.
        cold_start: a strategy, as `query_strategy`, for the crops before the first label; None: the
            same one, which is right where the module knows something already.
        random_state: of training, lots and strategies that draw; with it a session is repeatable.

    Pseudo-labels are audited: by lot, a share of each batch is drawn among the crops that carry
    one. Where people refute them they are off for good, see `pseudo_off_reason`, and the module
    gets the weights back that people's labels alone had given it.
    """

    def __init__(
        self,
        model: Any,
        all_crops: Any,
        query_strategy: Any,
        pseudo_labeler: Any = None,
        device: str = "cpu",
        *,
        terms: Terms | None = None,
        training: Training = ALL_LABELS,
        cold_start: Any = None,
        random_state: Seed = None,
    ) -> None:
        for strategy in (query_strategy, cold_start or query_strategy):
            expect_strategy(strategy)
        self._crops = tensor_of(all_crops)
        self._learner = Learner(model, self._crops, device)
        expect_labeler(pseudo_labeler, self._learner.n_classes)
        self._strategy, self._cold_start = query_strategy, cold_start or query_strategy
        self._labeler, self._terms = pseudo_labeler, terms or Terms()
        self._training = training
        given = Given(n_crops=len(self._crops), n_classes=self._learner.n_classes)
        self._state = State(given=given, seed=seed_of(random_state))

    @property
    def model(self) -> Any:
        """The module, as it has learned last."""
        return self._learner.model

    @property
    def labels(self) -> dict[int, int]:
        """People's labels: position in the pool -> class, in the order they came."""
        return dict(self._state.given.labels)

    @property
    def pseudo_off_reason(self) -> str | None:
        """Why pseudo-labels are off; None while they are not."""
        return self._state.off

    @property
    def pseudo_precision(self) -> Interval:
        """How often people agree with pseudo-labels, with exact 95 % limits; nan before audits."""
        return self._state.judgement(self._terms.precision).precision

    def get_next_batch(self, n: int) -> NDArray[np.intp]:
        """Return (min(n, u),) positions of the u unlabeled crops, the strategy's choice first.

        What was handed out and not answered comes back after the next retraining, or as soon as the
        rest of the pool runs out.
        """
        size, given, rng = whole_number("n", n), self._state.given, self._state.asking()
        unlabeled = given.unlabeled
        free = unlabeled[~np.isin(unlabeled, list(given.held))]
        drawn = self._state.audit.draw(free, size, self._terms.audit, rng)
        chosen = self._asked(np.setdiff1d(free, drawn), size - len(drawn), rng)
        missing = size - len(drawn) - len(chosen)
        again = self._asked(np.setdiff1d(unlabeled, free), missing, rng)
        given.hand_out(drawn, chosen=False)
        given.hand_out(chosen, chosen=True)
        return np.concatenate([chosen, drawn, again])

    def add_labels(self, indices: ArrayLike, labels: ArrayLike, *, replace: bool = False) -> None:
        """Take people's labels (b,) of positions (b,): classes from 0 to k - 1.

        All are taken, or `DataError` says why none is. A crop that has a label keeps it, unless
        `replace` says that people have thought better of it.
        """
        given = self._state.given
        new = given.checked(indices, labels, replace=replace)
        given.take(new)
        if self._state.audit.hear(new, given.chosen) or replace:
            self._look_at_the_audit()

    def get_training_data(self) -> TrainingData:
        """Return what there is to learn from: labels, and what the module as it is would add.

        For training of your own: pseudo-labels that are returned are audited from here on, and
        where they are refuted, the module gets the weights back that it has now.
        """
        given, taken = self._state.given, PseudoLabels.none()
        if self._alone() is None:
            taken = self._learner.proposed(self._labeler, given, self._terms_now())
        if len(taken):
            self._learner.keep_good()
            self._state.audit.carry(taken)
        return training_data(self._crops, given, taken)

    def retrain_model(
        self,
        epochs: int | None = None,
        *,
        training: Training | None = None,
        noisy: NoisyStudent = PLAIN,
    ) -> Retraining:
        """Train on people's labels, and then a student on what that model is sure of as well.

        `epochs` and `training` are of this call. Where labels show one class, nothing is learned;
        `DataError` where there are none. The pseudo-labeler's threshold makes one step.
        """
        state, alone = self._state, self._alone()
        if not state.given.labels:
            raise DataError("retrain_model: expected labels to learn from; call add_labels first")
        state.given.held.clear()
        if state.one_class() is not None:
            return Retraining(labels=0, pseudo_labels=0, reason=state.one_class())
        plan = replace(training or self._training, device=self._learner.device)
        plan = plan if epochs is None else replace(plan, epochs=epochs)
        labeler = self._labeler if alone is None else None
        taken = self._learner.learn(
            state.given, labeler, self._terms_now(), plan, noisy, state.training()
        )
        state.audit.carried.clear()
        state.audit.carry(taken)
        state.rounds += 1
        if labeler is not None and hasattr(labeler, "step"):
            labeler.step()
            state.steps += 1
        if alone is None and not len(taken):
            alone = "the pseudo-labeler took no crop, or crops of one class only"
        return Retraining(labels=len(state.given.labels), pseudo_labels=len(taken), reason=alone)

    def save(self, path: Path | str) -> None:
        """Write labels, what is handed out, audits and weights into one file; no crops."""
        content = {
            "pool": digest(self._crops),
            "state": self._state.plain(),
            "weights": self._learner.weights(),
        }
        saving.write(content, Path(path))

    @classmethod
    def resume(
        cls,
        path: Path | str,
        model: Any,
        all_crops: Any,
        query_strategy: Any,
        pseudo_labeler: Any = None,
        device: str = "cpu",
        **settings: Any,
    ) -> Self:
        """Return a saved session that goes on as it would have gone on.

        All arguments are those that the first one was made with; the module gets its weights back,
        and the pseudo-labeler the steps that it had made.
        """
        saved = saving.read(Path(path))
        session = cls(model, all_crops, query_strategy, pseudo_labeler, device, **settings)
        if saved["pool"] != digest(session._crops):
            raise DataError(f"all_crops: expected the pool that {path} was saved with")
        session._state = State.read(saved["state"])
        session._learner.take_back(saved["weights"])
        if hasattr(pseudo_labeler, "reset"):
            pseudo_labeler.reset()  # it may be the one that the first session stepped
        for _ in range(session._state.steps if hasattr(pseudo_labeler, "step") else 0):
            pseudo_labeler.step()
        return session

    def _alone(self) -> str | None:
        """Return why people's labels are all there is to learn from; None where they are not."""
        if self._labeler is None:
            return "there is no pseudo-labeler"
        return self._state.one_class() or self._state.off

    def _terms_now(self) -> Terms:
        """Return the terms, lighter where people agree less often than was claimed."""
        terms = self._terms
        lighter = self._state.judgement(terms.precision).weight
        return replace(terms, weight=terms.weight * lighter) if lighter else terms

    def _asked(
        self, candidates: NDArray[np.intp], size: int, rng: np.random.Generator
    ) -> NDArray[np.intp]:
        given = self._state.given
        strategy = self._strategy if given.labels else self._cold_start
        known = given.positions, given.targets
        return asked(strategy, self._learner.net, self._crops, candidates, known, size, rng)

    def _look_at_the_audit(self) -> None:
        judgement = self._state.judgement(self._terms.precision)
        if self._state.off is None and judgement.act == "stop":
            self._state.off = judgement.reason
            self._state.audit.carried.clear()
            self._learner.go_back()
