"""The house rules that a machine can hold: small files, small functions, one opening sentence, no vague names."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("governance", "hub", "query_guard", "egress", "intake")
LONGEST_FILE, LONGEST_FUNCTION = 300, 40
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
PRODUCT = sorted(file for room in ROOMS for file in (ROOT / room).rglob("*.py"))


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("room", ROOMS)
def test_files_are_small_and_open_with_a_sentence(room: str) -> None:
    for file in (ROOT / room).rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert text.count("\n") <= LONGEST_FILE, f"{file} is longer than {LONGEST_FILE} lines"
        opening = ast.get_docstring(ast.parse(text)) or ""
        assert len(opening.split()) >= 4, f"{file} does not say what its one job is"


@pytest.mark.parametrize("room", ROOMS)
def test_functions_are_small(room: str) -> None:
    for file in (ROOT / room).rglob("*.py"):
        if "migrations" in file.parts:  # a list of tables is long, and never edited again
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1 - _docstring_lines(node)
                assert lines <= LONGEST_FUNCTION, f"{file}:{node.lineno} {node.name} has {lines} lines"


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    is_text = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    return (first.end_lineno or first.lineno) - first.lineno + 1 if is_text else 0


def test_no_vague_module_names() -> None:
    assert not [file for file in PRODUCT if VAGUE & set(file.stem.split("_"))]


def test_every_room_is_under_the_architecture_contracts() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    rooms = {folder.parent.name for folder in ROOT.glob("*/__init__.py")} - {"tests", "docs", "benchmarks"}
    assert rooms == set(contracts["root_packages"])


def test_assert_is_never_used_on_input() -> None:
    """An assert may state what the types cannot (isinstance, is not None); it must not carry a rule."""
    for file in PRODUCT:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Assert):
                text = ast.unparse(node.test)
                assert re.search(r"isinstance|is not None", text), f"{file}:{node.lineno} assert {text}"


def test_no_download_address_is_recorded() -> None:
    registries = re.compile(
        r"(files\.)?python" + r"hosted|py" + r"pi\.org|registry\.npm" + r"js|deb\.deb" + r"ian\.org"
    )
    for file in tracked_files():
        if file.suffix not in {".png", ".ico", ".duckdb"}:
            assert not registries.search(file.read_text(encoding="utf-8", errors="replace")), file


def test_locks_carry_a_hash_for_every_package() -> None:
    for lock in (ROOT / "images" / "locks").glob("*.txt"):
        blocks = re.split(r"\n(?=[a-z0-9])", lock.read_text().strip())
        assert all("==" in block and "--hash=sha256:" in block for block in blocks), lock
