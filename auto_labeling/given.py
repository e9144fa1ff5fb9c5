"""What is typed in Python, written as the files and the keys of a campaign file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from auto_labeling import models
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.files import sha256_of, write_atomically
from auto_labeling.formats.coco import encode_coco
from auto_labeling.formats.coco_reading import read_coco
from auto_labeling.formats.labeled import Labeled
from auto_labeling.formats.value import encode_value
from auto_labeling.pool.pixels import size_of
from auto_labeling.records import LabelSchema, draws
from auto_labeling.sampling import names

_PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".gif", ".webp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A folder of the workspace, and what is asked about the data that is written into it."""

    folder: Path
    schema: LabelSchema

    @classmethod
    def of(cls, folder: Path, task: Any, classes: Sequence[str] | None, labeled: Any) -> Desk:
        """Return a desk for a task; the classes that are not told are those of what is labeled."""
        folder.mkdir(parents=True, exist_ok=True)
        named = None if classes is None else [str(name) for name in classes]
        asked = LabelSchema(task=task, classes=("any",) if task != "single" else ("any", "other"))
        found = _classes(labeled, drawn=asked.is_drawn) if named is None else named
        return cls(folder=folder, schema=LabelSchema(task=task, classes=tuple(found)))

    def pool(self, data: Any, heldout: Any) -> dict[str, Any]:
        """Return the source of what is to be labeled, and of what judges."""
        source = (
            self._pictures("pool", data, None) if self.schema.is_drawn else self._rows("pool", data)
        )
        if heldout is None:
            return source
        judges = self.labeled("heldout", heldout)
        if self.schema.is_drawn:
            return source | {"heldout": judges["path"], "heldout_images": judges["images"]}
        return source | {"heldout": judges["path"]}

    def labeled(self, name: str, data: Any) -> dict[str, Any]:
        """Return the source of data with labels."""
        if self.schema.is_drawn:
            X, y = (data, None) if is_file(data) else _pair(data)
            return self._pictures(name, X, y)
        return self._rows(name, *_pair(data))

    def model(self, model: Any) -> dict[str, Any]:
        """Return the model as a campaign file names it; one that was given is pickled."""
        if model is None:
            return {"kind": "logistic_regression"}
        if isinstance(model, Mapping):
            return {str(key): _placed(value) for key, value in model.items()}
        if isinstance(model, str):
            if model not in models.TABLE:
                raise ConfigurationError(
                    f"model: expected one of {', '.join(sorted(models.TABLE))}, got {model!r}"
                )
            return {"kind": model}
        if not (hasattr(model, "fit") and hasattr(model, "predict_proba")):
            raise ConfigurationError(
                f"model: expected something with fit and predict_proba, got {type(model).__name__}"
            )
        import joblib

        path = self.folder / "model.joblib"
        write_atomically(path, lambda file: joblib.dump(model, file))
        return {"kind": "pickled", "path": path.name, "sha256": sha256_of(path)}

    def tool(self, tool: Mapping[str, Any], api_key: str | None) -> dict[str, Any]:
        """Return the tool as a campaign file names it; its key lies in a file of its own."""
        if api_key is not None:
            write_atomically(self.folder / "token", api_key, private=True)
            shown = "password" if "user" in tool else "token"
            tool = {**tool, shown: {"file": str((self.folder / "token").resolve())}}
        truth = tool.get("truth")
        if truth is None or isinstance(truth, str | Path):
            return {key: _placed(value) for key, value in tool.items()}
        import pandas as pd

        frame = pd.DataFrame({"label": [self._text(label) for label in truth]})
        write_atomically(self.folder / "truth.csv", frame.to_csv(index=False))
        return {**tool, "truth": "truth.csv"}

    def _text(self, label: Any) -> str:
        return encode_value(tuple(label)) if self.schema.is_drawn else str(label)

    def _pictures(self, name: str, data: Any, drawn: Sequence[Any] | None) -> dict[str, Any]:
        """Return the source of pictures that are drawn on: referenced, not copied."""
        if is_file(data):
            path = Path(data).resolve()
            return {"kind": "coco", "path": str(path), "images": str(path.parent)}
        if not _are_pictures(data):
            raise DataError(f"{name}: expected a list of image paths or a COCO file (.json)")
        paths = [Path(one).resolve() for one in data]
        folder = Path(os.path.commonpath([path.parent for path in paths]))
        content = _bare(paths) if drawn is None else self._coco(name, paths, drawn)
        for picture in content["images"]:
            picture["file_name"] = paths[picture["id"] - 1].relative_to(folder).as_posix()
        write_atomically(self.folder / f"{name}.json", json.dumps(content, ensure_ascii=False))
        return {"kind": "coco", "path": f"{name}.json", "images": str(folder)}

    def _coco(self, name: str, paths: Sequence[Path], drawn: Sequence[Any]) -> Any:
        if len(drawn) != len(paths):
            raise DataError(f"{name}: {len(paths)} pictures and {len(drawn)} labels")
        labeled = [
            Labeled(
                number=at,
                item_id=str(at),
                value=tuple(shapes),
                picture=path.as_posix(),
                size=size_of(path),
            )
            for at, (path, shapes) in enumerate(zip(paths, drawn, strict=True), 1)
        ]
        return json.loads(encode_coco(labeled, self.schema)["annotations.json"])

    def _rows(self, name: str, X: Any, labels: Sequence[Any] | None = None) -> dict[str, Any]:
        frame, keys = _frame(X)
        if frame is None:  # image paths: referenced, not copied
            if labels is not None:
                raise DataError(
                    f"{name}: images with labels are read from folders; give `labeled` in a "
                    "campaign file as {kind: images, path: FOLDER, label_by: folder}"
                )
            listed = "\n".join(str(Path(path).resolve()) for path in X)
            write_atomically(self.folder / f"{name}.txt", listed)
            return {"kind": "images", "path": f"{name}.txt"}
        if labels is not None:
            if len(labels) != len(frame):
                raise DataError(f"{name}: {len(frame)} rows and {len(labels)} labels")
            frame = frame.assign(label=[str(label) for label in labels])
            keys = {**keys, "label": "label"}
        write_atomically(self.folder / f"{name}.parquet", frame.to_parquet)
        return {"kind": "table", "path": f"{name}.parquet", **keys}


def strategy_of(active_learning: str | Mapping[str, Any], task: str) -> dict[str, Any]:
    """Return a strategy as a campaign file names it.

    >>> strategy_of("uncertainty", "boxes")
    {'kind': 'top_k', 'scorer': {'kind': 'objects'}}
    """
    if isinstance(active_learning, Mapping):
        return dict(active_learning)
    if active_learning == "uncertainty" and draws(task):
        return {"kind": "top_k", "scorer": {"kind": "objects"}}
    return dict(names.written(active_learning, "active_learning"))


def is_file(data: Any) -> bool:
    """Whether what was given is the path of a file, and not the data itself."""
    return isinstance(data, str | Path)


def _classes(labeled: Any, *, drawn: bool) -> list[str]:
    if labeled is None:
        raise ConfigurationError(
            "classes: expected configure(classes=[...]), because no labeled data shows them"
        )
    if not drawn:
        return sorted({str(name) for name in _pair(labeled)[1]})
    if is_file(labeled):
        pictures = read_coco(Path(labeled).read_text(encoding="utf-8")).pictures
        return sorted({label for one in pictures for label, _ in one.annotations})
    return sorted({shape.label for shapes in _pair(labeled)[1] for shape in shapes})


def _pair(labeled: Any) -> tuple[Any, Sequence[Any]]:
    if isinstance(labeled, tuple) and len(labeled) == 2:
        return labeled
    if hasattr(labeled, "columns") and "label" in labeled.columns:
        return labeled.drop(columns="label"), list(labeled["label"])
    raise DataError(
        "labeled_data: expected (X, y) or a frame with the column 'label', got "
        f"{type(labeled).__name__}"
    )


def _bare(paths: Sequence[Path]) -> dict[str, Any]:
    images = [{"id": at} for at in range(1, len(paths) + 1)]
    return {"images": images, "annotations": [], "categories": []}


def _placed(value: Any) -> Any:
    """Return a path as it is found from elsewhere too."""
    if isinstance(value, Path) or (isinstance(value, str) and "." in value and _exists(value)):
        return str(Path(value).resolve())
    return value


def _exists(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # no name of a file at all
        return False


def _frame(X: Any) -> tuple[Any, dict[str, Any]]:
    """Return (frame, keys of the table source); no frame for image paths."""
    import pandas as pd

    if hasattr(X, "columns"):
        keys: dict[str, Any] = {"text": "text"} if "text" in X.columns else {}
        if "id" in X.columns:
            keys["id"] = "id"
        if "group" in X.columns:
            keys["group"] = "group"
        return X, keys
    if isinstance(X, np.ndarray) and X.dtype.kind in "fiub":
        flat = X.reshape(len(X), -1)
        columns = [f"feature_{at:04d}" for at in range(flat.shape[1])]
        return pd.DataFrame(flat, columns=columns), {"features": columns}
    values = list(X)
    if _are_pictures(values):
        return None, {}
    if all(isinstance(one, str) for one in values):
        return pd.DataFrame({"text": values}), {"text": "text"}
    raise DataError(
        "data: expected an array (n, d), a frame, a list of texts or of image paths, got a "
        f"{type(X).__name__} of {type(values[0]).__name__}"
    )


def _are_pictures(values: Any) -> bool:
    return all(
        isinstance(one, Path) or (isinstance(one, str) and one.lower().endswith(_PICTURES))
        for one in values
    )
