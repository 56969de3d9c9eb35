"""Planted requests over the real socket: told right after the vote, not before; the library before real checks."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest

from egress.calibration.library import LIBRARY
from egress.calibration.planting import plant
from egress.checks import run_checks_on_all
from egress.drafting import Description
from egress.findings import Severity
from governance.disclosure import PROFILES
from tests.support.airlock_service import ServedAirlock
from tests.support.airlock_world import ADMIN, AUTHOR, CHECKER, SECOND, STEWARD
from tests.support.visitor import Page, Visitor

pytestmark = pytest.mark.slow
AIRLOCK = "/services/airlock"
CALIBRATION = f"{AIRLOCK}/calibration"


def bones(page: Page) -> list[tuple[str, tuple[str, ...]]]:
    """Elements and classes of a page, without what the files of two requests may differ in."""
    for part in page.soup.select("details, .findings, pre, iframe, script"):
        part.decompose()
    return [(tag.name, tuple(tag.get("class") or ())) for tag in page.soup.find_all(True)]


def vote(visitor: Visitor, gateway: ServedAirlock, request: str, decision: str) -> Page:
    page = gateway.page(visitor, request)
    names = {str(box["name"]) for box in page.soup.find_all("input", attrs={"type": "radio"})}
    return page.press("Record these votes", **{name: decision for name in names if name.startswith("vote-")})


def test_told_right_after_the_vote_and_not_before(gateway: ServedAirlock) -> None:
    world = gateway.world
    said = Description("Paper", "For the paper", "Rounded", variables="death", population="Everybody in the cohort")
    real = world.submitted(description=said)
    made = plant(world.airlock, actor="service:test", checker=CHECKER, item="all-but-three", random=Random(1))
    checker = gateway.browser(CHECKER)
    pages = [gateway.page(checker, request) for request in (real, made.request)]
    assert bones(pages[0]) == bones(pages[1])
    for page in (pages[1], checker.open(f"{AIRLOCK}/queue"), checker.open(CALIBRATION)):
        assert not re.search("all but three", page.text), "told too early"
        assert "Nothing was planted for you yet" in page.text or made.request in page.response.text
    told = vote(checker, gateway, made.request, "approve")
    assert told.response.url.path == CALIBRATION
    assert "missed a leak" in told.text and "0 of 1 (too few for a rate)" in told.text
    assert "all but three were alive" in told.text
    again = gateway.page(checker, made.request)  # a link that was kept leads to what it was
    assert again.response.url.path == CALIBRATION
    assert made.request not in checker.open(f"{AIRLOCK}/queue").response.text
    second = gateway.browser(SECOND)
    assert "Nothing was planted for you yet" in second.open(CALIBRATION).text
    assert "were right" in vote(second, gateway, made.request, "changes").text


def test_who_may_see_that_there_are_any(gateway: ServedAirlock) -> None:
    made = plant(gateway.world.airlock, actor="service:test", checker=CHECKER, item="cohort-by-age", random=Random(1))
    page = gateway.browser(ADMIN).open(CALIBRATION)
    assert "cohort-by-age" in page.text and made.request in page.text and "Harmless" in page.text
    assert made.request not in gateway.browser(ADMIN).open(f"{AIRLOCK}/queue").response.text
    for subject in (AUTHOR, STEWARD):
        answer = gateway.browser(subject).client.get(CALIBRATION)
        assert answer.status_code == 403 and "cohort-by-age" not in answer.text


def test_the_checks_stop_none_of_the_library_but_by_exception(tmp_path: Path) -> None:
    """A made output that a check fails would never reach a checker; better checks make this one say so."""
    files = []
    for item in LIBRARY:
        folder = tmp_path / item.name
        folder.mkdir()
        (folder / item.file_name).write_text(item.write(Random(11)))
        files.append((folder / item.file_name, f"{item.name}-{item.file_name}"))
    reports = list(run_checks_on_all(files, PROFILES["nhs-sde"], limit=2**24))
    assert len(reports) == len(LIBRARY)
    failed = {
        item.name
        for item, report in zip(LIBRARY, reports, strict=True)
        if any(finding.severity is Severity.FAIL for finding in report.findings)
    }
    assert failed == {item.name for item in LIBRARY if item.exception}
    quiet = [
        item.name
        for item, report in zip(LIBRARY, reports, strict=True)
        if item.leaks and not any(finding.severity is not Severity.PASS for finding in report.findings)
    ]
    assert len(quiet) >= 4  # leaks that only a person sees
