"""A fitted model as the files MLflow keeps of it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from auto_labeling.detections import Detections
from auto_labeling.pictures import Pictures
from auto_labeling.ports import Detects, Model

if TYPE_CHECKING:
    import pandas as pd

_DISTRIBUTIONS = {"sklearn": "scikit-learn", "cv2": "opencv-python"}


@dataclass(frozen=True, slots=True)
class Probabilities:
    """A model of classes as MLflow calls it."""

    model: Model

    def predict(self, model_input: Any) -> Any:
        """Return what `predict_proba` does of features, or of pictures by their paths."""
        first = np.asarray(model_input).ravel()[:1]
        named = all(isinstance(one, str | PathLike) for one in first)
        return self.model.predict_proba(_pictures(_paths(model_input)) if named else model_input)


@dataclass(frozen=True, slots=True)
class Objects:
    """A detector as MLflow calls it."""

    model: Detects

    def predict(self, model_input: Any) -> pd.DataFrame:
        """Return a row for each object on pictures given by their paths, surest first on each.

        Edges are fractions of the picture; a mask is as COCO's uncompressed run lengths are.
        """
        paths = _paths(model_input)
        return _frame(self.model.detect(_pictures(paths)), paths, self.model.names)


def save(model: Model, folder: Path) -> None:
    """Write `model` to `folder`; what is loaded from there predicts probabilities, or objects."""
    import joblib
    import mlflow.pyfunc
    import mlflow.sklearn
    from sklearn.base import BaseEstimator

    # Named, because finding them out runs the model in a process of its own for 12 s.
    requirements = requirements_of(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's advice about signatures and pickles
        if isinstance(model, BaseEstimator):
            mlflow.sklearn.save_model(
                model,
                str(folder),
                serialization_format="cloudpickle",
                pyfunc_predict_fn="predict_proba",
                pip_requirements=requirements,
            )
        else:
            pickled = folder.with_name("pickled")
            joblib.dump(model, pickled)
            mlflow.pyfunc.save_model(
                str(folder),
                loader_module=__name__,
                data_path=str(pickled),
                pip_requirements=requirements,
            )


def requirements_of(model: object) -> list[str]:
    """Return what has to be installed, at the versions of here, to load and run `model`."""
    top_level = type(model).__module__.partition(".")[0]
    names = {"cloudpickle", "joblib", "mlflow", "numpy", "scikit-learn", "scipy"}
    names.add(_DISTRIBUTIONS.get(top_level, top_level))
    names.update(getattr(model, "requires", ()))  # what it imports when it is used
    return sorted(f"{name}=={version}" for name in names if (version := _installed(name)))


def _installed(distribution: str) -> str | None:
    # This library itself is on no index: naming it would install a stranger's.
    if distribution in ("auto_labeling", "auto-labeling"):
        return None
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _load_pyfunc(path: str) -> Probabilities | Objects:
    """Return what `save` pickled; MLflow looks for a function of this name."""
    import joblib

    model = joblib.load(path)
    # A network that can learn either has `classes_` once it has learned classes.
    return Probabilities(model) if hasattr(model, "classes_") else Objects(model)


def _paths(model_input: Any) -> list[Any]:
    """Return one path, or those of a list, an array or the one column of a frame."""
    return list(np.asarray(model_input, dtype=object).ravel())


def _pictures(paths: Sequence[Any]) -> Pictures:
    return Pictures(tuple(map(Path, paths)))


def _frame(seen: Detections, paths: Sequence[Any], names: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    columns: dict[str, Any] = {
        "picture": [str(paths[at]) for at in seen.pictures],
        "label": [names[label] for label in seen.labels],
        "score": seen.scores,
        **dict(zip(("x", "y", "width", "height"), seen.boxes.T, strict=True)),
    }
    if seen.masks is not None:
        columns["mask"] = [
            {"size": [one.height, one.width], "counts": list(one.runs)} for one in seen.masks
        ]
    return pd.DataFrame(columns)
