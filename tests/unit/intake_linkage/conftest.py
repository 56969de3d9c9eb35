"""A small region to link, written as landing would leave it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.linking import LinkingLab


@pytest.fixture
def lab(tmp_path: Path) -> LinkingLab:
    """An empty state folder in which feeds are staged and linked."""
    return LinkingLab.at(tmp_path)
