"""Campaigns with an embedder: held-out texts, additions, kills, and pools it cannot read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from auto_labeling import assemble
from auto_labeling import config as config_room
from auto_labeling.campaign import creation
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.embedded import LEARNED
from auto_labeling.campaign.embeddings import embeddings
from auto_labeling.cli.account import figures
from auto_labeling.embedders import embedding
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.pool.rows import GatheredRows
from auto_labeling.records import CampaignId
from auto_labeling.reporting.report import render
from auto_labeling.serving.label_studio import predictions
from auto_labeling.serving.shelf import Shelf
from auto_labeling.workspace import Workspace
from tests.support.campaigns import drive, driving, merged, template

TOPICS = {
    "ant": ["colony", "nest", "leaf", "trail", "queen", "tiny"],
    "bee": ["honey", "flower", "hive", "pollen", "wax", "sting"],
}


def texts(n: int, seed: int) -> tuple[list[str], list[str]]:
    rng = np.random.default_rng(seed)
    labels = [str(one) for one in rng.choice(list(TOPICS), n)]
    said = [" ".join(rng.choice(TOPICS[label], 5)) for label in labels]
    return [f"{one} {rng.integers(999)}" for one in said], labels


def written(folder: Path, n: int = 60) -> None:
    folder.mkdir(exist_ok=True)
    pool, known = texts(n, seed=1)
    ids = [f"t{at:03}" for at in range(n)]
    pd.DataFrame({"id": ids, "text": pool}).to_csv(folder / "pool.csv", index=False)
    pd.DataFrame({"id": ids, "label": known}).to_csv(folder / "truth.csv", index=False)
    judges, true = texts(20, seed=2)
    pd.DataFrame({"text": judges, "label": true}).to_csv(folder / "heldout.csv", index=False)


def begun(folder: Path, embedder: Any, **overrides: Any) -> CampaignId:
    raw = template(tuple(TOPICS))
    raw["pool"] = {"kind": "table", "path": "pool.csv", "text": "text", "heldout": "heldout.csv"}
    raw = merged(raw | {"embedder": embedder, "model": {"kind": "logistic_regression"}}, overrides)
    return assemble.create(Workspace.of(folder / "ws"), raw, config_path=None, base=folder)


@contextmanager
def opened(folder: Path, campaign: CampaignId) -> Iterator[Campaign]:
    with assemble.opened(Workspace.of(folder / "ws"), campaign) as one:
        yield one


def function(folder: Path, body: str) -> dict[str, str]:
    """Return an embedder whose function has this body; it notes what it is asked."""
    code = (
        "import numpy as np\n\n\ndef embed(items):\n"
        f"    with open({str(folder / 'asked.txt')!r}, 'a') as file:\n"
        "        file.writelines(f'{one}\\n' for one in items)\n"
        f"    {body}\n"
    )
    (folder / "embed.py").write_text(code)
    sha256 = hashlib.sha256(code.encode()).hexdigest()
    return {"kind": "callable", "function": "embed.py:embed", "sha256": sha256}


def asked(folder: Path) -> list[str]:
    return (folder / "asked.txt").read_text().splitlines()


LENGTHS = "return [[len(one), float('honey' in one)] for one in items]"


def test_a_campaign_learns_from_what_the_embedder_made(tmp_path: Path) -> None:
    written(tmp_path)
    campaign = begun(tmp_path, "tfidf", backend={"annotators": [1.0]})
    drive(tmp_path / "ws", campaign)
    with opened(tmp_path, campaign) as one:
        assert one.features.shape == (60, 30)
        assert one.pool.features.shape == (60, 1024)
        lengths = np.linalg.norm(np.asarray(one.features), axis=1)
        np.testing.assert_allclose(lengths, 1, atol=1e-5)
        np.testing.assert_array_equal(embeddings(one)[np.arange(5)], one.features[:5])
        assert one.heldout_inputs().shape == (20, 30)
    statement = assemble.account_of(Workspace.of(tmp_path / "ws"), campaign)
    assert statement.latest("accuracy").value > 0.9


def test_what_a_tool_shows_is_embedded_alike(tmp_path: Path) -> None:
    written(tmp_path)
    campaign = begun(tmp_path, "tfidf", backend={"annotators": [1.0]})
    drive(tmp_path / "ws", campaign)
    workspace = Workspace.of(tmp_path / "ws")
    ledger = assemble.open_ledger(workspace)
    predictor = Shelf(workspace, ledger, partial(assemble.opened, workspace)).refresh(campaign)
    shown = ["wax of a hive, and honey", "the queen of a nest on a leaf"]
    found = predictions(predictor, [{"data": {"text": text}} for text in shown], None)
    ledger.close()
    assert [one["result"][0]["value"]["choices"] for one in found] == [["bee"], ["ant"]]


def test_without_the_key_features_are_those_of_the_pool(tmp_path: Path) -> None:
    written(tmp_path)
    campaign = begun(tmp_path, None)
    with opened(tmp_path, campaign) as one:
        assert one.embedded is None
        assert one.features is one.pool.features
    assert not (tmp_path / "ws" / "cache").exists()


def test_heldout_texts_are_embedded_with_what_the_pool_taught(tmp_path: Path) -> None:
    written(tmp_path)
    campaign = begun(tmp_path, "tfidf")
    with opened(tmp_path, campaign) as one:
        assert one.embedded is not None
        judges = pd.read_csv(tmp_path / "heldout.csv")["text"].tolist()
        expected = one.embedded.embedder.embed(judges)
        np.testing.assert_array_equal(np.asarray(one.heldout_inputs()), expected)
        learned = (one.folder / "inputs" / LEARNED).read_bytes()
    pd.DataFrame({"text": ["quite other words"] * 2, "label": ["ant", "bee"]}).to_csv(
        tmp_path / "heldout.csv", index=False
    )
    with opened(tmp_path, begun(tmp_path, "tfidf")) as other:
        assert (other.folder / "inputs" / LEARNED).read_bytes() == learned


def test_a_pool_text_that_judges_teaches_the_embedder_nothing(tmp_path: Path) -> None:
    written(tmp_path)
    pool = pd.read_csv(tmp_path / "pool.csv")
    with opened(tmp_path, begun(tmp_path, "tfidf")) as one:
        learned = (one.folder / "inputs" / LEARNED).read_bytes()
    judges = pd.read_csv(tmp_path / "heldout.csv")
    copies = judges["text"].str.upper().tolist()
    ids = [f"u{at}" for at in range(len(copies))]
    more = pd.concat([pool, pd.DataFrame({"id": ids, "text": copies})])
    more.to_csv(tmp_path / "pool.csv", index=False)
    campaign = begun(tmp_path, "tfidf")
    with opened(tmp_path, campaign) as other:
        assert (other.folder / "inputs" / LEARNED).read_bytes() == learned
    statement = assemble.account_of(Workspace.of(tmp_path / "ws"), campaign)
    assert statement.items["heldout"] == 20
    said = "20 items repeat held-out rows: never asked about nor learned from"
    assert dict(figures(statement))["held out"] == said
    assert said in render(statement)


def test_equal_contents_are_embedded_once_for_all_campaigns_of_a_workspace(tmp_path: Path) -> None:
    written(tmp_path)
    pool = pd.read_csv(tmp_path / "pool.csv")
    twice = pd.concat([pool, pool.assign(id=[f"copy of {one}" for one in pool["id"]])])
    twice.to_csv(tmp_path / "pool.csv", index=False)
    embedder = function(tmp_path, LENGTHS)
    campaigns = [begun(tmp_path, embedder) for _ in range(2)]
    assert len(asked(tmp_path)) == len(set(asked(tmp_path))) == 80
    for campaign in campaigns:
        with opened(tmp_path, campaign) as one:
            assert np.asarray(one.features)[:, 0].tolist() == [len(text) for text in twice["text"]]
    assert len(asked(tmp_path)) == 80


def test_of_an_addition_only_what_is_new_is_embedded(tmp_path: Path) -> None:
    written(tmp_path)
    campaign = begun(tmp_path, function(tmp_path, LENGTHS))
    before = len(asked(tmp_path))
    more = ["a new text about honey", pd.read_csv(tmp_path / "pool.csv")["text"][0]]
    pd.DataFrame({"id": ["n0", "n1"], "text": more}).to_csv(tmp_path / "more.csv", index=False)
    add(tmp_path, campaign)
    assert asked(tmp_path)[before:] == [more[0]]
    with opened(tmp_path, campaign) as one:
        assert one.features.shape == (62, 2)
        assert np.asarray(one.features[60:])[:, 0].tolist() == [len(text) for text in more]


def add(folder: Path, campaign: CampaignId) -> None:
    with driving(folder / "ws", campaign) as one:
        assert one.fence is not None
        creation.add(
            one.ledger,
            fence=one.fence,
            config=one.config,
            raw_source={"kind": "table", "path": "more.csv", "text": "text"},
            base=folder,
            folder=one.folder,
            clock=one.clock,
            embedded=one.embedded,
        )


def test_an_addition_that_cannot_be_embedded_leaves_the_pool_as_it_was(tmp_path: Path) -> None:
    written(tmp_path)
    body = "return [[float('nan') if 'zebra' in one else 1.0, 2.0] for one in items]"
    campaign = begun(tmp_path, function(tmp_path, body))
    pd.DataFrame({"id": ["n0"], "text": ["zebra"]}).to_csv(tmp_path / "more.csv", index=False)
    with pytest.raises(DataError, match=r"got NaN for more\.csv, row 1 \(item 'n0'\)"):
        add(tmp_path, campaign)
    with opened(tmp_path, campaign) as one:
        assert len(one.pool) == 60


def test_a_beginning_that_is_killed_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path)
    monkeypatch.setitem(embedding.AT_ONCE, "text", 16)
    embedder = function(tmp_path, LENGTHS)
    looked, look = [], embedding.checked

    def killed_at_the_third(*shard: Any) -> Any:
        looked.append(shard)
        if len(looked) == 3:
            raise KeyboardInterrupt
        return look(*shard)

    monkeypatch.setattr(embedding, "checked", killed_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        begun(tmp_path, embedder)
    before = asked(tmp_path)
    begun(tmp_path, embedder)
    again = asked(tmp_path)[len(before) :]
    assert len(before) == 48
    assert not set(before[:32]) & set(again)
    assert len(set(before) | set(again)) == 80


def test_a_cache_that_is_deleted_is_filled_again(tmp_path: Path) -> None:
    written(tmp_path)
    campaign = begun(tmp_path, {"kind": "tfidf", "precision": "half"})
    with opened(tmp_path, campaign) as one:
        before = np.asarray(one.features)
    for path in (tmp_path / "ws" / "cache" / "embeddings").rglob("*.npy"):
        path.unlink()
    with opened(tmp_path, campaign) as one:
        np.testing.assert_array_equal(np.asarray(one.features), before)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "return np.full((len(items), 2), np.nan)",
            r"NaN for pool\.csv, row 1 \(item 't000'\)",
        ),
        ("return np.ones((len(items) - 1, 2))", r"a point for each of 60 items, \(60, d\) numbers"),
        ("return 'no numbers'", r"embed\.py:embed returned no \(n, d\) numbers"),
        (
            "return np.ones((len(items), len(items)))",
            r"of 60 numbers, as those it made before",
        ),
    ],
)
def test_a_function_at_fault_is_said_before_there_is_a_campaign(
    tmp_path: Path, body: str, said: str
) -> None:
    written(tmp_path)
    with pytest.raises((DataError, ConfigurationError), match=said):
        begun(tmp_path, function(tmp_path, body))
    assert assemble.known(Workspace.of(tmp_path / "ws")) == []


def test_empty_texts_are_put_aside_and_never_embedded(tmp_path: Path) -> None:
    written(tmp_path)
    pool = pd.read_csv(tmp_path / "pool.csv")
    pool.loc[3, "text"] = "   "
    pool.to_csv(tmp_path / "pool.csv", index=False)
    campaign = begun(tmp_path, function(tmp_path, LENGTHS))
    assert not [text for text in asked(tmp_path) if not text.strip()]
    statement = assemble.account_of(Workspace.of(tmp_path / "ws"), campaign)
    assert [reason for _, _, reason in statement.quarantine] == ["its text is empty"]


@pytest.mark.parametrize("embedder", ["pixels", {"kind": "pixels", "size": 8}])
def test_an_embedder_that_cannot_read_the_items_is_refused(tmp_path: Path, embedder: Any) -> None:
    written(tmp_path)
    with pytest.raises(ConfigurationError, match="reads items of one kind out of image, the pool"):
        begun(tmp_path, embedder)


def test_pictures_are_embedded_by_their_files(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for at in range(30):
        level = np.full((20, 20), 40 + 120 * (at % 2), np.uint8) + rng.integers(0, 9, (20, 20))
        Image.fromarray(level.astype(np.uint8)).save(tmp_path / "photos" / f"{at:02}.png")
    names = [["ant", "bee"][at % 2] for at in range(30)]
    pd.DataFrame({"label": names}).to_csv(tmp_path / "truth.csv", index=False)
    pool = {"kind": "images", "path": "photos"}
    raw = template(tuple(TOPICS)) | {"pool": pool, "embedder": {"kind": "pixels", "size": 5}}
    campaign = assemble.create(Workspace.of(tmp_path / "ws"), raw, config_path=None, base=tmp_path)
    with opened(tmp_path, campaign) as one:
        assert isinstance(one.features, GatheredRows)
        assert one.features.shape == (30, 25)
        assert one.pool.features.shape == (30, 256)


def test_rows_of_numbers_are_given_to_a_function_as_numbers(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    np.save(tmp_path / "pool.npy", rng.normal(size=(20, 3)).astype(np.float32))
    pd.DataFrame({"label": ["ant", "bee"] * 10}).to_csv(tmp_path / "truth.csv", index=False)
    embedder = function(tmp_path, "return items * 2")
    raw = template(tuple(TOPICS)) | {"embedder": embedder}
    raw["pool"] = {"kind": "arrays", "features": "pool.npy"}
    campaign = assemble.create(Workspace.of(tmp_path / "ws"), raw, config_path=None, base=tmp_path)
    with opened(tmp_path, campaign) as one:
        np.testing.assert_array_equal(np.asarray(one.features), np.load(tmp_path / "pool.npy") * 2)


def test_an_embedder_is_never_changed_under_a_campaign() -> None:
    before, after = {"name": "a"}, {"name": "a", "embedder": "tfidf"}
    assert config_room.fixed_keys_changed(before, after) == ["embedder"]
