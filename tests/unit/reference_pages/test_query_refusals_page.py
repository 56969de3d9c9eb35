"""The reference page on refusals: every code of the guard has a section, every example triggers it."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

import query_guard
from docs.pages import refusals
from docs.pages.refusal_sources import refusals_in
from governance.disclosure import PROFILES
from governance.refusal import Refusal
from intake.omop import omop_catalogue
from query_guard.policy import CODES, plan_query
from query_guard.policy.codes_of_reading import ReadingCode
from tests.support.guard_policy import CATALOGUE

READING = [code for code in CODES if isinstance(code, ReadingCode)]
#: Examples over columns that an extract does not hold; the others are over OMOP's own.
NOT_IN_AN_EXTRACT = {"type-mismatch", "date-not-read", "pattern-not-literal", "private-text-cut"}


@pytest.fixture(scope="module")
def page() -> str:
    return refusals.page()


def test_every_code_of_the_policy_has_a_section(page: str) -> None:
    titles = re.findall(r"^### (.+)$", page, re.MULTILINE)
    assert len(titles) == len(set(titles))
    assert {code.code for code in CODES} <= set(titles)


def test_every_other_refusal_of_the_guard_has_a_section(page: str) -> None:
    """The sources are all modules of the guard that refuse; nothing new slips by."""
    root = Path(query_guard.__file__).parent
    modules = {
        ".".join(file.relative_to(root.parent).with_suffix("").parts)
        for file in root.rglob("*.py")
        if "Refusal(" in file.read_text(encoding="utf-8") and "policy" not in file.parts
    }
    found = {one.code for module in modules | set(refusals.SOURCES) for one in refusals_in(module)}
    assert found - refusals.NOT_OF_A_QUESTION <= set(re.findall(r"^### (.+)$", page, re.MULTILINE))


def test_every_example_of_the_state_of_things_is_used() -> None:
    assert set(refusals.HAPPENINGS) == set(refusals.state_refusals())


def test_texts_are_those_of_the_code() -> None:
    texts = refusals.state_refusals()
    assert texts["not-recorded"][0].message == "The answer could not be recorded, so it is withheld."
    assert "too many questions" in texts["too-many-near-questions"][0].message
    assert len(texts["busy"]) == 3


@pytest.mark.parametrize("code", READING, ids=lambda code: code.code)
def test_a_call_of_the_client_is_refused_with_its_code(code: ReadingCode) -> None:
    call = ast.parse(refusals.example_of(code), mode="eval").body
    assert isinstance(call, ast.Call)
    sql, *given = [eval(compile(ast.Expression(argument), "", "eval")) for argument in call.args]
    dialect = [ast.literal_eval(keyword.value) for keyword in call.keywords]
    assert refused(CATALOGUE, sql, given[0] if given else (), *dialect) == code.code


def test_examples_are_over_the_tables_of_an_extract() -> None:
    plain = [code for code in CODES if code.example and not isinstance(code, ReadingCode)]
    odd = {code.code for code in plain if refused(omop_catalogue(), code.trigger) != code.code}
    assert odd <= NOT_IN_AN_EXTRACT


def refused(catalogue: Any, sql: str, parameters: Any = (), dialect: str = "duckdb") -> str:
    try:
        plan_query(sql, catalogue, PROFILES["nhs-sde"], dialect=dialect, parameters=parameters)
    except Refusal as refusal:
        return refusal.code
    return ""
