"""The airlock's fixtures."""

from __future__ import annotations

from tests.support.airlock_fixtures import airlock_template, gateway, world

__all__ = ["airlock_template", "gateway", "world"]
