"""What a column, a row and a table hold."""

from __future__ import annotations

import pytest

from egress.inspection import vocabulary
from egress.inspection.columns import classify_column
from egress.inspection.counts import columns_where, count_columns, least_counts
from egress.inspection.delimited import read_delimited
from egress.inspection.document import Table
from egress.inspection.foreign_words import TRANSLATED
from egress.inspection.headers import is_category, kind_said_by, words_of
from egress.inspection.studies import study
from egress.inspection.vocabulary import Kind

COUNTS = (
    "n|N|n_patients|nPatients|No. of patients|Number of deaths|count(*)|count_star()|Freq.|total|Total N|n.risk|"
    "at risk|num_at_risk|numerator|denominator|deaths_30d|n_high_risk|distinct_person_id|Patients (n)|n (%)|"
    "women|tp|row_count|cohort_size|n_exposed|ED visits|nobs|events"
)
OTHERS = (
    "mean_age|Mean patients|p|P value|p.value|Pr(>|t|)|OR|adjusted or|HR (95% CI)|coef|std err|[0.025|0.975]|chi2|df|"
    "age|Age (years)|year_of_birth|month|week_no|IMD decile|% of patients|n_pct|percent|rate per 1000|risk_score|auc|"
    "concept_id|icd10_code|lsoa|n_estimators|n_splits|n_practices|total_cost|dose_mg|person_years|time_to_event|"
    "number needed to treat|rank|stage|los_days|visits per person|max_depth|seed"
)


@pytest.mark.parametrize("header", COUNTS.split("|"))
def test_headers_that_count_people(header: str) -> None:
    assert kind_said_by(header) is Kind.COUNT


@pytest.mark.parametrize("header", [*OTHERS.split("|"), "Pr(>|t|)"])
def test_headers_that_do_not(header: str) -> None:
    assert kind_said_by(header) not in {Kind.COUNT, Kind.PERSON_KEY}


@pytest.mark.parametrize(
    "header",
    [
        "person_id",
        "PatientID",
        "nhs_number",
        "NHS No",
        "pseudo_id",
        "visit_occurrence_id",
        "mrn",
        "hes_id",
        "uuid",
        "drug_exposure_id",
        "observation_period_id",
        "person_id_deid",
    ],
)
def test_headers_that_identify(header: str) -> None:
    assert kind_said_by(header) is Kind.PERSON_KEY


@pytest.mark.parametrize(
    ("header", "kind"), [("dob", Kind.BIRTH), ("birth_year", Kind.YEAR), ("", None), ("foo", None)]
)
def test_other_headers(header: str, kind: Kind | None) -> None:
    assert kind_said_by(header) is kind


def test_words_leave_out_group_sizes() -> None:
    assert words_of("Treated (N=1,130)") == ("treated",)
    assert words_of("nPatients (%)") == ("n", "patients", "%")


@pytest.mark.parametrize("label", ["Male", "2019", "2019/20", "18-29", "<65", "0", "Q1", "Stage 2", "Not stated"])
def test_categories(label: str) -> None:
    assert is_category(label)


@pytest.mark.parametrize("label", ["", "outcome", "x"])
def test_not_categories(label: str) -> None:
    assert not is_category(label)


@pytest.mark.parametrize(
    ("header", "cells", "kind"),
    [
        ("x", "3 120 7 45", Kind.MAYBE_COUNT),
        ("x", "-3 4 5", Kind.STATISTIC),
        ("x", "1.5 2.5 3", Kind.STATISTIC),
        ("x", "a b c", Kind.LABEL),
        ("x", "2015 2016 2017", Kind.YEAR),
        ("x", "1234567 1234568 9999999", Kind.CODE),
        ("x", "2020-01-02 2020-03-04", Kind.DATE),
        ("", "0 1 2 3", Kind.ORDINAL),
        ("Unnamed: 0", "0 1 2 3", Kind.ORDINAL),
        ("age", "300 400", Kind.MAYBE_COUNT),
        ("year", "7 120", Kind.MAYBE_COUNT),
        ("month", "jan feb", Kind.LABEL),
        ("deaths", "jan feb", Kind.LABEL),
        ("deaths", "1.5 2.5", Kind.STATISTIC),
        ("deaths", "* *", Kind.COUNT),
        ("date_of_death", "2020-01-02 2020-03-04", Kind.DATE),
        ("dob", "yes no", Kind.LABEL),
        ("dob", "19560312 19470101", Kind.BIRTH),
        ("x", "", Kind.LABEL),
    ],
)
def test_header_and_values_decide_together(header: str, cells: str, kind: Kind) -> None:
    column = classify_column(1, header, cells.split(" "))
    assert column.kind is kind


def test_a_column_knows_how_unique_it_is() -> None:
    assert classify_column(0, "x", ["a", "a", "b", "*"]).uniqueness == pytest.approx(2 / 3)
    assert classify_column(0, "x", ["*"]).uniqueness == 0.0


def counts_in(text: str) -> list[tuple[int, bool]]:
    table = read_delimited(text, "").tables[0]
    found = [
        (row, counted.column, value, counted.certain)
        for counted in count_columns(table)
        for row, value in zip(counted.rows, counted.values, strict=True)
    ]
    return [(value, certain) for _, _, value, certain in sorted(found)]


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("Anzahl Patienten", Kind.COUNT),
        ("Todesfaelle", Kind.COUNT),
        ("patiëntenaantal", Kind.COUNT),
        ("Décès", Kind.COUNT),
        ("nifer o gleifion", Kind.COUNT),
        ("Patientenzahl", Kind.COUNT),
        ("Praxenzahl", Kind.STATISTIC),
        ("Erkrankungszahl", Kind.COUNT),
        ("Ligduur (dagen)", Kind.STATISTIC),
        ("Mittelwert Patienten", Kind.STATISTIC),
        ("edad", Kind.AGE),
        ("Année", Kind.YEAR),
        ("Geburtsdatum", Kind.BIRTH),
        ("Geburtsgewicht", Kind.STATISTIC),
        ("Patientennummer", Kind.PERSON_KEY),
        ("Anteil", Kind.STATISTIC),
        ("quantal", None),
    ],
)
def test_headers_of_other_languages(header: str, kind: Kind | None) -> None:
    assert kind_said_by(header) is kind
    assert kind_said_by(header.upper()) is kind


def test_no_foreign_word_is_an_english_one_of_another_sense() -> None:
    groups = [words for words in vars(vocabulary).values() if isinstance(words, frozenset)]
    for word, english in TRANSLATED.items():
        assert all(word not in group or group & set(english) for group in groups), word


def test_counts_of_one_cell() -> None:
    table = table_of('g,"cases (N=5, n=9)",x\na,7/120,3\nb,n=4 and n=2,12\n')
    assert least_counts(table) == {1: {-1: 5, 0: 7, 1: 2}, 2: {0: 3, 1: 12}}
    found = columns_where(table, lambda value: value < 10)
    assert [(counted.column, counted.certain, rows) for counted, rows in found] == [
        (1, True, [-1, 0, 1]),
        (2, False, [0]),
    ]
    assert columns_where(table, lambda value: value > 500) == []


def table_of(text: str) -> Table:
    return read_delimited(text, "").tables[0]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("g,n\na,7\nb,*\n", [(7, True)]),
        ("g,x\na,7\nb,120\n", [(7, False), (120, False)]),
        ("g,x\na,7\nb,*\n", [(7, True)]),
        ("g,Yes,No\na,7,8\n", [(7, True), (8, True)]),
        ("g,Yes,mean\na,7,1.5\n", [(7, False)]),
        (
            "g,a1b,c1d,total\nx,10,20,30\ny,5,6,11\n",
            [(10, True), (20, True), (30, True), (5, True), (6, True), (11, True)],
        ),
        ("g,aa\nx,10\ny,20\nTotal,30\n", [(10, True), (20, True), (30, True)]),
        ("g,aa\nx,10\ny,20\nTotal,99\n", [(10, False), (20, False), (99, True)]),
        ("g,aa,total\nx,10,*\ny,20,*\n", [(10, False), (20, False)]),
        ("g,aa\nx,10\ny,20\nTotal,\n", [(10, False), (20, False)]),
        ("g,aa\nx,1e999\ny,20\n", [(20, False)]),
        ('g,v\na,"7 (2.1%)"\n', [(7, True)]),
        ('g,v\na,"2.1% (7)"\n', [(7, True)]),
        ('g,v\na,"7 (2.1)"\n', [(7, False)]),
        ('g,"n (%)"\na,"7 (2.1)"\n', [(7, True)]),
        ('g,mean\na,"7 (2.1)"\n', []),
        ("g,events/n\na,3/120\n", [(3, True), (120, True)]),
        ("g,score\na,3/5\n", []),
        ("g,proportion\na,3/120\n", [(3, True), (120, True)]),
        ("g,v\na,n = 7\n", [(7, True)]),
        ("g,v\na,7 patients\n", [(7, True)]),
        ("g,v\na,x1\n", []),
        ("g,mean (n=7)\na,1.5\n", [(7, True)]),
        ("g,p\na,1\n", []),
    ],
)
def test_counts_are_found_in_every_form(text: str, found: list[tuple[int, bool]]) -> None:
    assert counts_in(text) == found


def test_rows_that_name_statistics_beat_headers() -> None:
    studied = study(table_of(",age,n_visits\ncount,7.0,7.0\nmean,64.2,3.1\nmin,18.0,1.0\n"))
    assert [studied.kind_of(row, 2) for row in range(3)] == [Kind.COUNT, Kind.STATISTIC, Kind.STATISTIC]
    assert studied.kind_of(0, 1) is Kind.COUNT


def test_rows_do_not_beat_headers_of_statistics() -> None:
    studied = study(table_of("what,overall,p\nn,250,1\nmean age,65.2,1\n"))
    assert studied.kind_of(0, 1) is Kind.COUNT
    assert studied.kind_of(0, 2) is Kind.STATISTIC


def test_one_statistic_among_labels_does_not_undo_a_header_of_counts() -> None:
    assert counts_in("category,n\nmean,3\nother,7\n") == [(3, True), (7, True)]


def test_rounded_counts_named_after_a_key_are_counts() -> None:
    assert counts_in("sex,person_id\nF,1250\nM,5\n") == [(1250, True), (5, True)]
    assert counts_in("sex,person_id\nF,1253\nM,7\n") == []


def test_quartiles_beside_a_median_are_no_counts() -> None:
    assert counts_in("g,median,q1,q3\na,3,1,6\n") == []
