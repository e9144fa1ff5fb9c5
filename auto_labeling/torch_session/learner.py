"""The module of a session: as it began, as it is, and as people's labels alone had made it."""

from __future__ import annotations

from copy import deepcopy
from math import prod
from typing import Any

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.models.torch_device import threads_for, torch_device
from auto_labeling.models.torch_logits import as_logits
from auto_labeling.models.torch_module import TorchModule, are_probabilities, is_torch_module
from auto_labeling.models.torch_outputs import Said
from auto_labeling.models.torch_plan import Training
from auto_labeling.models.torch_student import NoisyStudent, taught
from auto_labeling.models.torch_training import Examples
from auto_labeling.semi_supervised.pseudo_labels import PseudoLabels
from auto_labeling.torch_session.given import Given
from auto_labeling.torch_session.proposing import Terms, proposed
from auto_labeling.torch_session.training_data import by_people, by_teacher

_TOLD_BY = 256  # crops whose outputs tell probabilities from logits where operations do not


class Learner:
    """Trains a module in place, always from the weights that it was handed in with."""

    def __init__(self, model: Any, crops: Any, device: str) -> None:
        if not is_torch_module(model):
            raise ConfigurationError(
                f"model: expected a torch.nn.Module, got a {type(model).__name__}"
            )
        self.model, self.device = model, str(torch_device(device))
        self._crops = crops
        self._says, outputs = self._seen()
        self.n_classes = 2 if outputs == 1 else outputs
        self._begun: Any = deepcopy(model).cpu()
        self.good: dict[str, Any] | None = None
        """Weights that no pseudo-label has touched; None where those of the module are such."""

    @property
    def net(self) -> TorchModule:
        """The module, where it can be asked."""
        return TorchModule(module=self.model, device=self.device)

    def proposed(self, labeler: Any, given: Given, terms: Terms) -> PseudoLabels:
        """Return what the module as it is would teach."""
        candidates = given.unlabeled
        return proposed(labeler, self.net, self._crops, candidates, given.targets, terms).taken

    def learn(
        self,
        given: Given,
        labeler: Any,
        terms: Terms,
        plan: Training,
        noisy: NoisyStudent,
        seed: int,
    ) -> PseudoLabels:
        """Train on people's labels, then a student on what is taken, which is returned.

        Without a labeler nothing is taken.
        """
        last = PseudoLabels.none()

        def teach(teacher: Any) -> Examples | None:
            nonlocal last
            if labeler is None:
                return None
            net = TorchModule(module=teacher.inner, device=self.device)
            found = proposed(labeler, net, self._crops, given.unlabeled, given.targets, terms)
            if not len(found.taken):
                return None
            last = found.taken
            chances = found.chances if noisy.soft else None
            return by_teacher(self._crops, found.taken, chances)

        with threads_for(plan.batch * prod(self._crops.shape[1:])):
            made = taught(self._made, by_people(self._crops, given), teach, plan, seed, noisy)
        self.good = None
        learned = made.teacher
        if made.student is not None:
            self.good, learned = _weights(made.teacher.inner), made.student
        self.adopt(_weights(learned.inner))
        return last

    def keep_good(self) -> None:
        """Remember the weights that the module has, unless pseudo-labels may be in them."""
        if self.good is None:
            self.good = _weights(self.model)

    def go_back(self) -> None:
        """Give the module the weights that no pseudo-label has touched."""
        if self.good is not None:
            self.adopt(self.good)
            self.good = None

    def weights(self) -> dict[str, Any]:
        """Return all weights there are, to be saved."""
        return {"now": _weights(self.model), "begun": _weights(self._begun), "good": self.good}

    def take_back(self, saved: dict[str, Any]) -> None:
        """Take over weights that were saved; `DataError` where they are another module's."""
        try:
            self._begun.load_state_dict(saved["begun"])
            self.adopt(saved["now"])
        except RuntimeError as error:
            raise DataError(
                f"model: expected the module that the session was saved with ({error})"
            ) from error
        self.good = saved["good"]

    def adopt(self, weights: dict[str, Any]) -> None:
        """Put these weights into the module."""
        self.model.load_state_dict(weights)
        self.model.to(self.device).eval()

    def _made(self) -> Any:
        return as_logits(deepcopy(self._begun), self._says)

    def _seen(self) -> tuple[Said, int]:
        """Return what the outputs are, and how many there are an input."""
        net, some = self.net, self._crops[:_TOLD_BY]
        said, outputs = net.says(some), net.outputs(some)
        if outputs.ndim > 2 or len(outputs) != len(some) or outputs[:1].size == 0:
            raise ConfigurationError(
                f"model: expected one output a crop, ({len(some)},) or ({len(some)}, 1), or one a "
                f"class, ({len(some)}, k), got {outputs.shape}"
            )
        if said == "unknown":
            said = "probabilities" if are_probabilities(outputs, said) else "logits"
        return said, int(outputs[:1].size)


def _weights(module: Any) -> dict[str, Any]:
    return {name: part.detach().cpu().clone() for name, part in module.state_dict().items()}
