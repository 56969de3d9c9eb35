"""A small count planted in any table that people write is found: whatever its headers, order, delimiter and form."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from egress.checks import judge
from egress.findings import Severity, verdict_of
from egress.inspection.reading import read_document
from governance.disclosure import PROFILES

COUNTED = ("n", "count", "deaths", "n_patients", "Number of people", "Admissions", "No. of cases", "freq", "events (n)")
NAMED = ("region", "ethnicity", "Age band", "condition", "imd quintile", "centre name", "icd10 code", "arm")
CATEGORIES = (
    "North",
    "South",
    "White",
    "Black",
    "<65",
    "65-74",
    "2019",
    "E11.2",
    "Not stated",
    "type 2",
    "Q1",
    "London",
)
FORMS = ("{}", "{}.0", "{} (2.5%)", "n={}", '="{}"', "{}†")
WORDLESS = st.text("bcdfghjkl", min_size=5, max_size=8)  # no vowels: no word, and no short form such as "bmi"


@dataclass(frozen=True)
class Planted:
    """A table, and the verdict that it deserves."""

    text: str
    verdict: Severity


@st.composite
def tables(draw: st.DrawFn, *, named: bool) -> Planted:
    """Rounded counts by one or two labels, with one count under ten."""
    width, height = draw(st.integers(1, 3)), draw(st.integers(2, 8))
    headers = draw(
        st.lists(st.sampled_from(COUNTED) if named else WORDLESS, min_size=width, max_size=width, unique=True)
    )
    labels = draw(st.lists(st.sampled_from(NAMED), min_size=1, max_size=2, unique=True))
    small = draw(st.integers(1, 9))
    at = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
    form = draw(st.sampled_from(FORMS if named else FORMS[:1]))
    large = st.integers(2, 400).map(lambda number: number * 5)
    rows = []
    for row in range(height):
        values = [small if (row, column) == at else draw(large) for column in range(width)]
        rows.append([*(draw(st.sampled_from(CATEGORIES)) for _ in labels), *map(form.format, map(str, values))])
    order = draw(st.permutations(range(len(labels) + width)))
    mark = draw(st.sampled_from([",", ";", "\t", "|"]))
    lines = [[[*labels, *headers][place] for place in order], *([row[place] for place in order] for row in rows)]
    return Planted("".join(f"{mark.join(line)}\n" for line in lines), Severity.FAIL if named else Severity.REVIEW)


def small_counts(text: str) -> Severity:
    """The verdict of the check alone."""
    findings = judge(read_document(text.encode(), "t.csv"), PROFILES["nhs-sde"])
    return verdict_of(finding for finding in findings if finding.check == "small-counts")


@settings(max_examples=120, deadline=None)
@given(tables(named=True))
def test_a_small_count_under_words_of_counts_fails(planted: Planted) -> None:
    assert small_counts(planted.text) == planted.verdict, planted.text


@settings(max_examples=60, deadline=None)
@given(tables(named=False))
def test_a_small_number_under_words_that_say_nothing_is_never_passed(planted: Planted) -> None:
    assert small_counts(planted.text) >= planted.verdict, planted.text
