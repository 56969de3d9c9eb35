"""A real browser before the portal's real application on a port of this machine; the test chooses who is visiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from axe_playwright_python.sync_playwright import Axe
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.airlock_browser import CHROMIUM, QUIET, RULES, SECONDS, WIDE

NARROW = {"narrow": (390, 844), "zoomed": (640, 430), "wide": (1280, 860)}  # zoomed: 200 % at 1280 by 860


@contextmanager
def served_portal(app: FastAPI) -> Iterator[str]:
    """Its address until the block ends."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < deadline, "the portal did not start"
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


@contextmanager
def opened_browser() -> Iterator[Browser]:
    """Debian's Chromium, until the block ends."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        try:
            yield browser
        finally:
            browser.close()


def open_page(browser: Browser, **settings: Any) -> Page:
    """A window without scripts of its own pages: the portal has none."""
    context = browser.new_context(viewport=WIDE, locale="en-GB", reduced_motion="reduce", **settings)
    page = context.new_page()
    page.set_default_timeout(20 * SECONDS)
    return page


def check_accessible(page: Page) -> None:
    """No violation that axe-core can find; nothing sticks out to the side on a phone or at 200 % (WCAG 1.4.10)."""
    found: Any = Axe().run(page, options=RULES).response["violations"]
    told = [(rule["id"], [node["html"][:200] for node in rule["nodes"][:3]]) for rule in found]
    assert not told, (page.url, told)
    for size, (width, height) in NARROW.items():
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (page.url, size)
