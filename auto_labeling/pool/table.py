"""The pool kind `table`: texts, or rows of numbers, in a CSV, JSONL or Parquet file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.pool.cells import names_in, numeric_names, shown, texts_in
from auto_labeling.pool.columns import Columns, read_columns, row_name, table_suffix
from auto_labeling.pool.features import inspect, number_block
from auto_labeling.pool.npy import array_candidates
from auto_labeling.pool.rows import ArrayRows, Rows, row_hashes
from auto_labeling.pool.screen import Candidates, screen, why_empty
from auto_labeling.pool.source import Payload, SourceRows
from auto_labeling.pool.texts import HashedTexts, text_hash
from auto_labeling.pool.twins import folded_hash
from auto_labeling.records import LabelSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of a table file.

    With `text` people are shown that column, and models learn from hashed words unless `features`
    names columns. Without, people are shown the row, and its content is its features.
    """

    path: str
    text: str | None = None
    features: tuple[str, ...] | None = None
    """Columns of numbers; omitted: every numeric column."""
    id: str | None = None
    """This and the next two: omitted, the column of that very name, if there is one."""
    group: str | None = None
    label: str | None = None
    hash_width: int = 1024
    heldout: str | None = None
    """A table with the same columns and a label, or an npz with X and y."""

    def __post_init__(self) -> None:
        if self.features is not None:
            named = _names(self.features)
            object.__setattr__(self, "features", named)
            if taken := set(named) & {self.text, self.id, self.group, self.label}:
                raise ConfigurationError(
                    f"pool.features: {sorted(map(str, taken))} cannot be text, id, group or label"
                )
        if not self.path:
            raise ConfigurationError("pool.path: expected a table file, got nothing")
        if self.hash_width < 2:
            raise ConfigurationError(f"pool.hash_width: expected 2 or more, got {self.hash_width}")

    @property
    def location(self) -> str:
        """Return the path of the file."""
        return self.path

    @property
    def origin(self) -> str | None:
        """Return the file, because rows move when others are put in front."""
        return self.path

    def read(self, base: Path, schema: LabelSchema | None = None) -> SourceRows:
        """Return the usable rows of the file."""
        return self._usable(read_columns(base / self.path), schema)

    def read_heldout(self, base: Path, schema: LabelSchema) -> SourceRows | None:
        """Return the held-out rows, whose columns are called as here; id and group may lack."""
        if self.heldout is None:
            return None
        if table_suffix(Path(self.heldout)) != ".npz":
            return self._usable_heldout(read_columns(base / self.heldout), schema)
        if self.text:
            raise DataError(
                f"{self.heldout}: expected a table with the column {self.text!r}, because held-out "
                "texts are compared with the pool; an npz has no texts"
            )
        source = replace(self, path=self.heldout, heldout=None)
        found = array_candidates(
            source, base, features=f"{self.heldout}:X", labels=f"{self.heldout}:y"
        )
        return screen(found, schema)

    def where(self, reference: str) -> str:
        """Return the file and the row."""
        return row_name(self.path, reference)

    def payloads(self, base: Path, references: Sequence[str]) -> Iterator[Payload | None]:
        """Read the rows again from the user's file."""
        columns = read_columns(base / self.path)
        standing = {str(row): at for at, row in enumerate(columns.rows)}
        found = [standing.get(reference) for reference in references]
        taken = [at for at in found if at is not None]
        some = replace(columns, table=columns.table.take(taken), rows=columns.rows[taken])
        present = self._text_payloads(some) if self.text else self._row_payloads(some)
        for at in found:
            yield None if at is None else next(present)

    def paths(
        self,
        base: Path,  # noqa: ARG002 - no row is a file
        references: Sequence[str],
    ) -> Iterator[None]:
        """Yield None throughout: a row of a table is no picture."""
        return iter([None] * len(references))

    def _usable(self, columns: Columns, schema: LabelSchema | None) -> SourceRows:
        if not len(columns.rows):
            raise DataError(why_empty(self.path, columns.quarantined))
        return screen(self._texts(columns) if self.text else self._numbers(columns), schema)

    def _usable_heldout(self, columns: Columns, schema: LabelSchema) -> SourceRows:
        alike = replace(
            self,
            path=str(self.heldout),
            heldout=None,
            id=self.id if self.id in columns.names else None,
            group=self.group if self.group in columns.names else None,
        )
        return alike._usable(columns, schema)

    def _texts(self, columns: Columns) -> Candidates:
        texts = texts_in(columns, str(self.text), "pool.text")
        bad = {at: "its text is empty" for at, text in enumerate(texts) if not text.strip()}
        features: Rows = HashedTexts(texts=texts, width=self.hash_width)
        if self.features:
            features = ArrayRows(array=number_block(columns, self.features))
            bad = {**inspect(features, self.features)[1], **bad}
        hashes = [text_hash(text) for text in texts]
        found = self._candidates(columns, hashes, features, bad, self.features)
        return replace(found, twins=[folded_hash(text) for text in texts])

    def _numbers(self, columns: Columns) -> Candidates:
        names = self.features or numeric_names(columns, self._not_content(columns))
        if not names:
            raise DataError(
                f"{columns.path}: expected pool.text or numeric columns, got {list(columns.names)}"
            )
        features = ArrayRows(array=number_block(columns, names))
        hashes, bad = inspect(features, names)
        return self._candidates(columns, hashes, features, bad, names)

    def _candidates(
        self,
        columns: Columns,
        hashes: Sequence[str],
        features: Rows,
        bad: Mapping[int, str],
        names: tuple[str, ...] | None,
    ) -> Candidates:
        return Candidates(
            source=replace(self, features=names),
            references=[str(row) for row in columns.rows],
            content_hashes=hashes,
            features=features,
            feature_names=names,
            ids=_optional(columns, self.id, "id"),
            groups=_optional(columns, self.group, "group"),
            labels=_optional(columns, self.label, "label"),
            bad=bad,
            quarantined=columns.quarantined,
        )

    def _text_payloads(self, some: Columns) -> Iterator[Payload]:
        for text in texts_in(some, str(self.text), "pool.text"):
            yield Payload(content_hash=text_hash(text), text=text)

    def _row_payloads(self, some: Columns) -> Iterator[Payload]:
        hidden = self._not_content(some)
        names = self.features or numeric_names(some, hidden)
        hashes = row_hashes(number_block(some, names))
        visible = some.table.select([name for name in some.names if name not in hidden])
        for content_hash, row in zip(hashes, visible.to_pylist(), strict=True):
            cells = {name: shown(cell) for name, cell in row.items()}
            yield Payload(content_hash=content_hash, row=cells)

    def _not_content(self, columns: Columns) -> list[str]:
        named = {"id": self.id, "group": self.group, "label": self.label}
        return [
            given or usual for usual, given in named.items() if (given or usual) in columns.names
        ]


def _names(given: object) -> tuple[str, ...]:
    """Return the columns that YAML named, which may be a list."""
    if not isinstance(given, list | tuple) or not given:
        raise ConfigurationError(f"pool.features: expected a list of columns, got {given!r}")
    return tuple(map(str, given))


def _optional(columns: Columns, given: str | None, usual: str) -> list[str | None] | None:
    """Return the cells of a column that must be there if it was named, and may be if not."""
    if given is None and usual not in columns.names:
        return None
    return names_in(columns, given or usual, f"pool.{usual}")
