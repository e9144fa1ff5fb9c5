"""What the backends' contract asks people about: items of every kind, and what they say of each."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

from auto_labeling.records import (
    Ask,
    Event,
    EventKind,
    Item,
    LabelSchema,
    Purpose,
    Upload,
    Value,
    ask_id,
    upload_key,
)

CAMPAIGN = "contract-0badcafe"
CLASSES = ("chat & <b>chien</b>", "ねこ", 'a "quoted" class')
SINGLE = LabelSchema(task="single", classes=CLASSES, abstain=("cannot tell",))
MULTI = LabelSchema(task="multi", classes=CLASSES)


def label_of(item_id: str, schema: LabelSchema = SINGLE) -> Value:
    """Return what people say about an item: the same on every run."""
    first = crc32(item_id.encode()) % len(CLASSES)
    if schema.task == "single":
        return CLASSES[first]
    return tuple(name for at, name in enumerate(CLASSES) if (first + at) % 2)


def text_items(count: int, prefix: str = "item") -> list[Item]:
    """Return items without a picture."""
    return [Item(item_id=f"{prefix}-{n}", text=f"text {n}") for n in range(count)]


STRANGE_ITEMS = [
    Item(item_id="写真/7 'é' \u2028 \x1f", text="a line\u2028separator, a tab\t and é"),
    Item(item_id="<script>&amp;", text='<img src=x onerror="alert(1)"> & "quotes"'),
    Item(item_id="x" * 300, text="x" * 10_000),
    Item(item_id=" ", text="\n"),
]
ALL_ITEMS = [*text_items(600), *STRANGE_ITEMS]
"""Everything that a test may ask about."""


def upload_of(items: Sequence[Item], *, opinions: int = 1, ordinal: int = 0) -> Upload:
    """Return the unit that asks for `opinions` on each item, from the `ordinal`-th on."""
    asks = tuple(
        Ask(
            ask_id=ask_id(CAMPAIGN, item.item_id, number),
            item_id=item.item_id,
            round=0,
            ordinal=number,
            purpose=Purpose.TRAIN,
            price_micros=50_000,
        )
        for item in items
        for number in range(ordinal, ordinal + opinions)
    )
    key = upload_key(CAMPAIGN, [ask.ask_id for ask in asks])
    return Upload(key=key, items=tuple(items), asks=asks)


def answers(events: Sequence[Event]) -> list[Event]:
    """Return the events that are about an answer, without the states of jobs."""
    return [event for event in events if event.kind is not EventKind.JOB_STATE]


def new(events: Sequence[Event], known: Sequence[Event]) -> list[Event]:
    """Return the events whose acts are not among the known ones."""
    seen = {event.fingerprint for event in known}
    return [event for event in events if event.fingerprint not in seen]
