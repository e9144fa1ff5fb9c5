"""A model's classes as the campaign's, by their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auto_labeling.detections import Detections
from auto_labeling.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassMapping:
    """Which class of the campaign each class of a model is.

    A name that is mapped by hand goes before one that is the same, and that before one that differs
    by case alone.

    >>> mapping = ClassMapping.by_name(("Car", "truck", "dog"), ("vehicle", "car"),
    ...                                {"truck": "vehicle"})
    >>> mapping.positions
    (1, 0, None)
    """

    names: tuple[str, ...]
    """The model's classes."""
    positions: tuple[int | None, ...]
    """The campaign's class of each, by position; None where it has none."""

    @classmethod
    def by_name(
        cls, names: Sequence[str], classes: Sequence[str], by_hand: Mapping[str, str]
    ) -> ClassMapping:
        """Return the mapping. Raises `ConfigurationError` for a name that nobody has.

        A model that has learned the campaign's own classes needs no mapping by hand.
        """
        for ours in by_hand.values():
            if ours not in classes:
                raise ConfigurationError(
                    f"classes: expected classes out of {list(classes)}, got {ours!r}"
                )
        foreign = not set(names) <= set(classes)
        if foreign and (strange := sorted(set(by_hand) - set(names))):
            raise ConfigurationError(
                f"classes: the model knows {list(names)[:20]}, and no {strange[0]!r}"
            )
        exact = {name: at for at, name in enumerate(classes)}
        folded = {name.casefold(): at for at, name in reversed(list(enumerate(classes)))}
        found = (exact.get(by_hand.get(name, name), folded.get(name.casefold())) for name in names)
        return cls(names=tuple(names), positions=tuple(found))

    @property
    def labels(self) -> NDArray[np.intp]:
        """Return (len(names),) the campaign's class of each of the model's; -1 where none."""
        return np.array([-1 if at is None else at for at in self.positions], np.intp)

    def dropped(self, detections: Detections) -> Mapping[str, int]:
        """Return class of the model -> how many objects have no class in the campaign."""
        unmapped = detections.labels[self.labels[detections.labels] < 0]
        return Counter(self.names[at] for at in unmapped.tolist())
