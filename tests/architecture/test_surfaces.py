"""The published table of surfaces names only what exists, leaves no attack out, and says of each what is left."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from docs.pages.surfaces import Surface, read_surfaces
from tests.architecture.test_security_model import exists

ROOT = Path(__file__).parents[2]
SURFACES = read_surfaces()


def defined(test: str) -> bool:
    """Whether a file, a folder, or file::Class::test exists."""
    file, *names = test.split("::")
    if not names:
        return (ROOT / file).exists()
    body = ast.parse((ROOT / file).read_text(encoding="utf-8")).body if (ROOT / file).is_file() else []
    for name in names:
        found = [
            node
            for node in body
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name
        ]
        if not found:
            return False
        body = found[0].body
    return True


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
def test_what_a_row_names_exists(surface: Surface) -> None:
    for module in surface.modules:
        assert exists(module), module
    for test in surface.tests:
        assert defined(test), test
    assert surface.left
    assert surface.tests or not surface.modules, "what is closed is attacked"


def test_names_are_unique_and_groups_stay_together() -> None:
    names, groups = [row.name for row in SURFACES], [row.group for row in SURFACES]
    assert len(names) == len(set(names))
    assert [group for at, group in enumerate(groups) if at == 0 or groups[at - 1] != group] == list(
        dict.fromkeys(groups)
    )


def test_every_attack_on_a_workspace_has_a_row() -> None:
    named = {test.split("::")[0] for row in SURFACES for test in row.tests}
    for file in (ROOT / "tests" / "adversarial" / "workspace").glob("test_*.py"):
        assert str(file.relative_to(ROOT)) in named, file


def test_what_nothing_closes_is_said() -> None:
    """The screen and the selection of text, above all."""
    open_ones = " ".join(row.name + row.closed_by for row in SURFACES if row.closed_by.startswith("nothing"))
    assert "Screen" in open_ones
    assert "select its text" in open_ones
