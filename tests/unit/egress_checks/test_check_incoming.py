"""What may be brought in and what may not, by the real checks on real bytes; and that code lists raise no alarm."""

from __future__ import annotations

import json
import pickle
import zlib

import pytest

from egress.checks import CHECKS, judge
from egress.directions import IN, OUT
from egress.findings import Finding, Severity, verdict_of
from egress.inspection.media_types import CODE_TEXTS, IMPORTABLE
from egress.inspection.reading import read_document
from governance.disclosure import PROFILES

NOTEBOOK = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [
    {"cell_type": "code", "id": "a", "source": "print(1)", "metadata": {}, "outputs": [], "execution_count": None}
]})  # fmt: skip
CODES = "concept_id,concept_code,concept_name,vocabulary_id\n" + "".join(
    f"{4000000 + number},K{number % 90 + 10}.{number % 9},Gastric ulcer {number},ICD10\n" for number in range(6_000)
)


def findings(name: str, content: str | bytes) -> tuple[Finding, ...]:
    data = content.encode() if isinstance(content, str) else content
    return judge(read_document(data, name, allowed=CODE_TEXTS), PROFILES["nhs-sde"], IN)


GOOD: dict[str, str] = {
    "analysis.py": "#!/usr/bin/env python3\nimport duckdb\n\n\ndef rate(n: int, d: int) -> float:\n    return n / d\n",
    "model.R": "library(dplyr)\nfit <- glm(died ~ age + sex, data = cohort, family = binomial)\nprint(coef(fit))\n",
    "cohort.sql": "create table cohort as\nselect person_id, min(visit_start_date) from visit_occurrence group by 1;\n",
    "insert.sql": "-- codes\ninsert into codes values ('K25.0', 'Gastric ulcer');\n",
    "notes.md": "# Protocol\n\nPrimary outcome: n = 4 arms. Version 2.1, 2024-03-01.\n",
    "steps.yaml": "steps:\n  - name: cohort\n    minimum: 3\n",
    "flow.yml": '{"steps": [1, 2]}',
    "settings.toml": "[run]\nseed = 42\n",
    "report.qmd": "---\ntitle: Rates\n---\n\n```{r}\nplot(1)\n```\n",
    "lookup.csv": "icd10,label\nK25,Gastric ulcer\nK26,Duodenal ulcer\n",
    "codes.csv": CODES,
    "snomed.tsv": "conceptId\tterm\n22298006\tMyocardial infarction\n73211009\tDiabetes mellitus\n",
    "rates.csv": "age_band,standard_population\n0-4,8\n5-9,7\n10-14,3\n",
    "dictionary.json": '{"sex": {"M": "male", "F": "female"}}',
    "first.ipynb": NOTEBOOK,
}


@pytest.mark.parametrize("name", GOOD)
def test_code_and_reference_data_come_in(name: str) -> None:
    assert verdict_of(findings(name, GOOD[name])) is Severity.PASS, findings(name, GOOD[name])


BAD: dict[str, tuple[str, bytes | str, str]] = {
    "a zip": ("import-type", b"PK\x03\x04" + b"\0" * 40, "tools.zip"),
    "a zip as code": ("import-type", b"PK\x03\x04" + b"\0" * 40, "tools.py"),
    "a pickle": ("import-type", pickle.dumps({"a": [1, 2]}), "model.json"),
    "a text pickle": ("import-type", pickle.dumps({"a": [1, 2]}, protocol=0), "model.txt"),
    "an executable": ("import-type", b"\x7fELF" + b"\0" * 60, "run.py"),
    "a gzip": ("import-type", b"\x1f\x8b" + zlib.compress(b"x" * 99), "data.csv"),
    "parquet": ("import-type", b"PAR1\x00\x01\x02\xff\xfe", "data.csv"),
    "model weights": ("import-type", b"\x89HDF\r\n\x1a\n" + b"\0" * 40, "weights.h5"),
    "a gradient booster": ("import-type", "tree\nversion=v4\nnum_class=1\n", "model.txt"),
    "a page": ("import-type", "<html><script>fetch('/x')</script></html>", "page.html"),
    "a page as code": ("import-type", "<html><script>fetch('/x')</script></html>", "page.py"),
    "a shell script": ("import-type", "#!/bin/sh\ncurl x\n", "run.sh"),
    "a picture with scripts": ("import-type", "<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "a.svg"),
    "no extension": ("import-type", "x = 1\n", "Makefile"),
    "an NHS number in code": ("nhs-number", "wanted = ['9434765919']\n", "a.py"),
    "an NHS number in a query": ("nhs-number", "select * from p where nhs_number = '943 476 5919'\n", "a.sql"),
    "a pseudonym in code": ("pseudonym", "one = 4512345678901234567\n", "a.py"),
    "a postcode": ("postcode", "code,place\n1,SW1A 1AA\n", "a.csv"),
    "a birthday": ("date-of-birth", "name,date of birth\nAnn Example,1950-03-07\n", "a.csv"),
    "names": ("contact-details", "patient name,code\nAnn Example,1\nBob Sample,2\n", "a.csv"),
    "an address": ("contact-details", "code,contact\n1,ann@example.org\n", "a.csv"),
    "records by a key": ("person-records", "patient_id,code\n1,K25\n2,K26\n", "a.csv"),
    "records of persons": ("person-records", "age,sex,diagnosis\n" + "71,F,K25\n64,M,K26\n" * 40, "a.csv"),
    "a hidden block": ("hidden-content", "x = '" + "QUJD" * 4000 + "'\n", "a.py"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_may_not_come_in_fails(what: str) -> None:
    check, content, name = BAD[what]
    found = findings(name, content)
    assert (check, Severity.FAIL) in {(one.check, one.severity) for one in found}, found


def test_code_that_comes_in_does_not_leave() -> None:
    """The list of what leaves is as it was: a script and a dump fail on the way out."""
    for name in ("analysis.py", "cohort.sql", "insert.sql"):
        document = read_document(GOOD[name].encode(), name)
        assert verdict_of(judge(document, PROFILES["nhs-sde"], OUT)) is Severity.FAIL


def test_each_check_has_a_direction_and_out_is_what_a_caller_gets_who_says_nothing() -> None:
    assert all(directions for _, directions in CHECKS)
    document = read_document(b"sex,n\nF,3\nM,120\n", "t.csv")
    assert judge(document, PROFILES["nhs-sde"]) == judge(document, PROFILES["nhs-sde"], OUT)
    assert not judge(document, PROFILES["nhs-sde"], IN)


def test_nothing_that_runs_by_itself_is_on_the_list() -> None:
    assert not {".html", ".svg", ".js", ".sh", ".exe", ".zip", ".pkl", ".rds", ".parquet", ".h5"} & set(IMPORTABLE)
