"""Author and checkers before the airlock's pages in a real browser, over real checks: what they see, without the mouse,
with axe-core looking for what would keep somebody out (WCAG 2.2 A and AA).
"""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from egress.airlock import Airlock
from egress.ballots import Decision
from egress.calibration.planting import plant
from egress.checks import CheckReport
from egress.drafting import add_files
from egress.service import moves
from egress.submission import submit
from governance.disclosure import DisclosureProfile
from governance.settings import Settings
from tests.support.airlock_browser import CHROMIUM, Office, open_office
from tests.support.airlock_world import ADMIN, AUTHOR, CHECKER, AirlockWorld, check_by_word, output, supporting

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None, reason="Chromium is not installed (images/setup.sh --test installs it by apt)"
    ),
]
TABLE = b"sex,year,people\nF,2024,120\nF,2025,123\nM,2024,115\nM,2025,96\n"  # two counts are not rounded
SMALL = b"sex,year,people\nF,2024,120\nF,2025,3\n"
SIZES = {"wide": (1280, 860), "narrow": (390, 844), "zoomed": (640, 430)}  # 200 % at 1280 by 860


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (320, 180), "#0d6070").save(out, format="PNG")
    return out.getvalue()


def notebook() -> bytes:
    told = {"output_type": "stream", "name": "stdout", "text": "sex  people\nF       120\nM       123\n"}
    code = {"cell_type": "code", "metadata": {}, "source": "sde.sql(q)", "execution_count": 1, "outputs": [told]}
    prose = {"cell_type": "markdown", "metadata": {}, "source": "# Admissions\n\nRounded to 5."}
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [prose, code]}).encode()


@pytest.fixture
def office(airlock_template: Path, settings: Settings) -> Iterator[Office]:
    """The service with the real checks, which start their locked children."""
    made = AirlockWorld.copy_of(airlock_template, settings)
    world = AirlockWorld(Airlock(made.store, settings))
    with open_office(world) as office:
        yield office
    made.store.close()


@pytest.fixture
def album(tmp_path: Path) -> Path:
    return tmp_path


def look(page: Page, album: Path, name: str) -> None:
    """The page as people with other windows see it; nothing may stick out to the side (WCAG 1.4.10)."""
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=album / f"{name}-{size}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, size)
    page.set_viewport_size({"width": 1280, "height": 860})


def test_a_checker_votes_on_two_files_without_the_mouse(office: Office, album: Path) -> None:
    files = (output("table.csv", TABLE), output("notes.ipynb", notebook()), supporting("how.txt"))
    number = office.gateway.world.submitted(*files)
    with office.seat(CHECKER) as seat:
        page = seat.page
        page.goto(f"{office.url}/services/airlock/queue")
        seat.check_accessible()
        look(page, album, "queue")
        page.get_by_role("link", name="A table").click()
        frame = page.frame_locator(".preview")
        expect(frame.get_by_role("cell", name="123")).to_be_visible()
        seat.check_accessible()
        page.keyboard.press("n")
        expect(page.locator("#live")).to_contain_text("Finding 1 of")
        expect(frame.locator("td:has(:target)")).to_contain_text("123")  # the very cell
        look(page, album, "table")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
        seat.check_accessible()
        page.keyboard.press("Escape")
        page.keyboard.press("a")
        expect(page.get_by_role("radio", name="Approve").first).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=2, name="notes.ipynb")).to_be_visible()
        expect(page.locator(":focus")).to_contain_text("Your votes were recorded")
        expect(frame.get_by_role("heading", name="Admissions")).to_be_visible()
        seat.check_accessible()
        look(page, album, "notebook")
        page.keyboard.press("c")
        page.keyboard.press("Enter")
        expect(page.get_by_text("You have voted on 2 of 2.")).to_be_visible()
        assert not seat.problems, seat.problems
    said = {file.name: [vote.decision for vote in file.votes] for file in office.gateway.world.files(number)}
    assert said == {"table.csv": [Decision.APPROVE], "notes.ipynb": [Decision.CHANGES], "how.txt": []}


def test_keys_can_be_switched_off_and_nothing_needs_a_script(office: Office, album: Path) -> None:
    number = office.gateway.world.submitted(output("plot.png", picture()), output("table.csv", TABLE))
    address = f"{office.url}/services/airlock/requests/{number}"
    with office.seat(CHECKER, color_scheme="dark") as seat:
        page = seat.page
        page.goto(address)
        seat.check_accessible()  # the dark colours too
        look(page, album, "picture-dark")
        page.keyboard.press("j")
        expect(page.get_by_role("heading", level=2, name="table.csv")).to_be_visible()
        page.get_by_role("button", name="Keyboard shortcuts").click()
        page.get_by_role("checkbox", name="Single keys").uncheck()
        page.keyboard.press("Escape")
        page.goto(address)
        page.keyboard.press("a")
        page.keyboard.press("?")
        assert page.get_by_role("radio", checked=True).count() == 1  # of the comment's readers, none of a vote
        expect(page.get_by_role("dialog")).to_be_hidden()
    with office.seat(CHECKER, java_script_enabled=False) as seat:
        page = seat.page
        page.goto(address)
        page.get_by_role("link", name="table.csv").click()
        page.get_by_role("link", name="rows 2 and 4").click()  # a finding
        expect(page.frame_locator(".preview").locator("td:has(:target)")).to_contain_text("123")
        page.get_by_role("radio", name="Approve").first.check()
        page.get_by_role("button", name="Record my vote").click()
        expect(page.get_by_text("Your votes were recorded")).to_be_visible()


def test_an_author_reads_why_it_came_back(office: Office, album: Path) -> None:
    number = office.gateway.world.submitted(output("small.csv", SMALL))
    with office.seat(AUTHOR) as seat:
        page = seat.page
        page.goto(f"{office.url}/services/airlock/requests/{number}")
        expect(page.get_by_role("heading", name="Why it came back")).to_be_visible()
        seat.check_accessible()
        look(page, album, "author")
        page.goto(f"{office.url}/services/airlock/")
        seat.check_accessible()
        look(page, album, "author-list")
        assert not seat.problems, seat.problems


def test_what_changed_and_where_numbers_come_from(office: Office, album: Path) -> None:
    """The panel of a table's numbers, all of it open, and the page of what is not as it was in the last turn."""
    world = office.gateway.world
    number = world.submitted(output("table.csv", TABLE), output("small.csv", SMALL))
    files = [output("small.csv", b"sex,year,people\nF,2024,120\nF,2025,30\n")]
    add_files(world.airlock, actor=AUTHOR, request_id=number, files=files)
    submit(world.airlock, actor=AUTHOR, request_id=number)
    with office.seat(CHECKER) as seat:
        page = seat.page
        page.goto(f"{office.url}/services/airlock/requests/{number}")
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        expect(page.get_by_role("heading", name="Where its numbers come from")).to_be_visible()
        expect(page.get_by_text("From no answer").first).to_be_visible()
        seat.check_accessible()
        look(page, album, "provenance")
        page.get_by_role("link", name="What changed since turn 1").click()
        expect(page.get_by_role("heading", level=1, name="Changes")).to_be_visible()
        seat.check_accessible()
        look(page, album, "changes")
        assert not seat.problems, seat.problems


def test_a_planted_request_is_told_of_after_the_vote(office: Office, album: Path) -> None:
    plant(office.gateway.world.airlock, actor="service:test", checker=CHECKER, item="oldest-person")
    with office.seat(CHECKER) as seat:
        page = seat.page
        page.goto(f"{office.url}/services/airlock/queue")
        page.get_by_role("link", name="Age of the cohort").click()
        seat.check_accessible()
        page.get_by_role("radio", name="Reject").first.check()
        page.get_by_role("button", name="Record my vote").click()
        expect(page.get_by_text("was planted: you were right.")).to_be_visible()
        seat.check_accessible()
        look(page, album, "told")
        assert not seat.problems, seat.problems
    with office.seat(ADMIN) as seat:
        seat.page.goto(f"{office.url}/services/airlock/calibration")
        expect(seat.page.get_by_text("oldest-person")).to_be_visible()
        seat.check_accessible()
        look(seat.page, album, "calibration")
        assert not seat.problems, seat.problems


def test_an_author_watches_the_checks_run(
    airlock_template: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The form's answer does not wait for slow checks; the page shows their outcome by itself."""
    monkeypatch.setattr(moves, "PATIENCE_SECONDS", 0.1)
    may_end = threading.Event()

    def check_slowly(files: Sequence[tuple[Path, str]], profile: DisclosureProfile, *, limit: int) -> list[CheckReport]:
        may_end.wait(30)
        return list(check_by_word(files, profile, limit=limit))

    made = AirlockWorld.copy_of(airlock_template, settings)
    table = tmp_path / "table.csv"
    table.write_bytes(TABLE)
    with open_office(AirlockWorld(Airlock(made.store, settings, check_slowly))) as office, office.seat(AUTHOR) as seat:
        page = seat.page
        page.goto(f"{office.url}/services/airlock/new")
        page.get_by_label("Files to be released").set_input_files(table)
        page.get_by_label("Context").fill("Counts")
        page.get_by_label("Disclosure controls").fill("Rounded")
        page.get_by_role("button", name="Submit for review").click()
        expect(page.get_by_text("Under way.")).to_be_visible()
        seat.check_accessible()
        may_end.set()
        expect(page.get_by_text("In review").first).to_be_visible()
        expect(page.get_by_text("Under way.")).to_be_hidden()
        assert not seat.problems, seat.problems
    made.store.close()
