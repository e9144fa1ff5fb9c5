"""What people are shown as a start, and what they are never shown."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from auto_labeling import config
from auto_labeling.annotation_times import AnnotationTimes
from auto_labeling.campaign import suggesting
from auto_labeling.campaign.schema import items
from auto_labeling.campaign.transition import newest_model
from auto_labeling.detections import Detections
from auto_labeling.errors import ConfigurationError
from auto_labeling.preannotation.settings import Preannotate
from auto_labeling.records import LabelSchema, Side, Upload
from tests.support.campaigns import CLASSES, template
from tests.support.office import Office, office


def second_round(open_office: Office) -> list[Upload]:
    """Answer the first round and return what was sent in the second."""
    first = len(open_office.shelf.uploads)
    for at, item in enumerate(open_office.items):
        open_office.act(item, "mia", CLASSES[at % len(CLASSES)])
    open_office.goes_on()
    sent = open_office.shelf.uploads[first:]
    assert sent
    return sent


@pytest.mark.parametrize(
    ("rule", "seconds"),
    [
        ({"thresholds": {"disc": 0.99}}, 3.67),  # squares are shown from .25 on
        ({"thresholds": {"disc": 0.25, "square": 0.99}}, 10.8),
        ({"thresholds": {"disc": 0.99}, "at_least": 0.9}, 10.8),
        ({"thresholds": {"disc": 0.99, "square": 0.25}}, 3.67),
        ({}, 10.8),  # what was learned of squares
        (None, 10.8),
    ],
)
def test_a_picture_is_priced_by_what_will_be_shown_on_it(
    rule: dict[str, Any] | None, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned = {"disc": 0.25, "square": 0.9}
    known = SimpleNamespace(times=AnnotationTimes(), thresholds=lambda: learned)
    monkeypatch.setattr(suggesting, "Experience", SimpleNamespace(of=lambda _: known))
    settings = SimpleNamespace(
        preannotate=None if rule is None else Preannotate(**rule),
        labels=LabelSchema(task="boxes", classes=("disc", "square")),
    )
    square = Detections(
        offsets=np.array([0, 1]),
        boxes=np.full((1, 4), 0.1, np.float32),
        scores=np.array([0.8], np.float32),
        labels=np.array([1]),
    )
    campaign: Any = SimpleNamespace(config=settings)
    assert suggesting.expected_seconds(campaign, square) == pytest.approx([seconds], abs=0.01)


def test_without_a_model_or_the_key_nothing_is_suggested(tmp_path: Path) -> None:
    with office(tmp_path / "a", preannotate={}) as asked:
        assert all(not upload.suggestions for upload in asked.shelf.uploads)
    with office(tmp_path / "b") as plain:
        assert all(not upload.suggestions for upload in second_round(plain))


def test_people_see_the_newest_models_answer_and_how_sure_it_is(tmp_path: Path) -> None:
    with office(tmp_path / "a", preannotate={"blind": "0%"}) as asked:
        sent = second_round(asked)
        with asked.campaign.ledger.read() as connection:
            model = newest_model(connection, asked.campaign.campaign_id)
        sides = {row.item: row.side for row in asked.rows(items)}
        for upload in sent:
            [item] = upload.items
            suggested = list(upload.suggestions)
            assert bool(suggested) == (sides[item.item_id] == Side.TRAIN)
            for one in suggested:
                assert one.item_id == item.item_id
                assert one.value in CLASSES
                assert 1 / 3 <= one.score <= 1
                assert model is not None
                assert one.model_version == f"tiny-{model[:12]}"
        assert any(sides[upload.items[0].item_id] == Side.CONTROL for upload in sent)


def test_the_unsure_model_keeps_quiet(tmp_path: Path) -> None:
    rule = {"blind": "0%", "at_least": 1.0}
    with office(tmp_path / "a", preannotate=rule, model={"kind": "logistic_regression"}) as asked:
        assert all(not upload.suggestions for upload in second_round(asked))


def test_the_blind_share_sees_nothing(tmp_path: Path) -> None:
    with office(tmp_path / "a", preannotate={"blind": "100%"}) as asked:
        assert all(not upload.suggestions for upload in second_round(asked))


@pytest.mark.parametrize("rule", [{"at_least": 1.5}, {"blind": "ten"}, {"bind": "10%"}])
def test_a_rule_that_is_none_is_refused(rule: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="preannotate"):
        config.parse(template() | {"preannotate": rule})
