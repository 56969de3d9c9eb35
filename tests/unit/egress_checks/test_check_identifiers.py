"""Pseudonyms, names beside what describes persons, and tables of persons without a key."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from egress.findings import Finding, verdict_of

FindingsOf = Callable[..., tuple[Finding, ...]]
PSEUDONYM = "5829104771203948571"


@pytest.mark.parametrize(
    ("text", "name", "verdict"),
    [
        (f"x,v\n{PSEUDONYM},1.5\n", "t.csv", "FAIL"),
        (f"x,v\n{PSEUDONYM}.0,1.5\n", "t.csv", "FAIL"),
        (f"The person {PSEUDONYM} was left out.", "t.md", "FAIL"),
        ("x,v\n58291047712039485,1.5\n", "t.csv", "FAIL"),
        ("x,v\n5829104771203948,1.5\n", "t.csv", "PASS"),
        (f"x,v\n{2**63 - 1},1.5\n", "t.csv", "FAIL"),
        (f"x,v\n{2**63},1.5\n", "t.csv", "PASS"),
        (f"x,v\n0.{PSEUDONYM},1.5\n", "t.csv", "PASS"),
        (f"seed_time,v\n{PSEUDONYM},1.5\n", "t.csv", "PASS"),
        ("conceptId,n\n900000000000207008,120\n", "t.csv", "PASS"),
        ("x,v\n900000000000207008,1.5\n", "t.csv", "PASS"),
        ("x,v\n1700000000000000000,1.5\n", "t.csv", "PASS"),
        (f"hash a{PSEUDONYM}b", "t.md", "PASS"),
    ],
)
def test_pseudonyms_stand_out_by_their_length(findings_of: FindingsOf, text: str, name: str, verdict: str) -> None:
    found = tuple(finding for finding in findings_of(text, name) if finding.check == "pseudonym")
    assert verdict_of(found) == verdict
    assert not any(PSEUDONYM in value for finding in found for value in finding.as_dict().values())


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ('name,age,sex\nAnn Example,61,F\n"Example, Bob",71,M\n', "FAIL"),
        ("name,person_key\nAnn Example,a\nBob B. Example,b\n", "FAIL"),
        ("name,n\nLeeds General,120\nYork District,180\n", "PASS"),
        ("name,age,sex\nage,61,F\nbmi,71,M\n", "PASS"),
    ],
)
def test_names_beside_persons(findings_of: FindingsOf, text: str, verdict: str) -> None:
    assert verdict_of(tuple(f for f in findings_of(text) if f.check == "contact-details")) == verdict


def rows(header: str, row: Callable[[int], str], number: int) -> str:
    return header + "\n" + "\n".join(row(i) for i in range(number)) + "\n"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (rows("sbp,dbp,hba1c", lambda i: f"{120 + i * 7 % 40},{70 + i * 3 % 20},{40 + i * 11 % 30}.5", 8), "FAIL"),
        (rows("sbp,dbp,hba1c", lambda i: f"{120 + i * 7 % 40},{70 + i * 3 % 20},{40 + i * 11 % 30}.5", 40), "FAIL"),
        (",bmi,sbp,hba1c\nbmi,1.0,0.3,0.2\nsbp,0.3,1.0,0.4\nhba1c,0.2,0.4,1.0\n", "PASS"),
        ("group,mean_sbp,mean_dbp,mean_bmi\na,120.5,80.2,27.1\nb,131.5,82.2,28.1\nc,131.5,82.2,28.1\n", "PASS"),
        (rows("fitted,residual", lambda i: f"{i}.5,{i * 7 % 60}.25", 60), "REVIEW"),
        (rows("fitted,residual", lambda i: f"{i}.5,{i * 7 % 60}.25", 20), "PASS"),
        (rows("row,unit,end", lambda i: f"{i},{'ABC'[i % 3]}1x,{('home', 'away')[i % 2]}", 25), "FAIL"),
        (rows("row,unit,end", lambda i: f"{i},{'ABC'[i % 3]}1x,place {i}", 25), "PASS"),
        (rows("unit,end", lambda i: f"{'ABC'[i % 3]}1x,{('home', 'away')[i % 2]}", 19), "PASS"),
        (rows("unit,n (%)", lambda i: f"{'ABC'[i % 3]}1x,{20 + i % 2 * 5} (2.5)", 25), "PASS"),
    ],
)
def test_persons_without_a_key(findings_of: FindingsOf, text: str, verdict: str) -> None:
    assert verdict_of(tuple(f for f in findings_of(text) if f.check == "row-level")) == verdict
