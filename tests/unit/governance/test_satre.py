"""The scorecard: what it names exists, and nothing scores without tests that passed."""

from __future__ import annotations

import ast
import csv
from pathlib import Path

import pytest
from typer.testing import CliRunner

from governance.commands.satre import app
from governance.refusal import Refusal
from governance.satre import NO_RESULTS, Results, Statement, read_results, read_statements, score
from governance.satre.statements import LEVELS, NOT_APPLICABLE

ROOT = Path(__file__).parents[3]
STATEMENTS = read_statements()
JUNIT = """<testsuites><testsuite>
<testcase classname="tests.unit.a.test_b" name="test_one[1]"/>
<testcase classname="tests.unit.a.test_b" name="test_one[2]"/>
<testcase classname="tests.unit.a.test_b.TestC" name="test_two"/>
<testcase classname="tests.unit.a.test_d" name="test_three"><failure/></testcase>
<testcase classname="tests.unit.a.test_d" name="test_four[1]"/>
<testcase classname="tests.unit.a.test_d" name="test_four[2]"><error/></testcase>
<testcase classname="tests.unit.a.test_e" name="test_five"><skipped/></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def results(tmp_path: Path) -> Results:
    file = tmp_path / "tests.xml"
    file.write_text(JUNIT)
    return read_results(file)


def statement(claim: int, *tests: str) -> Statement:
    return Statement("1.1.01", "M", "says", claim, tests, (), "note")


def names_in(file: Path) -> set[str]:
    found = set()
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found |= {node.name} | {f"{node.name}::{inner.name}" for inner in node.body if hasattr(inner, "name")}
    return found


@pytest.mark.parametrize("said", STATEMENTS, ids=lambda said: said.id)
def test_what_a_statement_names_exists(said: Statement) -> None:
    assert said.level in LEVELS
    assert said.claim in (2, 1, 0, NOT_APPLICABLE)
    assert bool(said.note) == (said.claim != 2), "what is missing is said, and only then"
    assert bool(said.tests) == (said.claim > 0), "a claim names tests, and nothing else does"
    for test in said.tests:
        path, _, name = test.partition("::")
        assert (ROOT / path).exists(), test
        assert not name or name in names_in(ROOT / path), test
    for document in said.documents:
        assert (ROOT / document).is_file(), document


def test_each_statement_stands_once_in_satres_order() -> None:
    ids = [said.id for said in STATEMENTS]
    assert len(set(ids)) == len(ids)
    assert ids == sorted(ids, key=lambda name: [int(part) for part in name.partition("/")[0].split(".")])


@pytest.mark.parametrize(
    ("test", "holds"),
    [
        ("tests/unit/a/test_b.py", True),
        ("tests/unit/a/test_b.py::test_one", True),
        ("tests/unit/a/test_b.py::TestC::test_two", True),
        ("tests/unit/a/test_b.py::TestC", True),
        ("tests/unit/a", False),  # something in it failed
        ("tests/unit/a/test_d.py::test_three", False),
        ("tests/unit/a/test_d.py::test_four", False),  # one of its cases
        ("tests/unit/a/test_e.py::test_five", False),
        ("tests/unit/a/test_b.py::test_on", False),
        ("tests/unit/nowhere", False),
    ],
)
def test_only_what_ran_and_passed_holds(results: Results, test: str, holds: bool) -> None:
    assert results.hold(test) is holds
    assert not NO_RESULTS.hold(test)


@pytest.mark.parametrize(
    ("said", "points"),
    [
        (statement(2, "tests/unit/a/test_b.py"), 2),
        (statement(1, "tests/unit/a/test_b.py"), 1),
        (statement(2, "tests/unit/a/test_b.py", "tests/unit/a/test_d.py"), 0),
        (statement(2, "tests/unit/a/test_e.py"), 0),
        (statement(2), 0),
        (statement(0), 0),
        (statement(NOT_APPLICABLE), NOT_APPLICABLE),
    ],
)
def test_a_claim_without_a_passing_test_scores_nothing(results: Results, said: Statement, points: int) -> None:
    [line] = score([said], results)
    assert line.score == points
    assert line.missing


def test_without_a_run_nothing_is_met() -> None:
    assert {line.score for line in score(STATEMENTS, NO_RESULTS)} <= {0, NOT_APPLICABLE}


def test_the_command_writes_both_forms(tmp_path: Path, results: Results) -> None:
    answer = CliRunner().invoke(app, ["--results", str(tmp_path / "tests.xml"), "--to", str(tmp_path / "card")])
    assert answer.exit_code == 0, answer.output
    with (tmp_path / "card" / "satre.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["statement"] for row in rows] == [said.id for said in STATEMENTS]
    page = (tmp_path / "card" / "satre.html").read_text()
    assert "<caption>" in page
    assert "tests.xml" in page


@pytest.mark.parametrize("text", ["", "no xml", "<a"])
def test_what_is_no_test_run_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.xml"
    file.write_text(text)
    with pytest.raises(Refusal, match="no-results"):
        read_results(file)
