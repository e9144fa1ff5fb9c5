"""A model let loose on a large folder: what it has seen once is kept, and never predicted again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from auto_labeling.arguments import whole_number
from auto_labeling.by_hand.journal import Journal
from auto_labeling.by_hand.looking import Looked, chunks, contents_of, looked_at
from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import Detects

_VERSION = re.compile(r"[\w.,+-]{1,100}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preannotated:
    """What a run came to; iterating reads the pictures' predictions back, in their order."""

    journal: Path
    names: tuple[str, ...]
    """The model's classes."""
    digests: Mapping[Path, str] = field(repr=False)
    """Of the pictures that have a line in the journal: the sha256 of their bytes."""
    predicted: int
    """How many pictures this run has looked at; the others were known, or put aside."""
    quarantined: Mapping[Path, str] = field(repr=False)
    """Path -> why it was put aside."""

    def __iter__(self) -> Iterator[Looked]:
        with Journal.read(self.journal) as journal:
            for path, digest in self.digests.items():
                yield journal.look_up(digest, path)

    def __len__(self) -> int:
        return len(self.digests)


def preannotate(
    detector: Detects, pictures: Sequence[Path], into: Path, *, version: str, chunk: int = 1
) -> Preannotated:
    """Let a detector look at pictures, and keep what it sees in `into/VERSION.jsonl`.

    A picture is known by its bytes, whatever it is called: run again, after a kill or with more
    pictures, only what the version has not seen is predicted. A kill costs at most the `chunk`
    that the detector was busy with; with 1, no picture that was predicted is predicted again.
    Files that are no pictures are put aside, and never end the run.
    """
    if not _VERSION.fullmatch(version):
        raise ConfigurationError(f"version: expected letters, digits and . , + -, got {version!r}")
    chunk = whole_number("chunk", chunk, 1)
    path = into / f"{version}.jsonl"
    digests: dict[Path, str] = {}
    quarantined: dict[Path, str] = {}
    predicted = 0
    with Journal.opened(path, detector.names) as journal:
        for some in chunks(dict.fromkeys(pictures), chunk):
            contents, unreadable = contents_of(some)
            quarantined |= {one: bad.problem for one, bad in unreadable.items()}
            named = {one: hashlib.sha256(content).hexdigest() for one, content in contents.items()}
            new = {at: one for one, at in named.items() if at not in journal}
            looked = looked_at(detector, {one: contents[one] for one in new.values()})
            journal.add(dict(zip(new, looked, strict=True)))
            predicted += sum(isinstance(one, Looked) for one in looked)
            for one, digest in named.items():
                if digest in journal.problems:
                    quarantined[one] = journal.problems[digest]
                else:
                    digests[one] = digest
    return Preannotated(
        journal=path,
        names=tuple(detector.names),
        digests=digests,
        predicted=predicted,
        quarantined=quarantined,
    )
