"""Hidden counts that follow from totals, from other columns or from other files of the request."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import inf
from pathlib import Path
from types import SimpleNamespace

import pytest

from egress.checks import judge, run_checks_on_all
from egress.checks.complementary import check_together, count_tables, counts_of
from egress.findings import CheckReport, Finding, Severity
from egress.inspection import auditing, child, locked_child
from egress.inspection.auditing import Counted, understand, with_audit
from egress.inspection.margins import audit, facts, programs
from egress.inspection.margins.facts import CountTable, Fact, read_count_table
from egress.inspection.margins.labels import column_coordinates, coordinate, is_grand_total
from egress.inspection.margins.sums import Sum
from egress.inspection.margins.system import Bounds, first_bounds, tighten
from egress.inspection.messages import Question
from egress.inspection.reading import read_document
from governance.disclosure import PROFILES

PROFILE = PROFILES["nhs-sde"]


def tables_of(text: str, name: str = "t.csv") -> list[CountTable]:
    document = read_document(text.encode(), name)
    return [table for part in document.walk() for table in count_tables(part)]


def given_away(*texts: str, profile: str = "nhs-sde") -> list[list[str]]:
    found = check_together([tables_of(text) for text in texts], PROFILES[profile], programs.spans)
    assert all(finding.severity is Severity.FAIL for findings in found for finding in findings)
    return [[finding.where for finding in findings] for findings in found]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("sex,n\nF,120\nM,*\nTotal,125\n", ["row 2, column n"]),
        ("sex,n\nAll,125\nF,120\nM,*\n", ["row 3, column n"]),
        ("sex,n\nF,121\nM,*\nTotal,128\n", ["row 2, column n"]),
        ("sex,n\nF,121\nM,*\nX,*\nTotal,130\n", ["rows 2 and 3, column n"]),
        ("sex,n\nF,121\nM,*\nX,*\nTotal,131\n", []),
        ("sex,n\nF,121\nM,*\nTotal,131\n", []),
        ("sex,n\nF,121\nM,*\nTotal,130\n", ["row 2, column n"]),
        ("sex,n\nF,120\nM,*\nTotal,160\n", []),
        ("sex,n\nF,120\nM,*\n", []),
        ("sex,n\nF,120\nM,*\nTotal,*\n", []),
        ("sex,n\nF,120\nM,*\nTotal,90\n", []),
        ("sex,n\nF,121\nM,\nTotal,128\n", ["row 2, column n"]),
        ("sex,n\nF,120\nM,\nTotal,120\n", []),
        ("region,Female,Male,Total\nN,120,*,125\nS,100,120,220\n", ["row 1, column Male"]),
        ("region,cases,controls,n\nN,121,131,252\nS,133,*,140\nW,211,200,411\n", ["row 2, column controls"]),
        ("region,2020 F,2020 M,2020 Total\nN,120,*,125\nS,100,120,220\n", ["row 1, column 2020 M"]),
        ("g,Male deaths,Female deaths,Total deaths\na,*,120,125\n", ["row 1, column Male deaths"]),
        ("region,sex,n\nN,F,121\nN,M,*\nN,Total,128\nS,F,140\nS,M,150\nS,Total,290\n", ["row 2, column n"]),
        (
            "region,n\nNorth,\nYork,121\nLeeds,*\nNorth total,128\nSouth,\nBath,120\nSouth total,120\n",
            ["row 3, column n"],
        ),
        (
            "group,n (N=250)\nSex,\nF,120 (48%)\nM,130 (52%)\nAge,\n<65,* (*)\n65+,245 (98%)\n",
            ["row 5, column n (N=250)"],
        ),
        ("g,a (N=400),b (N=600)\nSex,,\nF,395,595\nM,*,*\n", ["row 3, column a (N=400)", "row 3, column b (N=600)"]),
        ("g,a (N=400),b (N=600)\nSex,,\nF,300,400\nM,*,*\n", []),
        (",level,Overall\nn,,2380\nsex,F,1250\n,M,1130\nsmoker,no,2375\n,yes,*\n", ["row 5, column Overall"]),
        ("g,n\na,<10\nb,<10\nc,102\nTotal,120\n", ["rows 1 and 2, column n"]),
        ("g,n\na,<10\nb,<10\nc,102\nTotal,119\n", []),
        ("g,n\na,<10\nb,<10\nc,102\nTotal,190\n", []),
        ("g,a1,b2,c3\nx,121,200,321\ny,*,140,147\nz,300,111,411\n", []),  # two rows may add up by chance
        ("g,a1,b2,c3\nx,121,200,321\ny,*,140,147\nz,300,111,411\nw,99,98,197\n", ["row 2, column a1"]),
        ("g,n\nIcd10 K92,121\nTotal cost,*\n", []),
    ],
)
def test_hidden_counts_that_totals_give_away(text: str, where: list[str]) -> None:
    assert given_away(text) == [where]


def test_columns_of_a_wide_table_add_up_to_the_one_beside_them() -> None:
    def line(label: str, values: list[int]) -> str:
        return ",".join([label, *map(str, values[:4]), str(sum(values[:4])), *map(str, values[4:])]) + "\n"

    rows = "".join(line(f"g{row}", [101 + row * 7 + place * 13 for place in range(8)]) for row in range(4))
    header = "g,k1a,k2b,k3c,k4d,k5e,k6f,k7g,k8h,k9i\n"
    assert given_away(header + rows + "g9,*,120,130,140,397,150,160,170,180\n") == [["row 5, column k1a"]]


def test_a_column_without_a_total_is_left_alone() -> None:
    assert given_away("g,n,deaths\na,121,130\nb,*,120\nTotal,128,see note\n") == [["row 2, column n"]]


def test_bounds_that_never_rest_are_left_where_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("egress.inspection.margins.system.MOST_SWEEPS", 1)
    assert given_away("sex,n\nF,121\nM,*\nTotal,128\n") == [["row 2, column n"]]


def test_rounding_protects_where_many_cells_blur_the_hidden_one() -> None:
    rows = "".join(f"{label},{value}\n" for label, value in zip("abcdef", (120, 130, 140, 150, 160, 170), strict=True))
    assert given_away(f"g,n\n{rows}hidden,*\nTotal,875\n") == [[]]
    assert given_away(f"g,n\n{rows}hidden,*\nTotal,875\n", profile="sacro") == [["row 7, column n"]]


@pytest.mark.parametrize(("profile", "total", "found"), [("hes", 128, True), ("hes", 129, False), ("sacro", 130, True)])
def test_the_threshold_of_the_profile_decides(profile: str, total: int, found: bool) -> None:
    (where,) = given_away(f"sex,n\nF,121\nM,*\nTotal,{total}\n", profile=profile)
    assert bool(where) is found


CIRCLE = "g,A,B,C,Total\nx,*,*,101,122\ny,*,*,100,118\nz,90,101,109,300\nTotal,105,125,310,540\n"


def test_a_circle_of_sums_is_left_to_the_auditing_child() -> None:
    text = CIRCLE
    findings = judge(read_document(text.encode(), "t.csv"), PROFILE)
    assert {(f.check, str(f.severity), f.why) for f in findings if f.check == "complementary"} >= {
        ("complementary", "REVIEW", auditing.OPEN)
    }
    assert given_away(text) == [[]]


@pytest.mark.parametrize(
    ("first", "second", "where"),
    [
        ("region,sex,n\nN,F,120\nN,M,130\nS,F,140\nS,M,*\n", "region,n\nN,250\nS,145\n", ["row 4, column n"]),
        ("region,sex,n\nN,F,120\nN,M,130\nS,F,140\nS,M,*\n", "area,people\nS,145\nN,250\n", ["row 4, column n"]),
        ("region,Female,Male\nN,120,130\nS,140,*\n", "region,n\nN,250\nS,145\n", ["row 2, column Male"]),
        ("region,sex,n\nN,F,120\nN,M,130\nS,F,140\nS,M,*\n", "region,n\nN,900\nS,145\n", []),
        ("region,sex,n\nN,F,120\nN,M,130\nS,F,140\nS,M,*\n", "region,n\nW,250\nE,145\n", []),
        ("region,n\nN,121\nS,*\nW,*\nTotal,160\n", "region,n\nN,121\nS,33\n", ["row 3, column n"]),
    ],
)
def test_hidden_counts_that_another_file_gives_away(first: str, second: str, where: list[str]) -> None:
    assert given_away(first, second) == [where, []]
    assert given_away(second, first) == [[], where]


@pytest.mark.parametrize(
    ("first", "second", "where"),
    [
        ("sex,n\nF,120\nM,*\n", "what,n\nTotal,125\n", ["row 2, column n"]),
        ("sex,n\nF,121\nM,*\n", "age,n\n18-39,61\n40+,66\n", ["row 2, column n"]),
        ("sex,n\nF,121\nM,*\n", "age,n\n18-39,61\n40+,166\n", []),
        ("sex,n\nF,121\nM,*\n", "age,n\n18-39,61\n40+,*\n", []),
        ("sex,n\nF,121\nM,\n", "age,n\n18-39,61\n40+,66\n", []),
        ("sex,n\nF,121\nM,*\nTotal,160\n", "age,n\n18-39,61\n40+,66\n", []),
    ],
)
def test_totals_that_may_be_of_the_same_people_are_for_review(first: str, second: str, where: list[str]) -> None:
    found = check_together([tables_of(first), tables_of(second)], PROFILE, programs.spans)
    assert [[(str(f.severity), f.where) for f in findings] for findings in found] == [
        [("REVIEW", place) for place in where],
        [],
    ]


@pytest.mark.parametrize(
    ("second", "is_told"),
    [
        ("sex,n\nTotal,125\n", True),
        ("sex,n\nTotal,1250\n", False),
        ("sex,people\nTotal,125\n", False),  # other headings: for review, above
        ("sex,n\nX,60\nY,65\nTotal,125\n", False),  # the total of its own parts
    ],
)
def test_a_total_apart_under_the_same_headings_is_that_of_the_table(second: str, is_told: bool) -> None:
    found, _ = check_together([tables_of("sex,n\nF,121\nM,*\n"), tables_of(second)], PROFILE, programs.spans)
    fails = [finding.where for finding in found if finding.severity is Severity.FAIL]
    assert fails == (["row 2, column n"] if is_told else [])


def test_headings_that_say_nothing_bind_no_tables() -> None:
    found, _ = check_together([tables_of(",n\nF,121\nM,*\n"), tables_of(",n\nTotal,125\n")], PROFILE, programs.spans)
    assert [finding.severity for finding in found] == [Severity.REVIEW]


@pytest.mark.parametrize(
    ("text", "name", "where"),
    [
        ("Deaths (N = 2,420)\nsex,deaths\nF,2415\nM,*\n", "t.csv", ["row 2, column deaths"]),
        ("Deaths (N = 2420)\n\nsex,deaths\nF,2415\nM,*\n", "t.csv", ["row 2, column deaths"]),
        ("sex,deaths\nF,2415\nM,*\nN = 2420\n", "t.csv", []),  # below: may be of something else
        ("Deaths (N = 2,420)\nsex,deaths\nF,1415\nM,*\n", "t.csv", []),
        ("Deaths (N = 2,420)\nsex,alive,dead\nF,2000,2415\nM,100,*\n", "t.csv", []),  # of which column?
        (
            "**All (n = 808)**\n\n| Sex | People |\n|---|---|\n| F | 804 |\n| M | \\* |\n",
            "t.md",
            ["row 2, column People"],
        ),
    ],
)
def test_a_caption_states_the_size_of_its_table(text: str, name: str, where: list[str]) -> None:
    found = check_together([tables_of(text, name)], PROFILE, programs.spans)
    assert [finding.where for finding in found[0] if finding.severity is Severity.FAIL] == where


def test_two_tables_of_one_file_are_compared_too() -> None:
    text = "region,sex,n\nN,F,120\nN,M,130\nS,F,140\nS,M,*\n\nregion,n\nN,250\nS,145\n"
    assert given_away(text) == [["table 1, row 4, column n"]]


# --- labels ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "label", ["Total", "All ages", "Both sexes", "Overall (N=2,380)", "Grand total", "n", "Patients"]
)
def test_labels_of_everything(label: str) -> None:
    assert coordinate(label) == ""


@pytest.mark.parametrize(
    ("label", "at"), [("<65", "<65"), ("65–74", "65-74"), ("Total North", "north"), ("White", "white")]
)
def test_labels_of_a_part(label: str, at: str) -> None:
    assert coordinate(label) == at
    assert not is_grand_total(label)


def test_headers_are_cut_in_two_where_parts_have_totals() -> None:
    assert column_coordinates(["2020 F", "2020 Total", "Total"]) == [("2020", "f"), ("2020", ""), ("", "")]
    assert column_coordinates(["Male deaths", "Total deaths"]) == [("male", "deaths"), ("", "deaths")]
    assert column_coordinates(["F", "Total"]) == [("f",), ("",)]


# --- what the audit is told, and what it believes ---------------------------------------------------------------------
def test_tables_survive_the_way_through_json() -> None:
    (table,) = tables_of("sex,n\nF,120\nM,<10\nTotal,125\n")
    assert read_count_table(json.loads(json.dumps(table))) == table
    assert table.marks and table.hides


@pytest.mark.parametrize("told", [[], ["", [], [], [[0, 0, [], 1, 0, -1]]], ["", ["n"], [], [[0, 0, [], 1, 0, -1]]], 7])
def test_other_tables_are_not_believed(told: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        read_count_table(told)


def test_tables_without_counts_or_with_too_many_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tables_of("g,p\na,0.5\n") == []
    monkeypatch.setattr(facts, "MOST_OPEN_CELLS", 1)
    assert tables_of("g,n\na,120\nb,130\n") == []
    assert len(tables_of("g,n\na,120\nb,130\nc,*\n")) == 1
    monkeypatch.setattr(facts, "MOST_CELLS", 1)
    assert tables_of("g,n\na,120\nb,130\nc,*\nd,140\n") == []


def test_large_tables_are_not_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    document = read_document(b"g,n\na,120\nb,*\n", "t.csv")
    assert counts_of(document) == (tables_of("g,n\na,120\nb,*\n"), True)
    monkeypatch.setattr("egress.checks.complementary.MOST_TOLD", 10)
    assert counts_of(document) == ([], False)


def test_sums_that_contradict_one_another_say_nothing() -> None:
    shown = [Fact(0, 0, ("a",), 10, 0), Fact(1, 0, ("b",), 20, 0), Fact(2, 0, ("",), 0, 2)]
    sums = [Sum(2, (0, 1)), Sum(2, (0, 0))]
    assert audit.audit(shown, [0, 0, 0], sums, 10, programs.spans) == audit.Outcome((), ())
    capped = [*shown[:2], Fact(2, 0, ("",), 0, 2, 9)]
    assert audit.audit(capped, [0, 0, 0], sums, 10, None) == audit.Outcome((), ())


# --- programs -------------------------------------------------------------------------------------------------------
def circle() -> tuple[list[Sum], Bounds]:
    """Cells 0 to 3 are a table of 2 x 2, all hidden; 4 to 7 are its row and column totals."""
    shown = [Fact(0, 0, (), 0, 2)] * 4 + [Fact(0, 0, (), value, 0) for value in (5, 100, 60, 45)]
    sums = [Sum(4, (0, 1)), Sum(5, (2, 3)), Sum(6, (0, 2)), Sum(7, (1, 3))]
    return sums, tighten(first_bounds(shown, [0] * 8), sums)


def test_programs_tell_the_span_of_each_cell() -> None:
    sums, bounds = circle()
    assert programs.spans(sums, bounds, [0, 1], 10) == {0: (0, 5), 1: (0, 5)}


def test_a_group_too_large_or_a_solver_out_of_work_gives_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    sums, bounds = circle()
    monkeypatch.setattr(programs, "MOST_PROGRAMS", 1)
    assert programs.spans(sums, bounds, [0], 10) == {}
    monkeypatch.setattr(programs, "MOST_PROGRAMS", 0)
    assert programs.spans(sums, bounds, [0], 10) == {}
    monkeypatch.setattr(programs, "MOST_CELLS", 3)
    assert programs.spans(sums, bounds, [0], 10) == {}


def test_a_cell_without_an_end_is_wide() -> None:
    sums, bounds = [Sum(0, (1, 2)), Sum(0, (2, 1))], Bounds([0, 0, 0], [inf, inf, inf])
    assert programs.spans(sums, bounds, [0], 10) == {0: (0, inf)}


@pytest.mark.parametrize(("status", "answer"), [(programs.INFEASIBLE, {0: (0, 5)}), (4, {})])
def test_a_solver_that_fails_gives_no_answer(monkeypatch: pytest.MonkeyPatch, status: int, answer: object) -> None:
    sums, bounds = circle()
    monkeypatch.setattr(programs, "linprog", lambda *_, **__: SimpleNamespace(status=status, x=None))
    assert programs.spans(sums, bounds, [0], 10) == answer


# --- the reports of a request ---------------------------------------------------------------------------------------
OPEN = Finding("complementary", Severity.REVIEW, "row 1, column n", auditing.OPEN, "")
OTHER = Finding("unrounded-counts", Severity.REVIEW, "row 1, column n", "", "")
FOUND = Finding("complementary", Severity.FAIL, "row 1, column n", "why", "fix")


def report(*findings: Finding) -> CheckReport:
    return CheckReport("t.csv", Severity.REVIEW, findings, "text/csv", "", 1)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[bytes | None]:
    """What the auditing child will answer."""
    waiting: list[bytes | None] = []
    monkeypatch.setattr(auditing.ChildProcess, "ask", lambda *_: waiting.pop(0))
    return waiting


def answer(findings: Sequence[Sequence[Finding]]) -> bytes:
    return json.dumps({"findings": [[finding.as_dict() for finding in of_file] for of_file in findings]}).encode()


def test_the_child_is_asked_only_where_something_is_hidden(answers: list[bytes | None]) -> None:
    alone = [Counted(report(OTHER), (1, 2)), Counted(report(), (1,), hides=False)]
    assert with_audit(alone, PROFILE) == [file.report for file in alone]
    assert with_audit([Counted(report(OTHER), (1,), hides=True)], PROFILE) == [report(OTHER)]
    answers.append(answer([[FOUND], []]))
    first, second = with_audit([Counted(report(OTHER), (1,), True, True), Counted(report(), (1,))], PROFILE)
    assert (first.findings, first.verdict) == ((FOUND, OTHER), Severity.FAIL)
    assert second.findings == ()


def test_what_was_open_is_settled_or_stays(answers: list[bytes | None]) -> None:
    answers += [answer([[]]), answer([[]]), None]
    assert with_audit([Counted(report(OPEN), (1,), True, True)], PROFILE)[0].verdict is Severity.PASS
    assert with_audit([Counted(report(OPEN), (1,), True, False)], PROFILE)[0].findings == (OPEN,)
    assert with_audit([Counted(report(OPEN), (1,), True, True)], PROFILE)[0].findings == (OPEN,)


def test_an_audit_without_an_answer_sends_a_person(answers: list[bytes | None]) -> None:
    answers.append(None)
    first, second = with_audit([Counted(report(), (1,), True, True), Counted(report(), (1,))], PROFILE)
    assert (first.verdict, first.findings[0].why) == (Severity.REVIEW, auditing.NOT_COMPARED)
    assert second.findings == ()


@pytest.mark.parametrize("told", [None, b"{}", b"[]", b'{"findings": [[{"severity": "FINE"}]]}', answer([[]])])
def test_an_answer_out_of_shape_is_none(told: bytes | None) -> None:
    assert understand(told, 2) is None


def test_counts_of_an_answer_are_believed_as_far_as_their_shape_holds() -> None:
    told = {"tables": [1], "hides": True, "complete": True}
    assert locked_child._counted(report(), told) == Counted(report(), (1,), True, True)
    for odd in (None, 7, {}, {"tables": 7}):
        assert locked_child._counted(report(), odd) == Counted(report())


def test_the_child_answers_an_audit() -> None:
    from dataclasses import asdict

    tables = [tables_of("sex,n\nF,120\nM,*\nTotal,125\n"), []]
    told = child.answer_audit(Question({"profile": asdict(PROFILE)}, json.dumps(tables).encode()))
    assert [[finding["severity"] for finding in of_file] for of_file in told["findings"]] == [["FAIL"], []]


@pytest.mark.slow
def test_files_of_a_request_are_audited_in_a_locked_child(tmp_path: Path) -> None:
    first, second, ring = tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "c.csv"
    first.write_text("region,sex,n\nN,F,120\nN,M,130\nS,F,140\nS,M,*\n")
    second.write_text("region,n\nN,250\nS,145\n")
    ring.write_text(CIRCLE)
    ticks: list[None] = []
    files = [(first, "a.csv"), (second, "b.csv"), (tmp_path / "none.csv", "none.csv"), (ring, "c.csv")]
    reports = list(run_checks_on_all(files, PROFILE, tick=lambda: ticks.append(None)))
    assert len(ticks) == len(files)
    assert [(f.check, str(f.severity)) for f in reports[0].findings] == [("complementary", "FAIL")]
    assert reports[1].verdict is Severity.PASS
    assert auditing.OPEN not in {finding.why for report in reports for finding in report.findings}
