"""YOLO learns from drawings and classes, from random weights, and is kept as a file."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auto_labeling.detections import Detections
from auto_labeling.errors import BlockedError, ConfigurationError, DataError
from auto_labeling.models.storing import dump_verifiable, load_verified
from auto_labeling.models.yolo import Yolo
from auto_labeling.models.yolo_model import YoloModel
from auto_labeling.models.yolo_student import DetectionStudent, Drawn, drawn_for
from auto_labeling.pictures import Pictures
from auto_labeling.ports import Embeds, LearnsDrawings
from auto_labeling.records import LabelSchema
from tests.models.yolo_scene import BOXES, CLASSES, FAST, MASKS, SIZE, needs_yolo, scenes, small

pytestmark = [needs_yolo, pytest.mark.slow]

# In small steps, and shown things where they are: processors round differently, and what is learned
# in large ones hangs on the last digits.
STEADY = {**FAST, "lr0": 0.002, "lrf": 0.3, "scale": 0.1, "translate": 0.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scenes")


@pytest.fixture(scope="module")
def lesson(folder: Path) -> Drawn:
    """A teacher that has looked at twelve pictures often enough to find what is on them.

    Its student, of six more, has only just begun.
    """
    pictures, boxes, _ = scenes(folder / "boxes", 12)
    epochs = iter((60, 2))
    return drawn_for(
        lambda: small(epochs=next(epochs), options=STEADY).build(3),
        pictures,
        boxes,
        more(folder),
        BOXES,
        DetectionStudent(sure=0.3, doubtful=0.1),
    )


@pytest.fixture(scope="module")
def finder(lesson: Drawn) -> YoloModel:
    """The teacher."""
    assert isinstance(lesson.teacher, YoloModel)
    return lesson.teacher


@pytest.fixture(scope="module")
def outliner(folder: Path) -> YoloModel:
    pictures, _, masks = scenes(folder / "masks", 12)
    model = small("-seg", epochs=40, options=STEADY).build(3)
    model.learn(pictures, masks, MASKS)
    return model


def more(folder: Path) -> Pictures:
    """Six pictures on which nobody drew."""
    return scenes(folder / "more", 6, seed=1)[0]


def same(one: Detections, other: Detections) -> bool:
    pairs = ((getattr(one, name), getattr(other, name)) for name in ("offsets", "boxes", "scores"))
    return all(np.array_equal(a, b) for a, b in pairs)


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Return the intersection over union of two left, top, width, height."""
    low = np.maximum(one[:2], other[:2])
    high = np.minimum(one[:2] + one[2:], other[:2] + other[2:])
    both = float(np.prod(np.clip(high - low, 0, None)))
    return both / (float(one[2] * one[3] + other[2] * other[3]) - both)


def test_it_finds_what_it_was_shown(finder: YoloModel, folder: Path) -> None:
    pictures, boxes, _ = scenes(folder / "boxes", 12)
    seen = finder.detect(pictures)
    assert isinstance(finder, LearnsDrawings)
    assert finder.names == CLASSES
    sure = [seen[row].where(seen[row].scores > 0.3) for row in range(12)]
    found = [
        any(
            overlap(np.array([box.x, box.y, box.width, box.height]), one) > 0.5
            and CLASSES[label] == box.label
            for one, label in zip(some.boxes, some.labels, strict=True)
        )
        for some, drawn in zip(sure, boxes, strict=True)
        for box in drawn
    ]
    assert np.mean(found) > 0.7
    for row in range(12):
        assert (np.diff(seen[row].scores) <= 0).all()


def test_a_student_is_taught_by_a_teacher(lesson: Drawn, folder: Path) -> None:
    seen = lesson.teacher.detect(more(folder))
    assert 0 < len(lesson.rows) <= 6
    for row in lesson.rows:
        scores = seen[int(row)].scores
        assert scores[0] >= 0.3
        assert not ((scores >= 0.1) & (scores < 0.3)).any()
    assert lesson.student.names == CLASSES
    assert not same(lesson.student.detect(more(folder)), seen)


def test_every_class_has_its_score(finder: YoloModel, folder: Path) -> None:
    seen = finder.detect(scenes(folder / "boxes", 12)[0])
    assert seen.proba is not None
    assert seen.proba.shape == (len(seen.scores), 2)
    assert np.array_equal(seen.proba.max(axis=1), seen.scores)
    assert np.array_equal(seen.proba.argmax(axis=1), seen.labels)


def test_masks_lie_within_their_boxes_and_on_what_was_drawn(
    outliner: YoloModel, folder: Path
) -> None:
    from auto_labeling.formats.labeled import bounds
    from auto_labeling.formats.masks import pixels_of

    pictures, _, masks = scenes(folder / "masks", 12)
    seen = outliner.detect(pictures)
    assert seen.masks is not None
    assert seen.doubt is not None
    assert ((seen.doubt >= 0) & (seen.doubt <= 1)).all()
    for mask, box in zip(seen.masks, seen.boxes, strict=True):
        left, top, right, bottom = bounds(mask)
        slack = 1.01 / SIZE
        assert left >= box[0] - slack
        assert top >= box[1] - slack
        assert right <= box[0] + box[2] + slack
        assert bottom <= box[1] + box[3] + slack
    best = []
    for row, drawn in enumerate(masks):
        found = seen[row].masks or ()
        for one in drawn:
            truth = pixels_of(one)
            best.append(
                max(
                    ((pixels_of(it) & truth).sum() / (pixels_of(it) | truth).sum() for it in found),
                    default=0.0,
                )
            )
    assert np.mean(np.array(best) > 0.6) > 0.7


@pytest.mark.parametrize("name", ["finder", "outliner"])
def test_a_mirrored_look_sees_what_a_mirrored_picture_shows(
    name: str, folder: Path, request: pytest.FixtureRequest
) -> None:
    from PIL import Image, ImageOps

    from auto_labeling.formats.masks import pixels_of

    model: YoloModel = request.getfixturevalue(name)
    [path] = scenes(folder / "masks", 12)[0][:1].paths
    turned = path.with_name("turned-0.png")
    with Image.open(path) as image:
        ImageOps.mirror(image).save(turned)
    looked = model.detect(Pictures((path,)), mirrored=True)
    shown = model.detect(Pictures((turned,)))
    assert len(looked.scores) > 0
    assert np.array_equal(looked.scores, shown.scores)
    back = 1 - shown.boxes[:, 0] - shown.boxes[:, 2]
    np.testing.assert_allclose(looked.boxes[:, 0], back, atol=1e-6)
    np.testing.assert_array_equal(looked.boxes[:, 1:], shown.boxes[:, 1:])
    for one, other in zip(looked.masks or (), shown.masks or (), strict=True):
        assert np.array_equal(pixels_of(one), pixels_of(other)[:, ::-1])


def test_equal_fits_are_equal_and_leave_randomness_alone(folder: Path) -> None:
    import torch

    pictures, boxes, _ = scenes(folder / "boxes", 12)
    np.random.seed(5)  # noqa: NPY002 - it is the global generator that is at stake
    torch.manual_seed(5)
    before = np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002
    models = [small(epochs=2).build(7) for _ in range(2)]
    for model in models:
        model.learn(pictures, boxes, BOXES)
    assert (np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()) == before  # noqa: NPY002
    first, second = (model.embed(pictures) for model in models)
    assert np.array_equal(first, second)
    assert same(*(model.detect(pictures) for model in models))
    assert not torch.are_deterministic_algorithms_enabled()


def test_a_fitted_model_is_small_and_loads_in_another_process(
    finder: YoloModel, folder: Path, tmp_path: Path
) -> None:
    pictures = scenes(folder / "boxes", 12)[0]
    seen = finder.detect(pictures)
    kept = tmp_path / "model.joblib"
    digest = dump_verifiable(finder, kept)
    assert kept.stat().st_size < 7_000_000
    with (tmp_path / "seen.npz").open("wb") as file:
        seen.save(file)
    code = (
        "import sys, numpy as np; from pathlib import Path; "
        "from auto_labeling.models.storing import load_verified; "
        "from auto_labeling.pictures import Pictures; "
        "from auto_labeling.detections import Detections; "
        f"model = load_verified(Path({str(kept)!r}), {digest!r}); "
        "assert 'torch' not in sys.modules, 'torch is loaded when it is needed'; "
        f"paths = tuple(Path({str(folder / 'boxes')!r}) / f'{{at}}.png' for at in range(12)); "
        "seen = model.detect(Pictures(paths)); "
        f"kept = Detections.load(Path({str(tmp_path / 'seen.npz')!r})); "
        "assert np.array_equal(seen.offsets, kept.offsets); "
        "np.testing.assert_allclose(seen.boxes, kept.boxes, atol=1e-5); "
        "np.testing.assert_allclose(seen.proba, kept.proba, atol=1e-5)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    again = load_verified(kept, digest)
    assert same(again.detect(pictures), seen)


def test_it_begins_from_the_model_before(finder: YoloModel, folder: Path) -> None:
    pictures, boxes, _ = scenes(folder / "boxes", 12)
    still = {"optimizer": "SGD", "lr0": 1e-9, "warmup_epochs": 0, "mosaic": 0.0}
    anew = small(options=still).build(4)
    after = anew.started_from(finder)
    for model in (anew, after):
        model.learn(pictures, boxes, BOXES)
    before, kept, nothing = (
        int((model.detect(pictures).scores > 0.3).sum()) for model in (finder, after, anew)
    )
    assert nothing == 0
    assert kept > before / 2


def test_it_stops_where_a_held_out_tenth_gets_no_better(folder: Path) -> None:
    pictures, boxes, _ = scenes(folder / "many", 20)
    told: list[int] = []
    model = small(epochs=9, patience=1, options={"lr0": 1e-9, "optimizer": "SGD"}).build(0)
    model.on_epoch = lambda done, of, losses: told.append(done)
    model.learn(pictures, boxes, BOXES)
    assert told == list(range(1, len(told) + 1))
    assert len(model.detect(pictures)) == 20


def test_it_classifies(folder: Path) -> None:
    pictures, boxes, _ = scenes(folder / "classes", 24, seed=2)
    single = [row for row, drawn in enumerate(boxes) if len(drawn) == 1]
    X, y = pictures[single], [4 if boxes[row][0].label == "disc" else 7 for row in single]
    plain = {**FAST, "auto_augment": None, "erasing": 0.0}  # it would change the colours
    model = small("-cls", epochs=12, options=plain).build(1)
    proba = model.fit(X, y).predict_proba(X)
    assert model.classes_.tolist() == [4, 7]
    assert proba.shape == (len(single), 2)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)
    assert (model.classes_[proba.argmax(axis=1)] == y).mean() > 0.7
    assert model.predict_proba(X[:0]).shape == (0, 2)
    with pytest.raises(DataError, match="it classifies pictures"):
        model.detect(X)


def test_points_are_finite_and_of_the_file_alone(folder: Path) -> None:
    pictures = scenes(folder / "boxes", 12)[0]
    model = small().build(0)
    assert isinstance(model, Embeds)
    points = model.embed(pictures)
    assert points.shape == (12, 384)
    assert points.dtype == np.float32
    assert np.isfinite(points).all()
    np.testing.assert_allclose(model.embed(pictures[[7]])[0], points[7], atol=1e-5)
    assert np.array_equal(small().build(0).embed(pictures), points)


def test_nothing_drawn_is_an_answer_too(folder: Path) -> None:
    pictures = scenes(folder / "boxes", 12)[0]
    model = small(epochs=2).build(0)
    model.learn(pictures, [()] * 12, BOXES)
    assert len(model.detect(pictures)) == 12


@pytest.mark.parametrize(
    ("task", "schema", "said"),
    [
        ("-cls", BOXES, "they classify pictures and have nothing to detect objects with"),
        ("-cls", MASKS, "they classify pictures and have nothing to segment objects with"),
        ("-pose", BOXES, "has a Pose head"),
    ],
)
def test_weights_for_another_task_are_refused(
    task: str, schema: LabelSchema, said: str, folder: Path
) -> None:
    pictures, boxes, _ = scenes(folder / "boxes", 12)
    with pytest.raises(ConfigurationError, match=said):
        small(task).build(0).learn(pictures, boxes, schema)


def test_a_detector_learns_to_outline(folder: Path, finder: YoloModel) -> None:
    pictures, _, masks = scenes(folder / "masks", 12)
    model = small().build(0).started_from(finder)
    model.learn(pictures, masks, MASKS)
    assert model.detect(pictures).masks is not None or not len(model.detect(pictures).scores)


def test_nothing_is_seen_before_anything_was_learned(folder: Path) -> None:
    with pytest.raises(DataError, match="its weights are random"):
        small().build(0).detect(scenes(folder / "boxes", 12)[0])


def test_where_memory_runs_out_the_batch_is_halved(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from auto_labeling.models.yolo_library import ultralytics

    ultralytics()
    from ultralytics.nn.tasks import DetectionModel

    pictures, boxes, _ = scenes(folder / "boxes", 12)
    sizes: list[int] = []
    loss = DetectionModel.loss

    def short(self: object, batch: dict[str, torch.Tensor], preds: object = None) -> object:
        sizes.append(len(batch["img"]))
        if len(batch["img"]) > fits:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 MiB")
        return loss(self, batch, preds)

    monkeypatch.setattr(DetectionModel, "loss", short)
    fits = 2
    model = small(batch=12).build(0)
    model.learn(pictures, boxes, BOXES)
    assert max(sizes) == 12
    assert sizes[-1] <= 2
    fits = 0
    with pytest.raises(BlockedError, match="not even with a batch of one picture"):
        model.learn(pictures, boxes, BOXES)


def test_nothing_stays_in_the_folder_that_it_trained_in(folder: Path, tmp_path: Path) -> None:
    pictures, boxes, _ = scenes(folder / "boxes", 12)
    (tmp_path / "kept" / "training-killed").mkdir(parents=True)
    model = replace(small().build(0), checkpoints=tmp_path / "kept")
    seen: list[list[Path]] = []
    model.on_epoch = lambda done, of, losses: seen.append(list((tmp_path / "kept").iterdir()))
    model.learn(pictures, boxes, BOXES)
    assert [len(found) for found in seen] == [1]
    assert not list((tmp_path / "kept").iterdir())


@pytest.fixture(autouse=True)
def quiet(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    yield
    assert capfd.readouterr() == ("", "")


def test_a_backbone_of_few_layers_embeds_as_well(tmp_path: Path) -> None:
    pictures, _, _ = scenes(tmp_path, 2)
    points = Yolo(weights="yolov8n-cls-resnet50.yaml", image_size=SIZE).build(0).embed(pictures)
    assert points.shape[0] == 2
    assert np.isfinite(points).all()
