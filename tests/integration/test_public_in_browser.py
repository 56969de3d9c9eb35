"""The public pages in a real browser: WCAG 2.2 AA by axe-core, light and dark, by keyboard, on paper. Takes pictures of
the guide; `pytest --update-screenshots` puts them into docs/tutorial/images.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from governance import registry
from governance.clock import now, today
from governance.demo_register import load_demo_register
from governance.registry import initialise
from governance.settings import Settings
from governance.store.intake import Delivery, RegionVersion
from hub.portal.app import create_app
from hub.portal.hub_service import HubService
from tests.support.airlock_browser import CHROMIUM
from tests.support.portal_browser import check_accessible, open_page, opened_browser, served_portal

IMAGES = Path(__file__).parents[2] / "docs" / "tutorial" / "images"
PAGES = ("", "/register", "/register/gi-bleed", "/register/nothing", "/data", "/opt-out", "/safety", "/statistics")
SERVICE = HubService(
    api_url="http://hub/hub/api",
    api_token="t",
    client_id="service-portal",
    service_prefix="/services/portal/",
    oauth_access_scopes=frozenset({"x"}),
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None, reason="Chromium is not installed (images/setup.sh --test installs it by apt)"
    ),
]


@pytest.fixture
def public(settings: Settings) -> Iterator[str]:
    """The address of the public pages over the demonstration's register with a region and what a project published."""
    store = initialise(settings)
    load_demo_register(store)
    until = {"slug": "gi-bleed", "actor": "service:test"}
    registry.add_intended_output(
        store, title="Table 2: bleeds by medicine", description="Rates by age and sex.", **until
    )
    registry.add_published(
        store, title="Bleeding after NSAIDs", link="https://example.org/p", published_on=today(), **until
    )
    registry.change_project(store, actor="service:test", slug="respiratory", status="closed")
    months = json.dumps({"tables": [{"months": {"2019-01": 900, "2026-02": 900}}]})
    with store.transaction() as session:
        for number, feed in enumerate(("ambulance", "community", "gp", "hospital", "mental_health", "social_care")):
            row = Delivery(id=feed, number=number, feed=feed, sha256=f"{number}" * 64, state="accepted", bytes=1)
            row.received_at, row.rows_kept, row.summary = now(), 40_000 + 9_000 * number, months
            session.add(row)
        held = ",".join(("ambulance", "community", "gp", "hospital", "mental_health", "social_care"))
        region = RegionVersion(id="v", folder="v", sha256="0" * 64, deliveries=held, people=19_640, rows=9)
        region.created_at = now()
        session.add(region)
    store.close()
    app = create_app(settings, SERVICE, transport=httpx.MockTransport(lambda request: httpx.Response(404)))
    with served_portal(app) as url:
        yield f"{url}/services/portal/public"
    app.state.portal.store.close()


def test_the_public_pages(public: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    album = IMAGES if request.config.getoption("--update-screenshots") else tmp_path
    with opened_browser() as browser:
        for scheme in ("light", "dark"):
            page = open_page(browser, color_scheme=scheme)
            for path in PAGES:
                page.goto(public + path)
                check_accessible(page)
        page = open_page(browser)
        page.goto(f"{public}/register")
        page.screenshot(path=album / "public-register.png")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.querySelector('main').contains(document.activeElement)")
        page.goto(f"{public}/register/gi-bleed")
        page.screenshot(path=album / "public-project.png", full_page=True)
        page.emulate_media(media="print")
        assert not page.locator(".main-nav").is_visible()
        assert page.get_by_role("heading", name="Who is better off").is_visible()
