"""The embedder `callable`: a function of the user's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from auto_labeling.embedders.kept import Kept
from auto_labeling.errors import AutoLabelingError, ConfigurationError
from auto_labeling.files import content_digest
from auto_labeling.models.outside_code import check_name, code_in, function_of
from auto_labeling.pictures import Pictures

_EXAMPLE = "embed.py:embed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Function(Kept):
    """What `function` makes of a list of texts, a list of paths of pictures, or (n, p) numbers.

    It returns (n, d) finite numbers, a row for each, and each row depends on its own item only:
    items come in parts, and those that were embedded before are not asked about again.
    """

    function: str
    """`embed.py:embed`, in a file beside the campaign file, or `package.module:embed`."""
    sha256: str | None = None
    """The digest of that file: it is loaded only while its bytes have it."""
    version: str = "1"
    """Change it where the function embeds differently though its file is the same: a package."""
    reads: ClassVar[frozenset[str]] = frozenset({"image", "row", "text"})

    def __post_init__(self) -> None:
        check_name("function", self.function, self.sha256, _EXAMPLE)

    def check(self, base: Path) -> None:
        """Read the file, where there is one; nothing of it is run."""
        code_in("function", self.function, self.sha256, base)

    def open(self, base: Path, learned: bytes | None = None) -> Called:  # noqa: ARG002 - the port's
        """Return the function, loaded."""
        code = code_in("function", self.function, self.sha256, base)
        try:
            function = function_of("function", self.function, code)
        except (AutoLabelingError, MemoryError):
            raise
        except Exception as error:  # code from outside raises anything
            raise self._blamed(f"cannot be loaded: {type(error).__name__}: {error}") from error
        return Called(settings=self, function=function)

    def _blamed(self, what: str) -> ConfigurationError:
        return ConfigurationError(f"function: {self.function} {what}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Called:
    """The function, ready."""

    settings: Function
    function: Any

    @property
    def digest(self) -> str:
        settings = self.settings
        code = settings.sha256.lower() if settings.sha256 else settings.function
        name = settings.function.rpartition(":")[2]
        return content_digest(["callable", 1, code, name, settings.version])

    def embed(self, contents: Any) -> NDArray[np.floating[Any]]:
        given = [str(path) for path in contents] if isinstance(contents, Pictures) else contents
        try:
            said = self.function(given)
        except (AutoLabelingError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - code from outside raises anything
            # Neither its words nor itself: they may quote the items, which may be sealed.
            raise self.settings._blamed(f"failed on {len(contents)} items: {_met(error)}") from None
        try:
            if np.iscomplexobj(said):
                raise self.settings._blamed("returned complex numbers, expected (n, d) real ones")
            return np.asarray(said, dtype=np.float32)
        except (TypeError, ValueError, RuntimeError) as error:  # the last: of a tensor's gradients
            raise self.settings._blamed(
                f"returned no (n, d) numbers: {type(error).__name__}"
            ) from None


def _met(error: Exception) -> str:
    """Return what happened and where, without what it says."""
    place = extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in line {place.lineno} of {Path(place.filename).name}"
