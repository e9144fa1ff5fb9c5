"""Rules that have to agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import Progress, StoppingRule


@dataclass(frozen=True, slots=True, kw_only=True)
class AllOf:
    """Fires when every one of its rules does: `all_of: {stable_predictions: true, plateau: 1}`.

    The rules under `stop` itself need nothing like it: the first of them that fires ends it.
    """

    kind: ClassVar[Literal["target", "exhausted", "rule"]] = "rule"
    rules: tuple[StoppingRule, ...]

    def __post_init__(self) -> None:
        if not self.rules:
            raise ConfigurationError("stop.all_of: expected at least one rule, got none")

    def metrics(self) -> frozenset[str]:
        return frozenset().union(*(rule.metrics() for rule in self.rules))

    def reason(self, progress: Progress) -> str | None:
        found = [rule.reason(progress) for rule in self.rules]
        said = [sentence for sentence in found if sentence is not None]
        return "; and ".join(said) if len(said) == len(found) else None
