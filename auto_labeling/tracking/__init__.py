"""Where experiments are looked at: MLflow, or nowhere."""

from auto_labeling.tracking.mlflow_tracker import MLflowTracker
from auto_labeling.tracking.nowhere import NoTracker

__all__ = ["MLflowTracker", "NoTracker"]
