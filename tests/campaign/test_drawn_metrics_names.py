from __future__ import annotations

import pytest

from auto_labeling.campaign.metric_names import ITEMS, check_metrics, drawn
from auto_labeling.campaign.metrics import LOSSES, OVERALL, PER_CLASS
from auto_labeling.errors import ConfigurationError
from auto_labeling.records import LabelSchema

CLASSES = ("person", "a/b")


@pytest.mark.parametrize("task", ["boxes", "polygons", "masks"])
def test_every_metric_of_a_task_passes(task: str) -> None:
    names = drawn(task)
    schema = LabelSchema(task=task, classes=CLASSES)  # type: ignore[arg-type]
    full = [*names.overall, *(f"{kind}/{one}" for kind in names.per_class for one in CLASSES)]
    check_metrics(full, schema)
    assert ("miou" in full) == (task != "boxes")


def test_items_have_the_metrics_that_are_computed() -> None:
    assert {*ITEMS.overall} == {*OVERALL, *LOSSES}
    assert {*ITEMS.per_class} == {*PER_CLASS}


@pytest.mark.parametrize(
    ("task", "metric", "said"),
    [
        (
            "boxes",
            "accuracy",
            (
                r"metric 'accuracy': expected one of map50, map50_95, map50/<class>, "
                r"map50_95/<class>, precision/<class>, recall/<class>, because the task is 'boxes'$"
            ),
        ),
        ("boxes", "miou", "expected one of map50, map50_95, map50/<class>"),
        ("masks", "map", "did you mean 'map50'"),
        ("masks", "dice/persn", "'persn' is not among the classes; did you mean 'person'"),
        ("boxes", "recall", r"recall/<class>, because the task is 'boxes'"),
        ("single", "map50", r"metric 'map50': expected one of accuracy, .*f1/<class>"),
    ],
)
def test_a_metric_that_the_task_has_not_is_named(task: str, metric: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        check_metrics([metric], LabelSchema(task=task, classes=CLASSES))  # type: ignore[arg-type]
