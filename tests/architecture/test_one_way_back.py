"""There is one way from a pseudonym back to a person, and one room in which keys are read: every import."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("governance", "hub", "query_guard", "egress", "intake")
FILES = {
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
    for room in ROOMS
    for file in (ROOT / room).rglob("*.py")
}
LOOKUP = "intake.reidentification.lookup"


@cache
def imports(module: str) -> frozenset[str]:
    """Every module and name that a module imports, at its top or inside a function, as dotted names."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(FILES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports say the whole name"
            found |= {str(node.module), *(f"{node.module}.{name.name}" for name in node.names)}
    return frozenset(found)


def users_of(target: str) -> set[str]:
    """Modules that import the module or anything in it, but for the modules of the package itself."""
    return {
        module
        for module in FILES
        if module != target
        and not module.startswith(target + ".")
        and any(name == target or name.startswith(target + ".") for name in imports(module))
    }


def words(module: str) -> str:
    return FILES[module].read_text(encoding="utf-8")


def test_only_an_answer_looks_back() -> None:
    assert users_of(LOOKUP) == {"intake.reidentification.answering"}


def test_only_the_command_line_reaches_re_identification() -> None:
    """No route, no notice, no keeper's duty: an answer needs a passphrase typed at a terminal."""
    assert users_of("intake.reidentification") == {"intake.commands.reidentify"}


def test_only_a_cut_and_an_answer_make_pseudonyms() -> None:
    for module in users_of("intake.keys"):
        assert module.startswith(("intake.cut.", "intake.reidentification.", "intake.commands.")), module
    for module in FILES:
        if "pseudonym_array(" in words(module) or ".pseudonyms(" in words(module):
            assert module.startswith(("intake.keys", "intake.cut.", "intake.reidentification.lookup")), module


def test_no_other_room_can_reach_either() -> None:
    for target in ("intake.keys", "intake.reidentification", "intake.linkage.spine"):
        for module in users_of(target):
            assert module.split(".")[0] == "intake", f"{module} imports {target}"


def test_nothing_is_imported_by_a_name_put_together() -> None:
    """The tests above see what is written as an import."""
    for module in FILES:
        if module.split(".")[0] == "intake":
            assert "import_module" not in words(module), module
            assert "__import__" not in words(module), module


def test_only_the_keys_room_reads_key_files() -> None:
    for module in FILES:
        if not module.startswith("intake.keys"):
            tree = ast.parse(words(module))
            texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
            named = [text for text in texts if isinstance(text, str) and text.endswith((".key", ".keys.json"))]
            assert not [text for text in named if " " not in text], f"{module} names a key file"


@pytest.mark.parametrize("room", ["hub", "query_guard", "egress"])
def test_no_room_but_the_intake_names_a_reverse(room: str) -> None:
    for module in FILES:
        if module.split(".")[0] == room:
            assert "find_nhs_numbers" not in words(module), module
            assert "answer_request" not in words(module), f"{module} must not end a request as answered"
            assert "approve_request" not in words(module), f"{module} must not approve: that takes a passphrase"
