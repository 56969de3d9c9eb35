"""The table of refusal codes: each example triggers its code, each text teaches, nothing is hinted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlglot import exp

import query_guard.policy
from governance.catalogue import Catalogue
from governance.disclosure import PROFILES
from governance.refusal import Refusal
from intake.omop import omop_catalogue
from query_guard.policy import CODES
from query_guard.policy.code import Code
from query_guard.policy.codes_of_reading import ReadingCode
from query_guard.policy.planning import plan_query
from query_guard.policy.refusing import excerpt, refuse
from tests.support.guard_policy import CATALOGUE, PolicyLab

TRIGGERED = [code for code in CODES if code.code != "guard-failed"]


@pytest.mark.parametrize("code", TRIGGERED, ids=lambda code: code.code)
def test_example_triggers_its_code(code: Code) -> None:
    """Over the tables and columns that extracts have. Some examples need a dialect or parameters beside the text."""
    beside = {"dialect": code.dialect, "parameters": code.parameters} if isinstance(code, ReadingCode) else {}
    with pytest.raises(Refusal) as caught:
        plan_query(code.trigger, omop_catalogue(), PROFILES["nhs-sde"], **beside)  # type: ignore[arg-type]
    assert caught.value.code == code.code
    assert caught.value.message
    assert caught.value.remedy


def test_codes_are_stable_words_used_once() -> None:
    names = [code.code for code in CODES]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in names)


def test_every_code_is_used_and_every_used_code_is_in_the_table() -> None:
    folder = Path(query_guard.policy.__file__).parent
    text = "".join(file.read_text() for file in folder.rglob("*.py") if "codes_of" not in file.name)
    names = {code.code for code in CODES}
    written = set(re.findall(r"""["'`]([a-z]+(?:-[a-z]+)+)["'`]""", text))
    assert names <= written, names - written
    asked = set(re.findall(r"""(?:refuse|NotTyped)\(\s*"([a-z-]+)""", text))
    assert asked <= names, asked - names


def test_forbidden_and_nonexistent_names_get_one_text(lab: PolicyLab) -> None:
    cut = CATALOGUE.cut_to({"person": frozenset({"gender_concept_id"}), "concept": None})
    forbidden = PolicyLab(catalogue=cut)

    def told(sql: str) -> list[str]:
        refusal = forbidden.refusal(sql)
        words = [refusal.code, refusal.message, refusal.remedy, refusal.where]
        return [re.sub("year_of_birth|shoe_size|death|secret", "X", word) for word in words]

    real, invented = "select avg(year_of_birth) from person", "select avg(shoe_size) from person"
    assert told(real) == told(invented)
    assert told("select count(*) from death") == told("select count(*) from secret")
    inside = "select count(*) from person p where exists (select 1 from {} x where x.person_id = p.person_id)"
    assert told(inside.format("death")) == told(inside.format("secret"))
    inside = "with w as (select {} as y, person_id from person) select y, count(*) from w group by y"
    assert told(inside.format("year_of_birth")) == told(inside.format("shoe_size"))


def test_a_column_that_is_not_released_says_nothing_of_what_it_names(lab: PolicyLab) -> None:
    """What a column given without value would have read is never looked up: whatever stands in it, one note."""
    forbidden = PolicyLab(catalogue=CATALOGUE.cut_to({"person": frozenset({"gender_concept_id"})}))
    names = ("year_of_birth", "shoe_size", "person_id", "(select max(death_date) from death)")
    notes = {forbidden.plan(f"select count(*), any_value({name}) as x from person").columns[1].notes for name in names}
    assert len(notes) == 1


def test_excerpt_is_one_short_line() -> None:
    assert excerpt("a\n  b") == "a b"
    assert len(excerpt("x" * 500)) == 120
    assert excerpt(None) == ""


def test_excerpt_of_an_odd_node_is_empty() -> None:
    assert excerpt(exp.Case()) == ""  # sqlglot fails to write it


def test_refusal_may_carry_its_own_remedy() -> None:
    assert refuse("type-mismatch", remedy="Do that.").remedy == "Do that."


def test_unexpected_failure_is_one_constant_refusal(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Exception, match=r"\[guard-failed\]") as caught:
        plan_query("select count(*) from person where year_of_birth = 1950", None, PROFILES["nhs-sde"])  # type: ignore[arg-type]
    assert "1950" not in str(caught.value) + caplog.text
    assert caught.value.__cause__ is None
    assert "AttributeError" in caplog.text


class Bottomless(dict):  # type: ignore[type-arg]
    """A catalogue whose reading never ends."""

    def get(self, *_: object) -> object:
        return self.get()


def test_endless_recursion_is_a_refusal() -> None:
    with pytest.raises(Refusal, match="too-complex"):
        plan_query("select count(*) from person", Catalogue(Bottomless()), PROFILES["nhs-sde"])


def test_no_sql_reaches_a_log(caplog: pytest.LogCaptureFixture, lab: PolicyLab) -> None:
    assert lab.code("call pragma_of('Smith')") == "not-a-select"
    assert "Smith" not in caplog.text
