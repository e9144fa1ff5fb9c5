"""The embedder `folder`: a sentence-transformers model that lies on this machine."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from auto_labeling.embedders.kept import Kept, at_least
from auto_labeling.errors import ConfigurationError
from auto_labeling.files import content_digest, sha256_of

_MISSING = (
    "path: a model folder is read by sentence-transformers, which is not installed; "
    "`pip install sentence-transformers` installs it"
)
_PICKLES = (".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth")


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder(Kept):
    """A folder as `SentenceTransformer.save` or `save_pretrained` writes it; nothing is downloaded.

    Its weights are safetensors: pickles, which run what is in them, are refused, and so is code of
    the folder's own.
    """

    path: str
    sha256: str | None = None
    """The folder's digest: it is loaded only while it has it. None: whatever lies there is."""
    batch: int = 32
    device: str = "cpu"
    reads: ClassVar[frozenset[str]] = frozenset({"text"})

    def __post_init__(self) -> None:
        at_least("batch", 1, self.batch)

    def check(self, base: Path) -> None:
        """Look at the files; no library is imported."""
        folder = base / Path(self.path).expanduser()
        if find_spec("sentence_transformers") is None:
            raise ConfigurationError(_MISSING)
        if not any((folder / name).is_file() for name in ("modules.json", "config.json")):
            raise ConfigurationError(
                f"path: expected the folder of a model, with modules.json or config.json in it, "
                f"got {folder}"
            )
        if not any(folder.rglob("*.safetensors")):
            held = sorted(one.name for one in folder.rglob("*") if one.suffix in _PICKLES)
            there = f"it holds {held[0]}, which is a pickle" if held else "it holds no weights"
            raise ConfigurationError(
                f"path: expected weights in {folder} that are safetensors, {there}; "
                "`model.save_pretrained(FOLDER)` writes them"
            )
        if self.sha256 is not None and (got := digest_of(folder)) != self.sha256.lower():
            raise ConfigurationError(
                f"sha256: expected {self.sha256} for {folder}, got {got}: it is another model"
            )

    def open(self, base: Path, learned: bytes | None = None) -> Sentences:  # noqa: ARG002 - the port's
        """Return the model; its library is imported when it first embeds."""
        self.check(base)
        return Sentences(settings=self, folder=base / Path(self.path).expanduser())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sentences:
    """The model in a folder."""

    settings: Folder
    folder: Path

    @property
    def digest(self) -> str:
        return content_digest(["folder", 1, digest_of(self.folder)])

    def embed(self, contents: Any) -> NDArray[np.float32]:
        model = _loaded(self.folder, self.settings.device, digest_of(self.folder))
        points = model.encode(
            list(contents),
            batch_size=self.settings.batch,
            convert_to_numpy=True,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return np.asarray(points, dtype=np.float32)


def digest_of(folder: Path) -> str:
    """Return the sha256 over the names and contents of the files in a folder: 64 hex digits."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    about = tuple((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files)
    return _digest(folder, about)


@lru_cache(maxsize=8)  # weights are large, and a campaign asks at every step
def _digest(folder: Path, about: tuple[tuple[str, int, int], ...]) -> str:
    digest = hashlib.sha256()
    for name, _, _ in about:
        inside = Path(name).relative_to(folder).as_posix()
        digest.update(f"{inside}\x1f{sha256_of(Path(name))}\x1e".encode())
    return digest.hexdigest()


@lru_cache(maxsize=1)
def _loaded(folder: Path, device: str, _digest: str) -> Any:
    from sentence_transformers import SentenceTransformer

    try:
        return SentenceTransformer(
            str(folder),
            device=device,
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )
    except Exception as error:  # the library raises anything for a folder that is no model
        raise ConfigurationError(
            f"path: {folder} cannot be loaded as a model: {type(error).__name__}: "
            f"{str(error).splitlines()[0] if str(error) else 'it says no more'}"
        ) from error
