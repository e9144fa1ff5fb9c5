"""What may stand under `semi_supervised`, and how that changes while a campaign runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from auto_labeling import assemble, config
from auto_labeling.campaign import amending, checking, pseudo_labels
from auto_labeling.campaign.ledger import MIGRATIONS, Ledger
from auto_labeling.errors import ConfigurationError
from auto_labeling.workspace import Workspace
from tests.support.campaigns import driving, merged, template, tiny


def parsed(**overrides: Any) -> config.CampaignConfig:
    return config.parse(merged(template(), overrides))


@pytest.mark.parametrize("none", ["none", {"kind": "none"}, None])
def test_none_is_what_a_file_without_the_key_says(none: object) -> None:
    raw = template() | {"semi_supervised": none}
    assert config.parse(raw) == config.parse(template())


def test_a_word_is_a_kind() -> None:
    assert parsed(semi_supervised="auto") == parsed(semi_supervised={"kind": "auto"})
    assert parsed(semi_supervised={}).semi_supervised is not None


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"semi_supervised": "spreding"}, "semi_supervised.kind"),
        ({"semi_supervised": {"precission": 0.9}}, "unknown key 'precission'"),
        ({"semi_supervised": {"precision": 1.5}}, "precision"),
        ({"semi_supervised": {"audit": -0.1}}, "audit"),
        ({"semi_supervised": {}, "model": {"kind": "none"}}, "without a model"),
        (
            {
                "semi_supervised": {},
                "labels": {"task": "multi"},
                "strategy": {"scorer": {"kind": "multi_label_entropy"}},
            },
            "labels.task is 'multi'",
        ),
    ],
)
def test_what_cannot_be_is_refused(overrides: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        parsed(**overrides)


def test_a_model_that_reads_pictures_is_refused() -> None:
    raw = merged(template(), {"semi_supervised": {}})
    raw["model"] = {"kind": "torch", "module": "net.py:make", "sha256": "0" * 64}
    raw["model"] |= {"reads": "pictures"}
    with pytest.raises(ConfigurationError, match="pictures"):
        config.parse(raw)


def test_every_model_of_the_file_can_weigh_and_one_that_cannot_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for kind in ("gradient_boosting", "lda", "logistic_regression", "naive_bayes", "svm"):
        checking.check_files(parsed(semi_supervised={}, model={"kind": kind}), Path())
    checking.check_files(parsed(semi_supervised={}, model={"kind": "committee"}), Path())
    monkeypatch.setattr(checking, "weighs", lambda _model: False)
    with pytest.raises(ConfigurationError, match="cannot weigh its examples"):
        checking.check_files(parsed(semi_supervised={}), Path())


def amended(path: Path, campaign: str, table: object, why: str) -> tuple[int, int]:
    """Amend what stands under the key, and return since when it holds, and the newest version."""
    with driving(path, campaign) as opened:
        with opened.ledger.read() as connection:
            _, raw = amending.stored(connection, campaign)
        assert opened.fence is not None
        amending.amend(
            opened.ledger,
            fence=opened.fence,
            raw=raw | {"semi_supervised": table},
            who="mia",
            why=why,
            clock=opened.clock,
            pseudonym=str,
        )
        with opened.ledger.read() as connection:
            return pseudo_labels.holds_since(connection, campaign)


def test_other_settings_begin_with_audits_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, semi_supervised={"kind": "auto", "audit": 0.1})
    assert amended(path, campaign, {"kind": "auto", "audit": 0.2}, "more audits") == (1, 2)
    for version, same in enumerate(
        (
            "auto",
            {"kind": "auto", "weight": 0.5, "max_ratio": None, "precision": 0.8},
            {"kind": "label_spreading", "precision": "80%"},
        ),
        start=3,
    ):
        assert amended(path, campaign, same, "the same in other words") == (1, version)
    assert amended(path, campaign, "none", "enough") == (6, 6)
    assert amended(path, campaign, {"kind": "self_training"}, "another") == (7, 7)
    with assemble.opened(Workspace.of(path), campaign) as opened:
        assert opened.config.semi_supervised is not None


def test_asks_of_an_older_ledger_stay_and_may_be_audits_now(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine

    old = create_engine(f"sqlite:///{tmp_path / 'ledger.db'}")
    alembic = Config()
    alembic.set_main_option("script_location", str(MIGRATIONS))
    insert = (
        "INSERT INTO asks (ask, campaign, item, round, ordinal, purpose, state, price_micros, "
        "assignee, assigned_at, upload) VALUES ('{}', 'c', '{}', 1, 0, '{}', 'sent', 5, 'mia', 7, "
        "'u')"
    )
    with old.begin() as connection:
        alembic.attributes["connection"] = connection
        command.upgrade(alembic, "0006")
        for ask, purpose in (("a", "train"), ("b", "gold")):
            connection.execute(text(insert.format(ask, f"item {ask}", purpose)))
        before = connection.execute(text("SELECT * FROM asks")).mappings().all()
    old.dispose()
    ledger = Ledger.open(tmp_path / "ledger.db")
    with ledger.write() as connection:
        after = connection.execute(text("SELECT * FROM asks")).mappings().all()
        assert [dict(row) for row in after] == [dict(row) for row in before]
        connection.execute(text(insert.format("c", "item c", "audit")))
    with pytest.raises(Exception, match="CHECK"), ledger.write() as connection:
        connection.execute(text(insert.format("d", "item d", "bribe")))
    ledger.close()
