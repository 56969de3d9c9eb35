"""The security model names only modules and tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "explanation").glob("*.md"))
ROOMS = ("governance", "hub", "query_guard", "egress", "intake", "images", "tests")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_modules_and_tests_named_on_a_page_exist(page: Path) -> None:
    for name in re.findall(r"`([A-Za-z_./]+)`", page.read_text(encoding="utf-8")):
        if (
            name.split(".")[0] in ROOMS
            and "/" not in name
            and "." in name
            and not name.endswith((".py", ".md", ".sock"))
        ):
            assert exists(name), f"{page.name} names {name}"
        elif name.startswith("tests/"):
            assert (ROOT / name).exists(), f"{page.name} names {name}"


def exists(dotted: str) -> bool:
    """A module, or a name that a module defines."""
    path = ROOT.joinpath(*dotted.split("."))
    if path.with_suffix(".py").is_file() or path.is_dir():
        return True
    *module, attribute = dotted.split(".")
    for file in (ROOT.joinpath(*module).with_suffix(".py"), ROOT.joinpath(*module, "__init__.py")):
        if file.is_file() and re.search(rf"\b{re.escape(attribute)}\b", file.read_text(encoding="utf-8")):
            return True
    return len(module) > 1 and exists(".".join(module))


@pytest.mark.parametrize("page", [*sorted(ROOT.glob("docs/**/*.md")), ROOT / "README.md"], ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http:", "https:")):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"
