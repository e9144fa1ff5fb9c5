"""Secrets by reference: found where the reference says, and never repeated in an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from auto_labeling.errors import BlockedError, ConfigurationError
from auto_labeling.secrets import LocalSecrets

SECRETS = LocalSecrets()


def test_a_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_TOKEN", "hush\n")
    assert SECRETS.resolve({"env": "A_TOKEN"}) == "hush"


@pytest.mark.parametrize("value", [None, "", "\n"])
def test_a_variable_that_is_not_set_is_mended_by_a_person(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv("A_TOKEN", raising=False)
    if value is not None:
        monkeypatch.setenv("A_TOKEN", value)
    with pytest.raises(BlockedError) as error:
        SECRETS.resolve({"env": "A_TOKEN"})
    assert "A_TOKEN is not set" in error.value.reason
    assert "Set A_TOKEN" in error.value.remedy


def test_a_secret_in_a_file_ends_where_its_line_does(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("hush\n", encoding="utf-8")
    assert SECRETS.resolve({"file": str(path)}) == "hush"


@pytest.mark.parametrize("kind", ["env", "file"])
def test_a_secret_of_several_lines_is_refused_and_not_repeated(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "token"
    path.write_text("hush\nhush", encoding="utf-8")
    monkeypatch.setenv("A_TOKEN", "hush\nhush")
    with pytest.raises(BlockedError, match="more than a secret") as error:
        SECRETS.resolve({kind: "A_TOKEN" if kind == "env" else str(path)})
    assert "hush" not in str(error.value)


def test_a_file_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "token").write_text("hush", encoding="utf-8")
    assert SECRETS.resolve({"file": "~/token"}) == "hush"


def test_a_file_that_is_not_there_is_mended_by_a_person(tmp_path: Path) -> None:
    with pytest.raises(BlockedError, match="cannot be read") as error:
        SECRETS.resolve({"file": str(tmp_path / "token")})
    assert str(tmp_path / "token") in error.value.reason


def test_a_file_that_is_no_text_is_mended_by_a_person(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_bytes(b"\xff\xfe\x00hush")
    with pytest.raises(BlockedError, match="cannot be read") as error:
        SECRETS.resolve({"file": str(path)})
    assert error.value.__cause__ is None
    assert "hush" not in str(error.value)


def test_an_empty_file_holds_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("\n", encoding="utf-8")
    with pytest.raises(BlockedError, match="is empty"):
        SECRETS.resolve({"file": str(path)})


@pytest.mark.parametrize(
    "reference", [{}, {"env": "A", "file": "b"}, {"value": "hush"}, {"block": "hush"}]
)
def test_anything_else_is_no_reference_and_is_not_repeated(reference: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match=r"expected \{env: NAME\} or") as error:
        SECRETS.resolve(reference)
    assert "hush" not in str(error.value)
