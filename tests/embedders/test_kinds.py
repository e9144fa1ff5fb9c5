"""Every embedder keeps the port's promises, and says in one sentence what is wrong with a key."""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path
from traceback import format_exception
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from auto_labeling import config as config_room
from auto_labeling.building import build_kind
from auto_labeling.embedders import TABLE, folder
from auto_labeling.embedders.folder import digest_of
from auto_labeling.errors import AutoLabelingError, ConfigurationError, DataError
from auto_labeling.files import sha256_of
from auto_labeling.pictures import Pictures
from auto_labeling.ports import Embedder, FitsPool
from tests.support.campaigns import template
from tests.support.real_data import WEIGHTS, needed

PAGE = Path(__file__).parents[2] / "docs" / "embeddings.md"
TEXTS = ["a red cow", "a red hen", "the sun", "the sun goes down", "a hen in the sun", "cow, cow"]
CODE = "import numpy as np\n\n\ndef embed(items):\n    return [[len(one), 1.0] for one in items]\n"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def pictures(tmp_path: Path) -> Pictures:
    levels = np.random.default_rng(0).integers(0, 256, (6, 12, 12), dtype=np.uint8)
    for at, one in enumerate(levels):
        Image.fromarray(one).save(tmp_path / f"{at}.png")
    return Pictures(tuple(tmp_path / f"{at}.png" for at in range(6)))


class FakeSentences:
    """What the library's class does, as far as it is used."""

    def __init__(self, path: str, **options: Any) -> None:
        assert options["local_files_only"]
        assert not options["trust_remote_code"]
        if "broken" in path:
            raise ValueError("no such architecture\nand more")

    def encode(self, texts: list[str], **options: Any) -> NDArray[np.float32]:
        assert options["normalize_embeddings"]
        return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("sentence_transformers")
    module.SentenceTransformer = FakeSentences  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sentence_transformers", module)
    monkeypatch.setattr(folder, "find_spec", lambda name: name)
    folder._loaded.cache_clear()


def model_folder(place: Path, name: str = "model", weights: str = "model.safetensors") -> Path:
    made = place / name
    made.mkdir()
    (made / "config.json").write_text("{}")
    (made / weights).write_bytes(b"weights")
    return made


def settings_of(kind: str, **keys: Any) -> Any:
    return build_kind(TABLE, {"kind": kind, **keys}, "embedder", config_room.KINDS)


def opened(settings: Any, base: Path, contents: Any) -> Embedder:
    settings.check(base)
    learned = settings.fit(contents, 0) if isinstance(settings, FitsPool) else None
    return settings.open(base, learned)


def each(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "embed.py").write_text(CODE)
    model_folder(tmp_path)
    return {
        "tfidf": settings_of("tfidf", components=3),
        "hashing": settings_of("hashing", width=64),
        "pixels": settings_of("pixels", size=6),
        "callable": settings_of("callable", function="embed.py:embed", sha256=sha256(CODE)),
        "folder": settings_of("folder", path="model"),
    }


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("kind", ["tfidf", "hashing", "pixels", "callable", "folder"])
def test_a_point_depends_on_its_item_alone(tmp_path: Path, pictures: Pictures, kind: str) -> None:
    settings = each(tmp_path)[kind]
    contents: Any = TEXTS if "text" in settings.reads else pictures
    embedder = opened(settings, tmp_path, contents)
    points = np.asarray(embedder.embed(contents))
    assert points.shape[0] == 6
    assert np.isfinite(points).all()
    for at in range(6):
        [alone] = embedder.embed(contents[at : at + 1])
        np.testing.assert_allclose(alone, points[at], atol=1e-6)
    assert opened(settings, tmp_path, contents).digest == embedder.digest
    assert len(embedder.digest) == 64


@pytest.mark.usefixtures("library")
def test_no_two_embedders_share_a_digest(tmp_path: Path) -> None:
    found = [*each(tmp_path).values(), settings_of("hashing", width=65), settings_of("pixels")]
    found += [settings_of("tfidf", components=2), settings_of("tfidf", components=3, letters=False)]
    other = CODE + "# another file\n"
    (tmp_path / "other.py").write_text(other)
    found += [settings_of("callable", function="other.py:embed", sha256=sha256(other))]
    keys = {"function": "embed.py:embed", "sha256": sha256(CODE), "version": "2"}
    found += [settings_of("callable", **keys)]
    digests = [opened(one, tmp_path, TEXTS).digest for one in found]
    assert len(set(digests)) == len(digests)


def test_pixels_are_what_a_pool_of_pictures_has(pictures: Pictures) -> None:
    points = settings_of("pixels", size=12).embed(pictures)
    levels = np.asarray(Image.open(pictures.paths[0]), dtype=np.float32)
    np.testing.assert_allclose(points[0], levels.ravel() / 255)


def test_a_picture_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "no.png").write_text("no picture")
    with pytest.raises(DataError, match=r"no\.png: it cannot be decoded"):
        settings_of("pixels").embed(Pictures((tmp_path / "no.png",)))


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"kind": "tfdif"}, r"^embedder\.kind: expected one of .*'tfdif'; did you mean 'tfidf'\?"),
        ({"kind": "tfidf", "components": 1}, r"^embedder\.components: expected at least 2, got 1"),
        ({"kind": "tfidf", "precision": "double"}, r"^embedder\.precision: .*'half' or 'single'"),
        ({"kind": "hashing", "width": 1}, r"^embedder\.width: expected at least 2, got 1"),
        ({"kind": "pixels", "size": 999}, r"size: expected 1 to 256, got 999"),
        ({"kind": "yolo", "weights": "a.pt"}, r"^embedder: the key 'sha256' is missing"),
        (
            {"kind": "yolo", "weights": "yolov8n.yaml", "sha256": "0" * 64},
            r"^embedder\.weights: expected a \.pt file, because random weights tell nothing apart",
        ),
        (
            {"kind": "callable", "function": "embed"},
            r"^embedder\.function: expected a function, as embed\.py:embed or package",
        ),
        (
            {"kind": "callable", "function": "embed.py:embed"},
            r"^embedder\.sha256: expected the digest of embed\.py, because loading it runs",
        ),
        (
            {"kind": "callable", "function": "numpy:sum", "sha256": "0" * 64},
            r"^embedder\.sha256: expected none, because numpy is no file",
        ),
        ({"kind": "folder"}, r"^embedder: the key 'path' is missing"),
    ],
)
def test_a_wrong_key_is_one_sentence(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        config_room.parse({**template(), "embedder": keys})


GRADIENTS = """
class Tensor:
    def __array__(self, *_, **__):
        raise RuntimeError("it requires grad")


def embed(items):
    return Tensor()
"""


@pytest.mark.parametrize(
    ("code", "name", "said"),
    [
        ("def other(items): ...", "embed", r"embed\.py has no function embed; .* are: other"),
        ("1 / 0", "embed", r"embed\.py:embed cannot be loaded: ZeroDivisionError"),
        (
            "def embed(items): 1 / 0",
            "embed",
            r"on 6 items: ZeroDivisionError in line 1 of embed\.py$",
        ),
        (
            "def embed(items): return ['x'] * 6",
            "embed",
            r"returned no \(n, d\) numbers: ValueError$",
        ),
        ("def embed(items): return [[1j]] * 6", "embed", r"returned complex numbers, expected"),
        (GRADIENTS, "embed", r"returned no \(n, d\) numbers: RuntimeError$"),
    ],
)
def test_a_function_that_fails_is_named(tmp_path: Path, code: str, name: str, said: str) -> None:
    (tmp_path / "embed.py").write_text(code)
    settings = settings_of("callable", function=f"embed.py:{name}", sha256=sha256(code))
    with pytest.raises(AutoLabelingError, match=said):
        opened(settings, tmp_path, TEXTS).embed(TEXTS)


@pytest.mark.parametrize("code", ["raise KeyError(items[0])", "return items"])
def test_a_function_that_fails_is_not_quoted(tmp_path: Path, code: str) -> None:
    (tmp_path / "embed.py").write_text(code := f"def embed(items): {code}")
    settings = settings_of("callable", function="embed.py:embed", sha256=sha256(code))
    with pytest.raises(ConfigurationError) as caught:
        opened(settings, tmp_path, TEXTS).embed(TEXTS)
    assert TEXTS[0] not in "".join(format_exception(caught.value))


def test_a_file_with_another_digest_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "embed.py").write_text("raise SystemExit")
    settings = settings_of("callable", function="embed.py:embed", sha256=sha256(CODE))
    for way in (settings.check, settings.open):
        with pytest.raises(ConfigurationError, match=r"expected sha256 .* it is another file"):
            way(tmp_path)


def test_a_function_is_given_paths_of_pictures(tmp_path: Path, pictures: Pictures) -> None:
    code = "def embed(paths):\n    return [[float(one.endswith('.png'))] for one in paths]\n"
    (tmp_path / "embed.py").write_text(code)
    settings = settings_of("callable", function="embed.py:embed", sha256=sha256(code))
    assert np.all(settings.open(tmp_path).embed(pictures) == 1)


def test_without_the_library_a_folder_is_refused_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match="which is not installed; `pip install sentence-"):
        settings_of("folder", path="model").check(tmp_path)


@pytest.mark.usefixtures("library")
def test_a_folder_that_is_no_model_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    model_folder(tmp_path, "pickle", "pytorch_model.bin")
    model_folder(tmp_path, "bare", "readme.txt")
    for name, said in {
        "absent": r"expected the folder of a model, with modules\.json or config\.json in it",
        "empty": r"expected the folder of a model",
        "pickle": r"safetensors, it holds pytorch_model\.bin, which is a pickle",
        "bare": r"safetensors, it holds no weights",
    }.items():
        with pytest.raises(ConfigurationError, match=said):
            settings_of("folder", path=name).check(tmp_path)
    model_folder(tmp_path, "broken")
    embedder = settings_of("folder", path="broken").open(tmp_path)
    said = "broken cannot be loaded as a model: ValueError: no such architecture$"
    with pytest.raises(ConfigurationError, match=said):
        embedder.embed(TEXTS)


@pytest.mark.usefixtures("library")
def test_a_folder_is_known_by_what_is_in_it(tmp_path: Path) -> None:
    made = model_folder(tmp_path)
    before = digest_of(made)
    settings_of("folder", path="model", sha256=before).check(tmp_path)
    (made / "model.safetensors").write_bytes(b"other weights")
    assert digest_of(made) != before
    with pytest.raises(ConfigurationError, match="it is another model"):
        settings_of("folder", path="model", sha256=before).check(tmp_path)


@pytest.mark.slow
def test_yolo_embeds_by_its_backbone(pictures: Pictures) -> None:
    pytest.importorskip("ultralytics")
    weights = needed(WEIGHTS)
    digest = sha256_of(weights)
    settings = settings_of("yolo", weights=str(weights), sha256=digest, image_size=64)
    embedder = opened(settings, Path(), pictures)
    points = np.asarray(embedder.embed(pictures))
    assert points.shape[0] == 6
    np.testing.assert_allclose(embedder.embed(pictures[2:3])[0], points[2], atol=1e-4)
    larger = settings_of("yolo", weights=str(weights), sha256=digest, image_size=96)
    assert larger.open(Path()).digest != embedder.digest


def test_tfidf_does_not_embed_before_it_has_learned() -> None:
    with pytest.raises(DataError, match="tfidf has to learn from the pool before it embeds"):
        settings_of("tfidf").open(Path())


def test_every_embedder_has_its_test_and_its_row_on_the_page() -> None:
    known = {"tfidf", "hashing", "pixels", "callable", "folder", "yolo"}
    rows = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(TABLE) == known == set(rows) - {"kind"}


def test_the_function_on_the_page_embeds(tmp_path: Path) -> None:
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "embed.py").write_text(code)
    settings = settings_of("callable", function="embed.py:embed", sha256=sha256(code))
    assert opened(settings, tmp_path, TEXTS).embed(["why?", "so"]).tolist() == [[4, 1], [2, 0]]
