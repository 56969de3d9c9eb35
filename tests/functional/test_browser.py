"""The journey in a real browser (Debian's Chromium): what people see and press, by keyboard too. Takes the tutorial's
screenshots; `pytest --update-screenshots` puts them into docs/tutorial/images.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.support.gateway import Gateway

CHROMIUM = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]  # fmt: skip
SECONDS = 1000.0
IMAGES = Path(__file__).parents[2] / "docs" / "tutorial" / "images"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None, reason="Chromium is not installed (images/setup.sh --test installs it by apt)"
    ),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield running
        running.close()


@pytest.fixture
def album(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Where pictures go: the documentation when asked for, else a folder that is thrown away."""
    if request.config.getoption("--update-screenshots"):
        IMAGES.mkdir(parents=True, exist_ok=True)
        return IMAGES
    return tmp_path


def sign_in(browser: Browser, gateway: Gateway, account: str) -> tuple[BrowserContext, Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 860}, locale="en-GB", reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(45 * SECONDS)
    page.goto(gateway.url)
    page.get_by_role("button", name=re.compile(rf"^\s*{account}\s")).click()
    page.wait_for_url("**/services/portal/**", wait_until="load")
    return context, page


def test_the_journey_in_a_browser(gateway: Gateway, browser: Browser, album: Path) -> None:
    context, page = sign_in(browser, gateway, "researcher-a")
    with context:
        visitor = browser.new_context(viewport={"width": 1280, "height": 860})
        with visitor:
            front = visitor.new_page()
            front.goto(gateway.url)
            front.screenshot(path=album / "sign-in.png")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.screenshot(path=album / "portal-researcher.png")
        number = run_the_notebook(page, album)

    for account in ("checker-a", "checker-b"):
        context, page = sign_in(browser, gateway, account)
        with context:
            page.goto(f"{gateway.url}/services/portal/review")
            page.goto(f"{gateway.url}/services/airlock/requests/{number}")
            preview = page.frame_locator('iframe[title="Preview of table.csv"]')
            expect(preview.get_by_role("cell", name="Osteoarthritis")).to_be_visible(timeout=30 * SECONDS)
            if account == "checker-a":
                page.screenshot(path=album / "review.png", full_page=True)
            for _ in range(2):  # one file after the other
                page.get_by_role("radio", name="Approve").check()
                page.get_by_role("button", name="Record my vote").click()

    context, page = sign_in(browser, gateway, "researcher-a")
    with context:
        page.goto(f"{gateway.url}/services/airlock/requests/{number}")
        with page.expect_download() as download:
            page.get_by_role("link", name="table.csv").first.click()
        assert download.value.path().read_text().count("\n") == 11
        page.screenshot(path=album / "released.png", full_page=True)


def run_the_notebook(page: Page, album: Path) -> str:
    """Run the example from JupyterLab's own menu and submit; the request's number."""
    open_the_workspace(page)
    page.locator(".jp-DirListing-item", has_text="first-steps.ipynb").dblclick(timeout=60 * SECONDS)
    notebook = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    notebook.locator(".jp-Cell").first.wait_for()
    page.wait_for_timeout(1500)
    page.screenshot(path=album / "workspace.png")
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    answer = notebook.locator(".jp-OutputArea-output", has_text="receipt").first
    answer.wait_for(timeout=60 * SECONDS)
    notebook.locator(".jp-OutputArea-output", has_text="Refused [").first.wait_for(timeout=60 * SECONDS)
    answer.scroll_into_view_if_needed()
    page.wait_for_timeout(1000)
    page.screenshot(path=album / "notebook-answer.png")
    return submit_from_the_notebook(page)


def open_the_workspace(page: Page) -> None:
    """Start or open it from the portal."""
    opener = page.get_by_role("link", name=re.compile("Open workspace"))
    if opener.count():
        opener.first.click()
    else:
        page.get_by_role("button", name=re.compile("Start workspace")).first.click()
    page.wait_for_url(re.compile(r"/user/.*/lab"), timeout=60 * SECONDS)


def submit_from_the_notebook(page: Page) -> str:
    """Type the submission into a new cell, as a researcher would."""
    page.keyboard.press("Control+End")
    notebook = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    notebook.locator(".jp-Cell").last.click()
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    page.keyboard.insert_text(
        'sde.submit(["table.csv", "figure.png"], title="Common conditions", context="Counts of people.", '
        'controls="Guard profile nhs-sde.");'
    )
    page.keyboard.press("Shift+Enter")
    told = notebook.locator(".jp-OutputArea-output", has_text="Egress request")
    told.first.wait_for(timeout=60 * SECONDS)
    found = re.search(r"Egress request (\S+):", told.first.inner_text())
    assert found
    return found[1]


def test_a_script_in_a_workspace_cannot_read_or_drive_the_portal(gateway: Gateway, browser: Browser) -> None:
    """What a hostile notebook's script would try: open a portal page in a window, or fetch it, for its form token."""
    context, page = sign_in(browser, gateway, "researcher-a")
    with context:
        open_the_workspace(page)
        page.locator(".jp-DirListing-item").first.wait_for(timeout=60 * SECONDS)
        seen = page.evaluate(
            """async () => {
                const opened = window.open('/services/portal/');
                await new Promise(done => setTimeout(done, 4000));
                let read = '';
                try { read = opened.document.body.innerText } catch (error) { read = '' }
                let fetched = '';
                try { fetched = await (await fetch('/services/portal/')).text() } catch (error) { fetched = '' }
                return [read, fetched];
            }"""
        )
        for text in seen:
            assert "Gastrointestinal" not in text
            assert "xsrf" not in text


def test_the_portal_can_be_used_by_keyboard_alone(gateway: Gateway, browser: Browser) -> None:
    context, page = sign_in(browser, gateway, "admin")
    with context:
        page.keyboard.press("Tab")
        expect(page.locator(":focus")).to_have_text(re.compile("skip", re.I))
        reached: dict[str, str] = {}
        for _ in range(40):
            page.keyboard.press("Tab")
            name, tag, outline = page.evaluate(
                "[document.activeElement.textContent.trim().slice(0, 40), document.activeElement.tagName,"
                " getComputedStyle(document.activeElement).outlineStyle]"
            )
            if tag != "BODY":  # past the last element the focus is on the page itself
                reached[name] = outline
        assert any("Administration" in name for name in reached), reached
        assert "none" not in reached.values(), reached


def test_nothing_on_our_pages_comes_from_elsewhere(gateway: Gateway, browser: Browser) -> None:
    context, page = sign_in(browser, gateway, "admin")
    with context:
        asked: list[str] = []
        problems: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        for path in ("", "administration", "administration/people", "administration/projects", "administration/audit"):
            page.goto(f"{gateway.url}/services/portal/{path}")
            expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert all(url.startswith((gateway.url, "data:")) for url in asked), asked
        assert not problems, problems
