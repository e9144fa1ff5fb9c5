"""A fitted model as the files MLflow keeps of it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from auto_labeling.ports import Model

_DISTRIBUTIONS = {"sklearn": "scikit-learn", "cv2": "opencv-python"}


@dataclass(frozen=True, slots=True)
class Probabilities:
    """A model as MLflow calls it."""

    model: Model

    def predict(self, model_input: Any) -> Any:
        """Return what the model's `predict_proba` does."""
        return self.model.predict_proba(model_input)


def save(model: Model, folder: Path) -> None:
    """Write `model` to `folder`; what is loaded from there predicts probabilities."""
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
    return sorted(f"{name}=={version}" for name in names if (version := _installed(name)))


def _installed(distribution: str) -> str | None:
    # This library itself is on no index: naming it would install a stranger's.
    if distribution in ("auto_labeling", "auto-labeling"):
        return None
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _load_pyfunc(path: str) -> Probabilities:
    """Return what `save` pickled; MLflow looks for a function of this name."""
    import joblib

    return Probabilities(joblib.load(path))
