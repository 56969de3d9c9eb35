"""A real browser before the airlock's real service: the service also on a port of this machine, the hub a stand-in, and
the shared look given to the browser as the portal would.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, ViewportSize, sync_playwright

from governance.look import LOOK_FOLDER
from tests.support.airlock_service import ServedAirlock, served
from tests.support.airlock_world import AirlockWorld

CHROMIUM = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]  # fmt: skip
#: What WCAG 2.2 A and AA ask, as axe-core tags its rules.
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
SECONDS = 1000.0
WIDE: ViewportSize = {"width": 1280, "height": 860}


@dataclass(frozen=True)
class Seat:
    """A browser's window of one person, and what it complained of (a script or style the policy refused, an error)."""

    page: Page
    problems: list[str]

    def check_accessible(self) -> None:
        """No violation that axe-core can find. Frames are left out: nothing may run in them."""
        found: Any = Axe().run(self.page, context={"exclude": [["iframe"]]}, options=RULES).response["violations"]
        told = [(rule["id"], [node["html"][:200] for node in rule["nodes"][:3]]) for rule in found]
        assert not told, told


@dataclass(frozen=True)
class Office:
    """The service, a browser, and where the service listens."""

    gateway: ServedAirlock
    browser: Browser
    url: str

    @contextmanager
    def seat(self, person: str, viewport: ViewportSize = WIDE, **settings: Any) -> Iterator[Seat]:
        """A signed-in window."""
        client = self.gateway.browser(person).client
        cookies = [{"name": kept.name, "value": str(kept.value), "url": self.url} for kept in client.cookies.jar]
        context = self.browser.new_context(viewport=viewport, locale="en-GB", reduced_motion="reduce", **settings)
        with context:
            context.add_cookies(cookies)  # type: ignore[arg-type]
            context.route("**/services/portal/static/*", _give_look)
            page = context.new_page()
            page.set_default_timeout(20 * SECONDS)
            problems: list[str] = []
            page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
            page.on("pageerror", lambda error: problems.append(str(error)))
            yield Seat(page, problems)


@contextmanager
def open_office(world: AirlockWorld) -> Iterator[Office]:
    """Until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with served(world, listener) as gateway, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        try:
            yield Office(gateway, browser, url)
        finally:
            browser.close()


def _give_look(route: Route) -> None:
    route.fulfill(path=LOOK_FOLDER / route.request.url.rpartition("/")[2])
