"""What the tests of the checks share: reading and judging in this process, as the locked child does in its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from egress.checks import judge
from egress.findings import Finding
from egress.inspection.reading import read_document
from governance.disclosure import PROFILES

Judge = Callable[..., tuple[Finding, ...]]


@pytest.fixture
def findings_of() -> Judge:
    """`findings_of(content, name="t.csv", profile="nhs-sde")`: the findings on one file."""

    def findings(content: str | bytes, name: str = "t.csv", profile: str = "nhs-sde") -> tuple[Finding, ...]:
        data = content.encode() if isinstance(content, str) else content
        return judge(read_document(data, name), PROFILES[profile])

    return findings
