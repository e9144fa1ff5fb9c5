"""The keys of `preannotate` in the campaign file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from auto_labeling.errors import ConfigurationError
from auto_labeling.preannotation.rules import ObjectRules, Rules
from auto_labeling.shares import Share, share


@dataclass(frozen=True, slots=True, kw_only=True)
class Preannotate(ObjectRules):
    """Which of the model's answers people are shown as a start."""

    at_least: float | None = None
    """How sure the model has to be, in [0, 1]; by default of an answer not at all."""
    thresholds: str | Mapping[str, float] = "by_cost"
    """Of an object: by its class; or `by_cost`, unless `at_least` is named: where showing it saves
    people time, as what they did with others tells."""
    blind: Share = "10%"
    """Share of the items that are sent without one, to see how much people follow them."""

    def __post_init__(self) -> None:
        if self.at_least is not None and not 0 <= self.at_least <= 1:
            raise ConfigurationError(
                f"preannotate.at_least: expected a probability, got {self.at_least}"
            )
        if isinstance(self.thresholds, str) and self.thresholds != "by_cost":
            raise ConfigurationError(
                "preannotate.thresholds: expected by_cost, or scores by class, "
                f"got {self.thresholds!r}"
            )
        try:
            self.rules({})
        except ConfigurationError as error:
            raise ConfigurationError(f"preannotate.{error}") from error
        share("preannotate.blind", self.blind)

    @property
    def by_cost(self) -> bool:
        """Whether the seconds that an object saves decide whether it is shown."""
        return self.thresholds == "by_cost" and self.at_least is None

    def rules(self, learned: Mapping[str, float]) -> Rules:
        """Return what becomes of the objects that a model sees; `learned` are scores by class."""
        named = learned if isinstance(self.thresholds, str) else self.thresholds
        return Rules(
            at_least=self.at_least,
            thresholds=named,
            **{one.name: getattr(self, one.name) for one in fields(ObjectRules)},
        )

    @property
    def blind_share(self) -> float:
        """The blind share as a fraction."""
        return float(share("preannotate.blind", self.blind))
