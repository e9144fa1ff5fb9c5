"""One person before one picture: what they see of it, and how their hand draws it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from auto_labeling.backends.simulated.chance import count, draws, normals
from auto_labeling.backends.simulated.framing import framed
from auto_labeling.backends.simulated.people import Person
from auto_labeling.formats.labeled import bounds
from auto_labeling.records import ItemId, LabelSchema
from auto_labeling.shapes import Box, Polygon, Shape

_LEAST = 0.1
"""Nobody draws an object narrower than this share of its side."""
_USUAL = (0.05, 0.3)
"""Sides of what is seen where nothing is: at least, at most, as shares of the picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """Everything that decides what is drawn but the truth and what is shown."""

    seed: int
    person: Person
    item: ItemId
    ordinal: int
    schema: LabelSchema

    def overlooks(self, number: int) -> bool:
        """Return whether the person does not see an object, by its number in the truth."""
        return self._draws("object", number)[0] < self.person.skill.misses

    def is_led(self, what: str, number: int) -> bool:
        """Return whether the person trusts the suggestion in one matter."""
        return self._draws(what, number)[0] < self.person.skill.anchoring

    def believed(self, shape: Shape, number: int) -> str:
        """Return the class that the person takes an object for."""
        chance = self._draws("object", number)[1]
        return self.person.choose(shape.label, chance, self.schema.classes)

    def drawn(self, shape: Shape, number: int) -> Shape:
        """Return an object as the person draws it: each edge is a little beside its place."""
        jitter = self.person.skill.jitter
        slips = normals(self.seed, "edges", self.person.name, self.item, self.ordinal, number)
        left, top, right, bottom = bounds(shape)
        across, along = jitter * (right - left), jitter * (bottom - top)
        frame = (
            *_span(left + across * slips[0], right + across * slips[1], left, right),
            *_span(top + along * slips[2], bottom + along * slips[3], top, bottom),
        )
        return replace(
            framed(shape, (frame[0], frame[2], frame[1], frame[3])),
            label=self.believed(shape, number),
            score=None,
        )

    def imagined(self, truth: Sequence[Shape]) -> Iterator[Shape]:
        """Yield what the person sees where nothing is: as large as an object of the picture.

        On a picture without objects masks are not imagined, as nobody knows how large it is.
        """
        often, *_ = self._draws("extras")
        for number in range(count(often, self.person.skill.extras)):
            which, label, across, down = self._draws("extra", number)
            form = truth[int(which * len(truth))] if truth else self._usual(number)
            if form is None:
                return
            left, top, right, bottom = bounds(form)
            wide, high = right - left, bottom - top
            left, top = across * (1 - wide), down * (1 - high)
            yield replace(
                framed(form, (left, top, left + wide, top + high)),
                label=self.schema.classes[int(label * len(self.schema.classes))],
                score=None,
            )

    def _usual(self, number: int) -> Shape | None:
        least, most = _USUAL
        wide, high, _, _ = (least + (most - least) * x for x in self._draws("size", number))
        name = self.schema.classes[0]
        match self.schema.task:
            case "boxes":
                return Box(label=name, x=0, y=0, width=wide, height=high)
            case "polygons":
                corners = ((0.0, 0.0), (wide, 0.0), (wide, high), (0.0, high))
                return Polygon(label=name, points=corners)
        return None

    def _draws(self, purpose: str, *about: str | int) -> tuple[float, ...]:
        return draws(self.seed, purpose, self.person.name, self.item, self.ordinal, *about)


def _span(begins: float, ends: float, true_begin: float, true_end: float) -> tuple[float, float]:
    """Return where a side is drawn from and to, within the picture and never turned around."""
    begins, ends = max(begins, 0.0), min(ends, 1.0)
    if ends - begins < _LEAST * (true_end - true_begin):
        return true_begin, true_end
    return begins, ends
