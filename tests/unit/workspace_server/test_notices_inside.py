"""Notices as the workspace's server reads them: those that hold, and nothing of a file that is not to be understood."""

from __future__ import annotations

import importlib.util
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).parents[3] / "images" / "server" / "sde_workspace" / "notices.py"
PAST, FUTURE = ((datetime.now(UTC) + timedelta(hours=hours)).isoformat() for hours in (-1, 1))


@pytest.fixture(scope="module")
def inside() -> Any:
    spec = importlib.util.spec_from_file_location("notices_inside", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("notice", "held"),
    [
        ({"id": "a", "kind": "disk", "until": None}, True),
        ({"id": "a", "kind": "traffic", "until": FUTURE}, True),
        ({"id": "a", "kind": "traffic", "until": PAST}, False),
        ({"id": "a", "kind": "idle", "until": PAST}, True),
        ({"id": "a", "kind": "disk", "until": "tomorrow"}, False),
        ({"id": "a", "kind": "disk", "until": 5}, False),
        ({"id": "a", "kind": "disk", "until": "2030-01-01T00:00:00"}, False),  # without a zone
        ("no notice", False),
    ],
)
def test_what_holds(inside: Any, tmp_path: Path, notice: Any, held: bool) -> None:
    file = tmp_path / "notices.json"
    file.write_text(json.dumps([notice]))
    assert inside.read_notices(file) == ([notice] if held else [])


@pytest.mark.parametrize("text", ["", "{}", "not JSON", "5", '["' + "x" * 70_000 + '"]'])
def test_what_is_not_to_be_understood(inside: Any, tmp_path: Path, text: str) -> None:
    file = tmp_path / "notices.json"
    file.write_text(text)
    assert inside.read_notices(file) == []


def test_a_file_that_is_missing_or_a_link(inside: Any, tmp_path: Path) -> None:
    assert inside.read_notices(tmp_path / "none") == []
    assert inside.revision(tmp_path / "none") == ""
    target = tmp_path / "target"
    target.write_text("[]")
    (tmp_path / "link").symlink_to(target)
    assert inside.read_notices(tmp_path / "link") == []
