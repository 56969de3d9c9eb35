"""Marks the attacks that are known to succeed still, so that they stay in sight and are listed in one file."""

from __future__ import annotations

from pathlib import Path

import pytest

_LIST = Path(__file__).parents[1] / "adversarial" / "open_holes.txt"
OPEN = frozenset(
    line.strip() for line in _LIST.read_text(encoding="utf-8").splitlines() if line.strip() and not line.startswith("#")
)


def expect_open_holes(items: list[pytest.Item]) -> None:
    """Expect each listed attack to succeed: once it fails, its line must go."""
    for item in items:
        if item.nodeid in OPEN:
            item.add_marker(pytest.mark.xfail(reason="an open hole: see open_holes.txt", strict=True))
