"""A labeling tool that is a list: every copy of every upload, and who has answered what."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from auto_labeling.errors import TransientError
from auto_labeling.ports import Traits
from auto_labeling.records import (
    CampaignId,
    CancelResult,
    Cursor,
    Event,
    LabelSchema,
    RemoteProject,
    RemoteRef,
    Upload,
)


@dataclass(slots=True)
class Shelf:
    """An `AnnotationBackend` whose every copy a test can see and answer."""

    traits: Traits = field(default_factory=Traits)
    copies: list[RemoteRef] = field(default_factory=list)
    answered: set[RemoteRef] = field(default_factory=set)
    told: list[Event] = field(default_factory=list)
    """What `changes` says, again and again: at least once is all that a tool promises."""
    breaks_after: int | None = None
    """After so many copies, `create` fails with the rest not made."""
    made: int = 0
    uploads: list[Upload] = field(default_factory=list)
    """Everything that `create` was given."""
    begun: set[RemoteRef] = field(default_factory=set)
    """What somebody works on, so that it is handed to nobody else."""
    handed: list[tuple[RemoteRef, str, str]] = field(default_factory=list)
    holds: int | None = None
    """After so many have been handed over, the tool is out of order."""

    def prepare(self, campaign: CampaignId, schema: LabelSchema) -> RemoteProject:
        return RemoteProject(project_id=campaign)

    def find(self, keys: Collection[str]) -> Mapping[str, tuple[RemoteRef, ...]]:
        found = {key: tuple(ref for ref in self.copies if ref.key == key) for key in keys}
        return {key: refs for key, refs in found.items() if refs}

    def create(self, uploads: Sequence[Upload]) -> Mapping[str, RemoteRef]:
        made: dict[str, RemoteRef] = {}
        for upload in uploads:
            if len(made) == self.breaks_after:
                raise TransientError("the connection broke; something may have been made")
            self.made += 1
            self.uploads.append(upload)
            made[upload.key] = RemoteRef(key=upload.key, remote_id=str(self.made))
            self.copies.append(made[upload.key])
        return made

    def changes(self, cursor: Cursor | None) -> tuple[Sequence[Event], Cursor]:
        return list(self.told), str(len(self.told))

    def cancel(self, refs: Collection[RemoteRef]) -> Mapping[RemoteRef, CancelResult]:
        gone = [ref for ref in refs if ref not in self.answered]
        self.copies = [ref for ref in self.copies if ref not in gone]
        return {
            ref: CancelResult.CANCELLED if ref in gone else CancelResult.ANSWERED for ref in refs
        }

    def hand_over(self, ref: RemoteRef, giver: str, taker: str) -> bool:
        if len(self.handed) == self.holds:
            raise TransientError("the connection broke")
        if ref not in self.begun:
            self.handed.append((ref, giver, taker))
        return ref not in self.begun
