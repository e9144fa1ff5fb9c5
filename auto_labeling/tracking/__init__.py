"""Where experiments are looked at: MLflow, or nowhere."""

from auto_labeling.tracking.mlflow_tracker import MLflowTracker
from auto_labeling.tracking.nowhere import NoTracker
from auto_labeling.tracking.store import import_mlflow

__all__ = ["MLflowTracker", "NoTracker", "import_mlflow"]
