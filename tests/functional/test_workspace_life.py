"""The life of a workspace in a real browser: what is typed and not saved is there again, however it was closed; who
goes away is warned and may keep it open; who is away is closed."""

from __future__ import annotations

import json
import re
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from governance.state import StateFolder
from hub.names import places_of
from hub.notices import Notice, clear_notice, write_notice
from hub.processes import wait_until
from tests.support.gateway import Gateway

CHROMIUM = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]  # fmt: skip
SECONDS = 1000.0
#: As short as the settings allow; the browser needs some of it only to open JupyterLab.
IDLE = {"SDE_WORKSPACE_IDLE_SECONDS": "60", "SDE_WORKSPACE_IDLE_WARNING_SECONDS": "30"}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None, reason="Chromium is not installed (images/setup.sh --test installs it by apt)"
    ),
]


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory, lab_template: Path) -> Iterator[Gateway]:
    """A gateway that closes what has not been used for a minute."""
    gateway = Gateway(shutil.copytree(lab_template, tmp_path_factory.mktemp("life") / "state"))
    gateway.environment |= IDLE
    with gateway:
        yield gateway


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield running
        running.close()


def sign_in(browser: Browser, gateway: Gateway, account: str = "researcher-a") -> tuple[BrowserContext, Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 860}, locale="en-GB", reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(45 * SECONDS)
    page.goto(gateway.url)
    page.get_by_role("button", name=re.compile(account)).click()
    page.wait_for_url("**/services/portal/**", wait_until="load")
    return context, page


def startable(page: Page, gateway: Gateway) -> Locator:
    """The button that starts the workspace, once an earlier one has ended."""
    button = page.get_by_role("button", name=re.compile("Start workspace")).first
    ends = time.monotonic() + 60
    while True:
        page.goto(f"{gateway.url}/services/portal/")
        if button.is_visible() or time.monotonic() > ends:
            return button
        page.wait_for_timeout(500)


def open_lab(page: Page, gateway: Gateway) -> None:
    page.goto(f"{gateway.url}/services/portal/")
    opener = page.get_by_role("link", name=re.compile("Open workspace"))
    if opener.count():
        opener.first.click()
    else:
        startable(page, gateway).click()
    page.wait_for_url(re.compile(r"/user/.*/lab"), timeout=60 * SECONDS)
    page.locator(".jp-DirListing-item", has_text="first-steps.ipynb").wait_for(timeout=60 * SECONDS)


def open_notebook(page: Page) -> Locator:
    page.locator(".jp-DirListing-item", has_text="first-steps.ipynb").dblclick()
    notebook = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    notebook.locator(".jp-Cell").first.wait_for()
    return notebook


def type_without_saving(page: Page, notebook: Locator, text: str) -> None:
    notebook.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Control+End")
    page.keyboard.insert_text(f"\n# {text}")
    page.locator(".lm-TabBar-tab.jp-mod-dirty", has_text="first-steps").wait_for()


def stop_from_the_portal(browser: Browser, gateway: Gateway) -> None:
    context, page = sign_in(browser, gateway)
    with context:
        page.get_by_role("button", name=re.compile("Stop")).first.click()
        expect(startable(page, gateway)).to_be_visible()


def saved_notebook(gateway: Gateway) -> str:
    [notebook] = (gateway.state / "homes").glob("*/first-steps.ipynb")
    return notebook.read_text()


def notices(gateway: Gateway) -> list[str]:
    [file] = (StateFolder(gateway.state).run / "w").glob("*/notices.json")
    return [notice["id"] for notice in json.loads(file.read_text())]


def test_what_was_typed_is_there_after_a_stop_from_the_portal(impatient: Gateway, browser: Browser) -> None:
    context, page = sign_in(browser, impatient)
    with context:
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        open_lab(page, impatient)
        notebook = open_notebook(page)
        type_without_saving(page, notebook, "typed and not saved")
        assert "typed and not saved" not in saved_notebook(impatient)
        stop_from_the_portal(browser, impatient)
        assert "typed and not saved" in saved_notebook(impatient)
        assert not [text for text in problems if "Content Security Policy" in text or "sde-workspace" in text], problems

        open_lab(page, impatient)
        expect(open_notebook(page).locator(".jp-CodeCell").first).to_contain_text("typed and not saved")


def test_files_are_checked_for_export_from_the_file_browser(impatient: Gateway, browser: Browser) -> None:
    context, page = sign_in(browser, impatient)
    with context:
        open_lab(page, impatient)
        [home] = (impatient.state / "homes").glob("*/first-steps.ipynb")
        hostile = "<img src=x onerror=alert(1)>"
        for name, rows in (("rounded.csv", "F,120\nM,130\n"), ("small.csv", f"F,120\n{hostile},7\n")):
            (home.parent / name).write_text(f"sex,n\n{rows}")
        page.get_by_role("button", name=re.compile("Refresh")).first.click()
        entry = page.locator(".jp-DirListing-item", has_text="small.csv")
        entry.click(button="right")
        page.get_by_role("menuitem", name="Check for Export").click()
        panel = page.get_by_role("region", name="Check for export")
        status = panel.get_by_role("status")
        expect(status).to_contain_text("1 file: 1 would bounce. Profile nhs-sde/", timeout=60 * SECONDS)
        expect(panel).to_contain_text("FAIL small-counts")
        expect(panel).to_contain_text("row 2")
        expect(panel).to_contain_text("what earlier releases together with these files tell")
        assert panel.locator("img").count() == 0  # nothing of a file becomes part of the page

        page.locator(".jp-DirListing-item", has_text="rounded.csv").click()
        entry.click(modifiers=["Control"])
        entry.click(button="right")
        page.get_by_role("menuitem", name="Check for Export").click()
        expect(status).to_contain_text("2 files: 1 would bounce, 1 nothing found.", timeout=60 * SECONDS)
        for name in ("rounded.csv", "small.csv"):
            (home.parent / name).unlink()


def test_a_notice_is_shown_can_be_read_whole_and_is_taken_back(impatient: Gateway, browser: Browser) -> None:
    places = places_of(StateFolder(impatient.state), "researcher-a", "gi-bleed")
    context, page = sign_in(browser, impatient)
    with context:
        open_lab(page, impatient)
        text = "Your home folder is nearly full ({} % of its space). " + "Please remove what you no longer need. " * 4
        notice = page.get_by_role("alert").filter(has_text="nearly full")
        write_notice(places, Notice("disk", "disk", "warning", text.format(91)))
        expect(notice).to_contain_text("91 %")
        write_notice(places, Notice("disk", "disk", "warning", text.format(92)))
        expect(notice).to_contain_text("92 %")
        expect(notice).to_have_count(1)
        notice.get_by_role("button", name="Read all").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text(text.format(92).strip())
        dialog.get_by_role("button", name="OK").click()
        write_notice(places, Notice("disk", "disk", "warning", "Words have changed."))
        changed = page.get_by_role("alert").filter(has_text="Words have changed.")
        changed.wait_for()
        clear_notice(places, "disk")
        expect(changed).to_have_count(0)

        forged = """async () => {
            const tell = (path, headers) => fetch(`/user/researcher-a/gi-bleed/sde/${path}`, {method: 'POST', headers});
            const xsrf = document.cookie.match(/_xsrf=([^;]*)/)[1];
            const closing = await tell('closing', {'X-SDE-Farewell': '1', 'X-XSRFToken': xsrf});
            return [closing.status, (await tell('active')).status];
        }"""
        assert page.evaluate(forged) == [403, 403]  # the gateway's header is taken off; no form token, no word


def test_who_goes_away_is_warned_may_keep_it_open_and_else_it_is_closed_with_everything_saved(
    impatient: Gateway, browser: Browser
) -> None:
    context, page = sign_in(browser, impatient)
    with context:
        open_lab(page, impatient)
        notebook = open_notebook(page)
        page.locator(".jp-DirListing").click()  # the last sign of life, but for the button
        warning = page.get_by_role("alert").filter(has_text="closes, since nobody uses it")
        warning.wait_for(timeout=60 * SECONDS)
        expect(warning).to_contain_text(re.compile(r"At \d\d:\d\d: .* are lost\."))
        warning.get_by_role("button", name="Keep open").press("Enter")
        expect(warning).to_have_count(0, timeout=15 * SECONDS)
        assert wait_until(lambda: notices(impatient) == [], 15)

        type_without_saving(page, notebook, "the last words")
        warning.wait_for(timeout=90 * SECONDS)
        page.wait_for_function(
            "() => document.body.innerText.includes('This workspace is closing')", timeout=90 * SECONDS
        )
        expect(startable(page, impatient)).to_be_visible()
    assert "the last words" in saved_notebook(impatient)
    culled = impatient.run("audit", "tail").stdout
    assert "workspace.culled" in culled, culled


def test_what_was_typed_is_there_after_the_gateway_was_stopped(impatient: Gateway, browser: Browser) -> None:
    context, page = sign_in(browser, impatient)
    with context:
        open_lab(page, impatient)
        type_without_saving(page, open_notebook(page), "typed before Ctrl-C")
        assert "typed before Ctrl-C" not in saved_notebook(impatient)
        stopping = threading.Thread(target=impatient.stop)  # the browser must go on meanwhile
        stopping.start()
        while stopping.is_alive():
            page.wait_for_timeout(100)
        stopping.join()
    assert "typed before Ctrl-C" in saved_notebook(impatient)
