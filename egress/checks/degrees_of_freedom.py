"""Residual degrees of freedom: a model with nearly as many terms as people gives the people away.

What is looked for: residual degrees of freedom as statsmodels, R and broom print them, in text and in tables; or the
number of observations less the terms of the model. Coefficients, p-values and limits are no counts (headers.py).

Source: ACRO, default of ten residual degrees of freedom.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from egress.findings import Finding, Severity
from egress.inspection.cells import read_number
from egress.inspection.document import Document, Passage, Table, within
from egress.inspection.headers import words_of
from egress.inspection.places import HEADER_ROW, place_of
from governance.disclosure import DisclosureProfile

NAME = "degrees-of-freedom"
MOST_ROWS = 500
FIX = "Fit fewer terms, or merge groups, until ten or more residual degrees of freedom are left."
NUMBER = r"(-?\d{1,9})(?:\.0*)?(?![\d.]*\d)"
#: How programs print residual degrees of freedom: statsmodels; summary(lm); F statistics; summary(glm); Stata's ratio.
RESIDUAL_TEXT = (
    re.compile(rf"(?i)\bdf[ _.]*resid(?:uals?)?[ \t]*[:=|]?[ \t]*{NUMBER}"),
    re.compile(rf"(?i)residual standard error:? \S+ on\s+{NUMBER}\s+degrees? of freedom"),
    re.compile(rf"(?i)residual deviance:? \S+\s+on\s+{NUMBER}\s+degrees? of freedom"),
    re.compile(rf"(?i)\bF(?:-statistic)?:? \S+ on \d+ and {NUMBER} DF"),
    re.compile(rf"(?i)residual (?:degrees of freedom|d\.?o?\.?f\.?)\s*[:=]?\s*{NUMBER}"),
    # the last line of an analysis of variance, degrees of freedom first (R; statsmodels, type 1)
    re.compile(rf"(?m)^[ \t]*Residuals?[ \t]+{NUMBER}[ \t]+[\d.]"),
)
OBSERVATIONS = re.compile(rf"(?i)\bno?\. observations:?[ \t]*{NUMBER}|\bnumber of obs(?:ervations)?\s*[:=]\s*{NUMBER}")
MODEL = re.compile(rf"(?i)\bdf[ _.]*model[ \t]*[:=|]?[ \t]*{NUMBER}")
RESIDUAL = """df residual, df residuals, df resid, residual df, resid df, residual dof, dof resid, dof residual, df r,
ddf, rdf, residual degrees of freedom"""
RESIDUAL_WORDS = frozenset(tuple(name.split()) for name in RESIDUAL.replace("\n", " ").split(","))
LONE_DF = frozenset({("df",), ("dof",)})
NOBS_WORDS = frozenset(tuple(name.split()) for name in ("nobs", "no observations", "n obs", "number of obs"))
MODEL_WORDS = frozenset({("df", "model"), ("model", "df"), ("df", "m")})


def check_degrees_of_freedom(document: Document, profile: DisclosureProfile) -> Iterator[Finding]:
    """FAIL for residual degrees of freedom under the profile's least, stated or worked out."""
    for table in document.tables:
        yield from _in_table(table, profile)
    if document.is_output:
        for passage in document.passages:
            yield from _in_text(passage, profile)


def _finding(where: str, profile: DisclosureProfile) -> Finding:
    why = f"A model has fewer than {profile.residual_dof} residual degrees of freedom."
    return Finding(NAME, Severity.FAIL, where, why, FIX)


def _in_table(table: Table, profile: DisclosureProfile) -> Iterator[Finding]:
    """Under a header, as broom writes them; or in the cell beside a label, as statsmodels does."""
    for index, label in enumerate(table.header):
        if words_of(label) in RESIDUAL_WORDS:
            rows = [row for row, cell in enumerate(table.column(index)) if _is_few(cell, profile)]
            if rows:
                yield _finding(place_of(table, rows, index), profile)
        if words_of(label) in LONE_DF:  # an analysis of variance
            lines = enumerate(zip(table.rows, table.column(index), strict=True))
            few = [row for row, (line, cell) in lines if _is_residual(line[0]) and _is_few(cell, profile)]
            if few:
                yield _finding(place_of(table, few, index), profile)
    if table.total_rows <= MOST_ROWS:  # a summary of a model is short
        yield from _beside_labels(table, profile)


def _is_residual(label: str) -> bool:
    return words_of(label)[:1] in {("residual",), ("residuals",), ("error",), ("within",)}


def _is_few(cell: str, profile: DisclosureProfile) -> bool:
    number = read_number(cell)
    return number is not None and number.value < profile.residual_dof


def _beside_labels(table: Table, profile: DisclosureProfile) -> Iterator[Finding]:
    observations = terms = None
    for row, line in enumerate((table.header, *table.rows), start=HEADER_ROW):
        for index, (label, cell) in enumerate(pairwise(line), start=1):
            number = read_number(cell)
            said = words_of(label) if number is not None else ()
            if number is not None and said in RESIDUAL_WORDS and number.value < profile.residual_dof:
                yield _finding(place_of(table, [row], index), profile)
            observations = number if said in NOBS_WORDS else observations
            terms = number if said in MODEL_WORDS else terms
    if observations and terms and observations.value - terms.value - 1 < profile.residual_dof:
        yield _finding(table.where, profile)


def _in_text(passage: Passage, profile: DisclosureProfile) -> Iterator[Finding]:
    for pattern in RESIDUAL_TEXT:
        for found in pattern.finditer(passage.text):
            if int(found[1]) < profile.residual_dof:
                yield _finding(_line(passage, found.start()), profile)
                return  # the first one sends a person to read the text
    observations, terms = OBSERVATIONS.search(passage.text), MODEL.search(passage.text)
    if observations and terms:
        seen = int(next(filter(None, observations.groups())))
        if seen - int(terms[1]) - 1 < profile.residual_dof:
            yield _finding(_line(passage, observations.start()), profile)


def _line(passage: Passage, at: int) -> str:
    number = passage.text.count("\n", 0, at) + 1
    return within(passage.where, f"line {number}") if passage.lined else passage.where or "the text"
