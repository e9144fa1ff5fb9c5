"""The pool kind `cvat_export`: the pictures of a CVAT project, as its XML exports hold them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.files import sha256_of
from auto_labeling.formats.cvat.names import content_in
from auto_labeling.pool.cvat_files import read_exports
from auto_labeling.pool.listing import find_images
from auto_labeling.pool.picture_files import expect_picture, folder_of, see_pictures
from auto_labeling.pool.pixels import MODES, Colors
from auto_labeling.pool.screen import Candidates, screen, why_empty
from auto_labeling.pool.source import Payload, SourceRows
from auto_labeling.records import LabelSchema

_MAX_SIZE = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class CVATExport:
    """Pictures of CVAT tasks, ours or not, with the classes that most people gave them as tags.

    The features and the ids are those of `images`: a picture that a pool of images holds is the
    same item. Export what is finished: a file does not say which jobs are.
    """

    export: str | tuple[str, ...]
    """What CVAT's export `CVAT for images 1.1` wrote, of a project, a task or a job, as the archive
    or the XML in it; or what `auto-label audit --tool cvat --save` wrote. Several are opinions on
    the pictures that they have in common."""
    files: str
    """The folder in which the pictures lie, under the names that CVAT shows; those that a campaign
    uploaded are known by their content, wherever they lie in it."""
    group_by: str | None = None
    """`folder`: pictures of one folder below `files` are never told apart by a split."""
    at_least: int = 1
    """How many people must have answered a picture for its label to count."""
    size: int = 16
    """Features are size x size pixels."""
    colors: Colors = "gray"
    heldout: str | None = None
    """Another export of pictures below `files`, whose labels judge."""

    def __post_init__(self) -> None:
        if not isinstance(self.export, str):
            object.__setattr__(self, "export", tuple(self.export))
        if not self.export or not self.files:
            raise ConfigurationError("pool: expected export and files, got an empty one")
        if not 1 <= self.size <= _MAX_SIZE or self.at_least < 1:
            raise ConfigurationError(
                f"pool: expected a size of 1 to {_MAX_SIZE} and at_least 1 or more, got "
                f"{self.size} and {self.at_least}"
            )
        if self.colors not in MODES or self.group_by not in (None, "folder"):
            raise ConfigurationError(
                f"pool: expected colors out of {list(MODES)} and group_by folder, got "
                f"{self.colors!r} and {self.group_by!r}"
            )

    @property
    def location(self) -> str:
        """Return the path of the first file."""
        return self._exports[0]

    @property
    def origin(self) -> str | None:
        """Return None: every picture is an origin of its own, as for `images`."""
        return None

    @property
    def _exports(self) -> tuple[str, ...]:
        return (self.export,) if isinstance(self.export, str) else self.export

    def read(self, base: Path, schema: LabelSchema | None = None) -> SourceRows:
        """Return the pictures that can be opened; with a schema, those with an agreed label."""
        found = read_exports([base / one for one in self._exports], schema, self.at_least)
        if not found:
            raise DataError(why_empty(self.location, ()))
        bad: dict[int, str] = {}
        if schema is not None:  # without, a picture is something to be labeled
            unlabeled = [(at, one.refused) for at, one in enumerate(found) if one.label is None]
            bad = {at: refused or "it has no label" for at, refused in unlabeled}
        references = self._references([one.name for one in found], base)

        def content(at: int) -> bytes:
            return expect_picture(self._read(base / references[at], base))

        seen = see_pictures(len(found), content, self.size, self.colors)
        candidates = Candidates(
            source=self,
            references=references,
            content_hashes=seen.content_hashes,
            features=seen.features,
            groups=[folder_of(one.name) for one in found] if self.group_by else None,
            labels=[one.label for one in found],
            bad=bad | seen.bad,
        )
        return screen(candidates, schema)

    def read_heldout(self, base: Path, schema: LabelSchema) -> SourceRows | None:
        """Return the pictures of the other export."""
        if self.heldout is None:
            return None
        return replace(self, export=self.heldout, heldout=None).read(base, schema)

    def where(self, reference: str) -> str:
        """Return the path of the picture."""
        return reference

    def payloads(self, base: Path, references: Sequence[str]) -> Iterator[Payload | None]:
        """Read the pictures again; the uri is an absolute path."""
        for reference in references:
            path = base / reference
            content = self._read(path, base)
            if content is None:
                yield None
            else:
                digest = hashlib.sha256(content).hexdigest()
                yield Payload(content_hash=digest, uri=str(path.absolute()))

    def paths(self, base: Path, references: Sequence[str]) -> Iterator[Path]:
        """Yield the files."""
        return ((base / reference).absolute() for reference in references)

    def _references(self, names: Sequence[str], base: Path) -> list[str]:
        """Return paths from `base`, so that pool and workspace can be moved together."""
        paths = [base / self.files / name for name in names]
        sought = {at: digest for at, name in enumerate(names) if (digest := content_in(name))}
        if sought:
            lying = _by_content(base / self.files, set(sought.values()))
            for at, digest in sought.items():
                paths[at] = lying.get(digest, paths[at])
        inside = (path.relative_to(base) if path.is_relative_to(base) else path for path in paths)
        return [path.as_posix() for path in inside]

    def _read(self, path: Path, base: Path) -> bytes | None:
        """Return a picture below `files`; None for what lies elsewhere, or cannot be read."""
        try:
            inside = path.resolve().is_relative_to((base / self.files).resolve())
            return path.read_bytes() if inside else None
        except (OSError, ValueError):  # a name that no file can have
            return None


def _by_content(folder: Path, wanted: Collection[str]) -> Mapping[str, Path]:
    """Return how a content hash begins -> the first picture of that content in a folder."""
    found: dict[str, Path] = {}
    for one in find_images(".", folder) if folder.is_dir() else []:
        try:
            digest = sha256_of(one.path)[:16]
        except OSError:
            continue
        if digest in wanted:
            found.setdefault(digest, one.path)
    return found
