from __future__ import annotations

import json
import subprocess
import sys

HEAVY = {
    "alembic",
    "cvat_sdk",
    "label_studio_sdk",
    "matplotlib",
    "mlflow",
    "numpy",
    "pandas",
    "prefect",
    "pyarrow",
    "pydantic",
    "scipy",
    "sklearn",
    "sqlalchemy",
    "torch",
}
"""Nothing of this is wanted by somebody who imports the package and asks for its version."""


def imported_by(statement: str) -> set[str]:
    """Return the top-level packages that a fresh interpreter has after `statement`."""
    script = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in json.loads(said.stdout)}


def test_importing_the_package_imports_nothing_heavy() -> None:
    assert not HEAVY & imported_by("import auto_labeling; auto_labeling.__version__")


def test_the_class_that_people_type_brings_no_orchestrator_tracker_or_tool() -> None:
    later = {"cvat_sdk", "label_studio_sdk", "mlflow", "prefect", "torch"}
    assert not later & imported_by("from auto_labeling import AutoLabelingPipeline")


def test_the_classes_that_choose_bring_neither() -> None:
    later = {"cvat_sdk", "label_studio_sdk", "matplotlib", "mlflow", "prefect", "torch"}
    names = "ActiveLearner, LabelingSession, compare_strategies"
    assert not later & imported_by(f"from auto_labeling import {names}")


def test_the_torch_session_brings_no_torch_before_there_is_a_module() -> None:
    later = {"matplotlib", "mlflow", "pandas", "prefect", "sklearn", "torch"}
    assert not later & imported_by("from auto_labeling import ActiveLearningSession")


def test_a_tool_s_client_brings_its_sdk_only_when_it_calls() -> None:
    later = {"cvat_sdk", "label_studio_sdk", "matplotlib", "mlflow", "prefect", "torch"}
    names = "CVATClient, LabelStudioClient, LabelStudioExporter, ProdigyExporter"
    assert not later & imported_by(f"from auto_labeling import {names}")


def test_what_serves_brings_no_sdk_before_it_is_asked() -> None:
    later = {"cvat_sdk", "label_studio_sdk", "matplotlib", "mlflow", "prefect", "torch"}
    assert not later & imported_by("from auto_labeling.serving.cvat import AutoAnnotation, create")
    wired = "import auto_labeling.serving.app, auto_labeling.serving.upkeep"
    assert not later & imported_by(wired)


def test_what_is_imported_is_seen() -> None:
    assert {"numpy", "auto_labeling"} <= imported_by("import auto_labeling.view")
