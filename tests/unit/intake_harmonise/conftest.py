"""A place to stage rows in."""

from __future__ import annotations

import pytest

from governance.settings import Settings
from tests.support.staged import Staging


@pytest.fixture
def staging(settings: Settings) -> Staging:
    """Nothing staged yet."""
    settings.folder.create()
    return Staging(settings)
