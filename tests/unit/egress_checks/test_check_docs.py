"""The manual page names every check there is, and no other."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

from egress.checks import CHECKS
from egress.inspection import opening
from egress.inspection.media_types import ALLOWED

PAGE = (Path(__file__).parents[3] / "docs" / "explanation" / "egress-checks.md").read_text()


def test_the_table_of_checks_is_complete_and_in_order() -> None:
    listed = re.findall(r"^\| `([a-z-]+)`(?: \(in\))? \|", PAGE, flags=re.MULTILINE)
    assert listed == [importlib.import_module(check.__module__).NAME for check, _ in CHECKS]


def test_the_findings_before_the_checks_are_named() -> None:
    assert all(f"`{name}`" in PAGE for name in (opening.NOT_A_FILE, opening.TOO_LARGE, opening.EMPTY))


def test_every_allowed_type_is_named() -> None:
    assert all(
        re.search(rf"\b{extension.lstrip('.')}\b", PAGE) for extension in ALLOWED if extension not in {".jpg", ".htm"}
    )
