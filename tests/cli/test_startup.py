from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("prefect", "mlflow", "torch", "sklearn", "pandas", "matplotlib", "fastapi")


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"]])
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys; from auto_labeling.cli import main; main(sys.argv[1:]); "
        f"print([n for n in {(*HEAVY, 'sqlalchemy', 'numpy', 'scipy')} if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert done.stderr == ""


def test_status_imports_nothing_heavy(tmp_path: object) -> None:
    code = (
        "import sys; from auto_labeling.cli import main; "
        "from auto_labeling.cli import account, prospects; "
        f"print([n for n in {HEAVY} if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
