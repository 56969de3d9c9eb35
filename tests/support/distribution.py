"""Which tests run in one process when several processes share the work (pytest-xdist), and in which order.

A file stays together: what a module prepares once (a sandbox, an engine, a gateway) is prepared once. So do the
functional tests, which share one gateway. Files are given out in the order of collection: real processes first, quick
unit tests last, so that all processes end together.
"""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

TOGETHER = ("tests/functional/test_browser.py", "tests/functional/test_journey.py")


class ByFile(LoadScopeScheduling):
    """Hands out whole files, in the order of collection."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return TOGETHER[0] if file in TOGETHER else file
