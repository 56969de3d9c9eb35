"""The import contracts bite: a breach planted in a copy of the code is caught."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("governance", "hub", "query_guard", "egress", "intake")
BREACHES = {
    "a room imports another": ("egress/planted.py", "import query_guard.answer\n"),
    "governance imports a room": ("governance/planted.py", "import hub\n"),
    "governance imports DuckDB": ("governance/planted.py", "import duckdb\n"),
    "governance imports a web framework": ("governance/planted.py", "import fastapi\n"),
    "the hub opens DuckDB": ("hub/planted.py", "import duckdb\n"),
    "the airlock parses SQL": ("egress/planted.py", "import sqlglot\n"),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house")
    for room in ROOMS:
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def contracts_hold(folder: Path) -> bool:
    linter = Path(sys.executable).parent / "lint-imports"
    command = [str(linter), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, env={"PYTHONPATH": str(folder)}).returncode == 0


@pytest.mark.slow
def test_the_house_as_it_is_keeps_the_contracts(copy: Path) -> None:
    assert contracts_hold(copy)


@pytest.mark.slow
@pytest.mark.parametrize("breach", BREACHES)
def test_a_planted_breach_is_caught(copy: Path, breach: str) -> None:
    name, text = BREACHES[breach]
    planted = copy / name
    planted.write_text(text)
    try:
        assert not contracts_hold(copy), breach
    finally:
        planted.unlink()
