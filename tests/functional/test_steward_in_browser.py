"""A data steward and a keyholder in a real browser, over a delivery that really landed: what they see and press,
and that a report page keeps the portal's content policy.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from governance.settings import load_settings
from governance.store import open_store
from tests.functional.test_browser import browser, pytestmark, sign_in  # noqa: F401  (the fixture and the marks)
from tests.support.gateway import Gateway
from tests.support.reidentification_rows import add_reidentification

HEADINGS = (
    "Provider Organisation Code", "Call Date", "Call Identifier", "Stop Codes", "Time Call Connected",
    "Time Dispatch Code Established", "Reporting Response Category", "Treatment Type", "Chief Complaint", "NHS Number",
    "Forename", "Surname", "Date of Birth", "Sex", "Postcode", "Call Notes",
)  # fmt: skip


def write_calls(folder: Path) -> Path:
    """A year of calls, one in twenty on a day that is none."""
    folder.mkdir()
    with (folder / "AmbulanceCall.csv").open("w", newline="") as opened:
        out = csv.DictWriter(opened, HEADINGS, restval="")
        out.writeheader()
        for number in range(400):
            day = date(2025, 1, 1) + timedelta(days=number * 11 % 365)
            out.writerow(
                {
                    "Provider Organisation Code": "RYC",
                    "Call Date": "2025-02-31" if number % 20 == 0 else day.isoformat(),
                    "Call Identifier": f"C{number:05}",
                    "Forename": "Alex",
                    "Surname": f"Fielder{number % 90}",
                    "Date of Birth": (date(1950, 1, 1) + timedelta(days=number % 90)).isoformat(),
                }
            )
    return folder


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, lab_template: Path) -> Iterator[Gateway]:
    """One of the module's own: no delivery but ours has come in."""
    state = shutil.copytree(lab_template, tmp_path_factory.mktemp("steward") / "state")
    with Gateway(state) as running:
        yield running


@pytest.fixture(scope="module")
def problems(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """What a browser complains of; the module's data are there."""
    folder = write_calls(tmp_path_factory.mktemp("calls") / "calls")
    landed = json.loads(gateway.run("delivery", "land", "ambulance", str(folder), "--json").stdout)
    assert landed
    store = open_store(load_settings(state=gateway.state))
    add_reidentification(store)
    store.close()
    gateway.run("keeper", "round")
    yield []


def watch(page: Page, problems: list[str]) -> None:
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))


def test_a_steward_reads_the_report_and_decides(
    gateway: Gateway,
    browser: Browser,  # noqa: F811
    problems: list[str],
    tmp_path: Path,
) -> None:
    context, page = sign_in(browser, gateway, "steward")
    with context:
        watch(page, problems)
        page.get_by_role("link", name="Data", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Data")
        expect(page.get_by_text("Deliveries that wait for your decision: 1.")).to_be_visible()
        page.screenshot(path=tmp_path / "data.png", full_page=True)
        page.get_by_role("link", name="Deliveries").click()
        page.screenshot(path=tmp_path / "deliveries.png", full_page=True)
        page.get_by_role("link", name="Quality report").first.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Delivery ambulance")
        shown = page.locator("svg[role=img]").first
        expect(shown).to_be_visible()
        page.screenshot(path=tmp_path / "report.png", full_page=True)
        page.go_back()
        page.get_by_label("Reason", exact=True).fill("Days of February, known to the sender")
        page.get_by_role("button", name="Accept").click()
        expect(page.get_by_text("The delivery is accepted.")).to_be_visible()
        for path in ("regions", "opt-outs", "extracts"):
            page.goto(f"{gateway.url}/services/portal/data/{path}")
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            page.screenshot(path=tmp_path / f"{path}.png", full_page=True)
    assert problems == []


def test_a_keyholder_refuses_in_the_browser(
    gateway: Gateway,
    browser: Browser,  # noqa: F811
    problems: list[str],
    tmp_path: Path,
) -> None:
    context, page = sign_in(browser, gateway, "keyholder-a")
    with context:
        watch(page, problems)
        page.get_by_role("link", name="Re-identification").click()
        expect(page.get_by_text("sde reidentify approve r-1 --key")).to_be_visible()
        page.screenshot(path=tmp_path / "reidentification.png", full_page=True)
        page.get_by_label("Reason to refuse").fill("Not enough is known")
        page.get_by_role("button", name="Refuse").click()
        expect(page.get_by_text("Nothing waits")).to_be_visible()
    assert problems == []
