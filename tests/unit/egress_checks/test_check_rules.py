"""Each check by itself: what it says, where, and what it leaves alone."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from egress.checks import CHECKS, judge
from egress.findings import Finding, Severity, verdict_of
from egress.inspection.document import Document, Passage, Table
from egress.inspection.places import column_name, rows_named, safe_name
from governance.disclosure import PROFILES

FindingsOf = Callable[..., tuple[Finding, ...]]
NHS_NUMBER = "943 476 5919"  # the example of the NHS Data Dictionary


def said(findings: tuple[Finding, ...]) -> set[tuple[str, str, str]]:
    return {(finding.check, str(finding.severity), finding.where) for finding in findings}


def test_severities_are_ordered() -> None:
    assert Severity.PASS < Severity.REVIEW < Severity.FAIL
    assert Severity.FAIL > Severity.REVIEW
    assert Severity.FAIL >= "FAIL"
    assert Severity.PASS <= "PASS"
    assert verdict_of([]) is Severity.PASS


def test_checks_are_named_once_each() -> None:
    assert len({check.__name__ for check, _ in CHECKS}) == len(CHECKS)


def test_worst_comes_first_and_nothing_twice(findings_of: FindingsOf) -> None:
    findings = findings_of("sex,n,m\nF,7,7\nM,121,120\n")
    assert [finding.severity.rank for finding in findings] == sorted((f.severity.rank for f in findings), reverse=True)
    assert len(set(findings)) == len(findings)


# --- places ---------------------------------------------------------------------------------------------------------
def test_places_name_rows_and_columns() -> None:
    assert rows_named([2]) == "row 3"
    assert rows_named([0, 2]) == "rows 1 and 3"
    assert rows_named([0, 1, 2]) == "rows 1, 2 and 3"
    assert rows_named(list(range(25))) == "rows 1, 2, 3, 4, 5 and 20 more"
    assert rows_named([-1]) == "header"
    assert rows_named([-1, 3]) == "rows header and 4"


@pytest.mark.parametrize(
    "label", ["", "12345", NHS_NUMBER, "ls1 4ap", "a@b.org", "x" * 60, "DOB 12/03/1956", "020 7946 0958"]
)
def test_a_header_that_may_be_data_is_not_quoted(label: str) -> None:
    assert safe_name(label) == ""
    table = Table("", (label,), (("1",),), 1)
    assert column_name(table, 0) == "column 1"


def test_a_header_is_quoted_without_control_characters() -> None:
    assert safe_name("n_deaths\x1b[31m") == "n_deaths31m"


# --- counts ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("profile", "value", "verdict"),
    [
        ("nhs-sde", 9, "FAIL"),
        ("nhs-sde", 10, "PASS"),
        ("nhs-sde", 11, "REVIEW"),
        ("nhs-sde", 0, "PASS"),
        ("opensafely", 7, "FAIL"),
        ("opensafely", 8, "REVIEW"),
        ("hes", 7, "FAIL"),
        ("sacro", 9, "FAIL"),
        ("sacro", 11, "PASS"),
    ],
)
def test_thresholds_of_each_profile(findings_of: FindingsOf, profile: str, value: int, verdict: str) -> None:
    assert verdict_of(findings_of(f"sex,n\nF,{value}\nM,120\n", profile=profile)) == verdict


def test_a_small_count_is_named_and_not_quoted(findings_of: FindingsOf) -> None:
    findings = findings_of("sex,n_deaths\nF,7\nM,120\nX,3\n")
    assert said(findings) == {("small-counts", "FAIL", "rows 1 and 3, column n_deaths")}
    assert "7" not in "".join(findings[0].as_dict().values()).replace("10", "")


def test_a_number_without_a_name_is_for_review(findings_of: FindingsOf) -> None:
    assert said(findings_of("g,x\na,7\nb,122\n")) == {
        ("small-counts", "REVIEW", "row 1, column x"),
        ("unrounded-counts", "REVIEW", "row 2, column x"),
    }


def test_a_finer_mark_and_a_percentage_beside_a_star_are_for_review(findings_of: FindingsOf) -> None:
    assert verdict_of(findings_of("g,n\na,<5\nb,120\n")) == "REVIEW"
    assert verdict_of(findings_of("g,n\na,<10\nb,120\n")) == "PASS"
    assert verdict_of(findings_of("g,n,percent\na,*,2%\nb,12000,98%\n")) == "REVIEW"
    assert verdict_of(findings_of("g,n,percent\na,*,2.5%\nb,120,97.5%\n")) == "FAIL"  # 2.5 % of 123
    assert verdict_of(findings_of("g,n,percent\na,*,*\nb,120,97.5%\n")) == "PASS"


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("Only 7 patients died.", "REVIEW"),
        ("n = 7", "REVIEW"),
        ("Deaths: 7", "REVIEW"),
        ("Number of observations: 7", "REVIEW"),
        ("Groups of fewer than 7 patients are hidden.", "PASS"),
        ("at least 5 people", "PASS"),
        ("120 patients died.", "PASS"),
        ("n_estimators = 5", "PASS"),
        ("0 patients", "PASS"),
    ],
)
def test_counts_in_prose_are_for_review(findings_of: FindingsOf, line: str, verdict: str) -> None:
    assert verdict_of(findings_of(line + "\n", "t.md")) == verdict


def test_prose_in_a_page_is_read_too(findings_of: FindingsOf) -> None:
    findings = findings_of("<!doctype html><html><body><p>Only 7 patients</p></body></html>", "t.html")
    assert said(findings) == {("small-counts", "REVIEW", "the text")}


def test_code_states_no_counts(findings_of: FindingsOf) -> None:
    cell = {"cell_type": "code", "source": "n = 7  # 7 patients", "outputs": []}
    assert findings_of(json.dumps({"nbformat": 4, "metadata": {}, "cells": [cell]}), "t.ipynb") == ()


# --- row level ------------------------------------------------------------------------------------------------------
def rows(header: str, row: Callable[[int], str], number: int) -> str:
    return header + "\n" + "\n".join(row(i) for i in range(number)) + "\n"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (rows("week,rate", lambda i: f"{i},1.5", 5001), "FAIL"),
        (rows("ref,v", lambda i: f"{i * 7919 + 1234567},1.5", 30), "FAIL"),
        (rows("ref,v", lambda i: f"{i * 7919 + 1234567},1.5", 12), "REVIEW"),
        (rows("ref,v", lambda i: f"{i * 7919 + 1234567},1.5", 5), "PASS"),
        (rows("code,v", lambda i: f"{i * 7919 + 1234567},1.5", 30), "PASS"),
        (rows("ref,v", lambda i: f"{(i + 300000) * 5},1.5", 30), "PASS"),
        (rows("ref,v", lambda i: f"{10**15 + i * 7919},1.5", 6), "FAIL"),
        (rows("ref,v", lambda i: f"202401{1 + i % 28:02d}{i % 24:02d}{i % 60:02d}00,1.5", 20), "PASS"),
        (rows("ref,v", lambda i: f"PT-{i:04d},1.5", 25), "FAIL"),
        (rows("ref,v", lambda i: f"aB3{i:02d}xYz9Qw8Er7Ty,1.5", 6), "FAIL"),
        (rows("area,v", lambda i: f"E01{i:06d},1.5", 30), "PASS"),
        (rows("g,v", lambda i: f"group {i % 3},1.5", 30), "PASS"),
        (rows("age,sex,predicted", lambda i: f"{i // 2},{'FM'[i % 2]},0.5", 60), "PASS"),
        (rows("age,sex,predicted", lambda i: f"{60 + i % 9},{'FM'[i % 2]},0.{i}", 60), "FAIL"),
        (rows("age,sex,rate", lambda i: f"{i // 2},{'FM'[i % 2]},0.5", 60), "PASS"),
        (rows("age,sex,bmi", lambda i: f"{20 + i * 7 % 50},{'FM'[i % 2]},2{i % 9}.5", 60), "FAIL"),
        (rows("age,sex,n", lambda i: f"{20 + i // 2},{'FM'[i % 2]},120", 60), "PASS"),
        (rows("a,b,c,d", lambda i: f"{i * 7 % 50}.5,{i * 3 % 11}.25,{i}.5,x", 60), "REVIEW"),
        (rows("a,b,c,mean", lambda i: f"{i * 7 % 50}.5,{i * 3 % 11}.25,{i}.5,1.5", 60), "PASS"),
        (rows("age,sex,diagnosis", lambda i: f"{60 + i},F,K92.2", 3), "FAIL"),
        (rows("age,sex,rate", lambda i: f"{60 + i},F,1.5", 3), "PASS"),
        (rows("person_id", str, 3), "FAIL"),
    ],
)
def test_tables_of_persons_are_told_from_results(findings_of: FindingsOf, text: str, verdict: str) -> None:
    assert verdict_of(tuple(f for f in findings_of(text) if f.check == "row-level")) == verdict


def test_too_wide_and_too_long_texts_fail(findings_of: FindingsOf) -> None:
    wide = ",".join("abc" for _ in range(2100))
    assert verdict_of(findings_of(f"{wide}\n{wide.replace('abc', '1.5')}\n")) == "FAIL"
    assert verdict_of(findings_of("some words here\n" * 5002, "t.txt")) == "FAIL"


def test_a_figure_of_many_marks_is_a_table(findings_of: FindingsOf) -> None:
    def svg(marks: int) -> str:
        return "<svg xmlns='http://www.w3.org/2000/svg'>" + "<circle r='1'/>" * marks + "</svg>"

    assert [verdict_of(findings_of(svg(marks), "t.svg")) for marks in (50, 300, 5001)] == ["PASS", "REVIEW", "FAIL"]


# --- identifiers ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("cell", "header", "verdict"),
    [
        (NHS_NUMBER, "x", "FAIL"),
        ("9434765919", "x", "FAIL"),
        ("943-476-5919", "x", "FAIL"),
        ("9434765919.0", "x", "FAIL"),
        ("no.9434765919", "x", "FAIL"),
        ("ID9434765919", "x", "FAIL"),
        ("９４３４７６５９１９", "x", "FAIL"),
        ("943\u200b4765919", "x", "FAIL"),
        ("9434765918", "x", "PASS"),
        ("0.9434765919", "x", "PASS"),
        (".9434765919", "x", "PASS"),
        ("19434765919", "x", "PASS"),
        ("9434765919.5", "x", "PASS"),
        ("1111111111", "x", "PASS"),
        ("a3f9434765919b4c", "x", "PASS"),
        ("9434765919", "concept_id", "FAIL"),
        ("2000000002", "concept_id", "PASS"),
        ("1700000004", "timestamp", "PASS"),
        ("1700000004", "x", "FAIL"),
    ],
)
def test_nhs_numbers_in_cells(findings_of: FindingsOf, cell: str, header: str, verdict: str) -> None:
    findings = tuple(f for f in findings_of(f"{header},v\n{cell},1.5\n{cell},2.5\n") if f.check == "nhs-number")
    assert verdict_of(findings) == verdict
    assert not any("9434" in value for finding in findings for value in finding.as_dict().values())


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        (f"The case {NHS_NUMBER} was left out.", "FAIL"),
        ("North 943 476 5919 1200", "PASS"),
        ("1200 943 476 5919", "PASS"),
        ("sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b9434765919a0f00a08", "PASS"),
    ],
)
def test_nhs_numbers_in_lines(findings_of: FindingsOf, line: str, verdict: str) -> None:
    assert verdict_of(findings_of(line, "t.md")) == verdict


@pytest.mark.parametrize(
    ("cell", "verdict"),
    [
        ("LS1 4AP", "FAIL"),
        ("ls14ap", "FAIL"),
        ("EC1A-1BB", "FAIL"),
        ("GIR 0AA", "FAIL"),
        ("near SW1A 1AA", "FAIL"),
        ("LS1", "PASS"),
        ("E11.2", "PASS"),
        ("#e112ab", "PASS"),
        ("S1 2nd", "PASS"),
        ("B12 1MG", "PASS"),
        ("QQ1 4AP", "PASS"),
    ],
)
def test_postcodes(findings_of: FindingsOf, cell: str, verdict: str) -> None:
    assert verdict_of(findings_of(f"area,v\n{cell},1.5\n{cell},2.5\n")) == verdict


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("dob,v\n1956-03-12,1.5\n", "FAIL"),
        ("dob,v\n*,1.5\n", "PASS"),
        ("year_of_birth,n\n1956,120\n1957,130\n", "PASS"),
        ("what,value\nDate of birth,12/03/1956\nn,120\n", "FAIL"),
        ("note,v\nborn on 12 March 1956,1.5\n", "FAIL"),
        ("person_key,seen\na,2020-01-05\nb,2020-02-07\n", "FAIL"),
        (rows("day,v", lambda i: f"{1930 + i * 3}-05-{2 + i:02d},1.5", 20), "REVIEW"),
        (rows("day,n", lambda i: f"2020-05-{1 + i:02d},120", 20), "PASS"),
        (rows("day,cause", lambda i: f"20{10 + i % 5}-05-{2 + i:02d},I", 20), "REVIEW"),
    ],
)
def test_dates_of_birth_and_other_exact_days(findings_of: FindingsOf, text: str, verdict: str) -> None:
    assert verdict_of(findings_of(text)) == verdict


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("c,v\na@b.org,1.5\n", "FAIL"),
        ("c,v\n07700 900123,1.5\n", "FAIL"),
        ("phone,v\n123456789,1.5\n", "FAIL"),
        ("c,v\n020 7946 0958,1.5\n", "REVIEW"),
        ("first_name,v\nAnn,1.5\n", "FAIL"),
        ("surname,v\n*,1.5\n", "PASS"),
        ("address,v\nMill Lane,1.5\n", "FAIL"),
        ("n_address,v\n120,1.5\n", "PASS"),
        ("variable name,v\nage,1.5\n", "PASS"),
    ],
)
def test_contact_details(findings_of: FindingsOf, text: str, verdict: str) -> None:
    assert verdict_of(findings_of(text)) == verdict


def test_contact_details_in_prose_are_for_review(findings_of: FindingsOf) -> None:
    assert verdict_of(findings_of("Write to a@b.org\n\nor +44 7700 900123\n", "t.md")) == "REVIEW"


def test_lines_are_named_and_the_rest_is_counted() -> None:
    text = "\n".join([NHS_NUMBER] * 8)
    document = Document("", "cell 2", "text/plain", b"", passages=(Passage("cell 2", text, lined=True),))
    (finding,) = judge(document, PROFILES["nhs-sde"])
    assert finding.where == "cell 2, lines 1, 2, 3, 4, 5 and 3 more"
    long = Document("", "", "text/plain", b"", passages=(Passage("", "\n".join([NHS_NUMBER] * 300), lined=True),))
    assert judge(long, PROFILES["nhs-sde"])[-1].where == "lines 1, 2, 3, 4, 5 and 95 more"


def test_a_table_in_text_is_not_named_twice(findings_of: FindingsOf) -> None:
    findings = findings_of(f"| ref | v |\n|---|---|\n| {NHS_NUMBER} | 1.5 |\n", "t.md")
    assert said(findings) == {("nhs-number", "FAIL", "row 1, column ref")}


# --- types, names, formulas -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "name",
    [
        "../a.csv",
        "a\\b.csv",
        "",
        "..",
        ".a.csv",
        "-rf.csv",
        "a.csv ",
        "a\n.csv",
        "a\u202evsc.csv",
        "a:b.csv",
        "nul.csv",
        "x" * 200 + ".csv",
        "9434765919.csv",
        "case_943_476_5919.csv",
        "a@b.org.csv",
        "LS1 4AP.csv",
        "dob_1956-03-12.csv",
    ],
)
def test_hostile_and_telling_names_fail(findings_of: FindingsOf, name: str) -> None:
    assert "file-name" in {finding.check for finding in findings_of("g,v\na,1.5\n", name)}


@pytest.mark.parametrize("name", ["table 1.csv", "table_1-final (v2).csv", "Tabelle Köln.csv", "km.curve.csv"])
def test_ordinary_names_pass(findings_of: FindingsOf, name: str) -> None:
    assert findings_of("g,v\na,1.5\n", name) == ()


@pytest.mark.parametrize(
    ("content", "name", "verdict"),
    [
        ("hello", "t.py", "FAIL"),
        ("hello", "t", "FAIL"),
        ('{"a": 1.5}', "t.txt", "PASS"),
        ('{"a": 1.5}', "t.csv", "FAIL"),
        ("hello", "T.TXT", "PASS"),
    ],
)
def test_types_and_extensions(findings_of: FindingsOf, content: str, name: str, verdict: str) -> None:
    assert verdict_of(findings_of(content, name)) == verdict


@pytest.mark.parametrize(
    ("cell", "verdict"),
    [
        ("=1+1", "REVIEW"),
        ("@SUM(A1)", "REVIEW"),
        ("-2+3+cmd|' /C calc'!A0", "REVIEW"),
        ("-1.2 (-3.4 to 0.9)", "PASS"),
        ("-log2(p)", "PASS"),
        ("+ve", "PASS"),
        ("-", "PASS"),
        ("a=b", "PASS"),
    ],
)
def test_formulas(findings_of: FindingsOf, cell: str, verdict: str) -> None:
    assert verdict_of(findings_of(f'g,v\n"{cell}",1.5\n')) == verdict


def test_formulas_matter_only_where_a_spreadsheet_opens_them(findings_of: FindingsOf) -> None:
    assert findings_of("| g | v |\n|---|---|\n| =1+1 | 1.5 |\n", "t.md") == ()
    assert verdict_of(findings_of("=1+1,v\na,1.5\n")) == "REVIEW"


def test_identifiers_in_headers_are_found(findings_of: FindingsOf) -> None:
    assert said(findings_of("943 476 5919,v\na,1.5\n")) == {("nhs-number", "FAIL", "header, column 1")}
