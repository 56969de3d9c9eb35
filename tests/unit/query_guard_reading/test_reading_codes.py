"""Each code of reading is triggered by its own example, with the dialect and the parameters it needs."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard.policy.code import Code
from query_guard.policy.codes_of_reading import READING_CODES, ReadingCode


@pytest.mark.parametrize("code", READING_CODES, ids=lambda code: code.code)
def test_example_triggers_its_code(reading: Any, code: Code) -> None:
    needs = (code.dialect, code.parameters) if isinstance(code, ReadingCode) else ("duckdb", ())
    refusal = reading.refusal(code.trigger, *needs)
    assert refusal.code == code.code
    assert refusal.message
    assert refusal.remedy
    assert "{name}" not in refusal.message
