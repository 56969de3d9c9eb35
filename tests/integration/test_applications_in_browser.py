"""Applications and feasibility in a real browser: WCAG 2.2 AA by axe-core for everybody's page at every step, and a
draft begun with the keyboard alone. `pytest --update-screenshots` puts its pictures into docs/tutorial/images.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from governance.applications import minutes, rounds
from governance.registry import initialise
from governance.settings import Settings
from governance.store import Store
from hub.portal.app import create_app
from hub.portal.identity import SignedIn, identify
from tests.integration.test_public_in_browser import IMAGES, SERVICE, pytestmark
from tests.support.application_world import APPLICANT, STEWARD, agree_all, drafted, furnish, in_review, vote_all
from tests.support.portal_browser import check_accessible, open_page, opened_browser, served_portal

__all__ = ["pytestmark"]
LIST = "/services/portal/applications"
SECTIONS = ("about", "lawfulness", "people", "data", "use", "period")


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    made = initialise(settings)
    furnish(made)
    yield made
    made.close()


@pytest.fixture
def app(settings: Settings, store: Store) -> Iterator[FastAPI]:
    made = create_app(settings, SERVICE, transport=httpx.MockTransport(lambda request: httpx.Response(404)))
    yield made
    made.state.portal.store.close()


def test_every_page_at_every_step(app: FastAPI, store: Store, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    album = IMAGES if request.config.getoption("--update-screenshots") else tmp_path
    application = drafted(store)
    with served_portal(app) as url, opened_browser() as browser:
        page = open_page(browser)

        def look(who: str, *paths: str, picture: str = "") -> None:
            app.dependency_overrides[identify] = lambda: SignedIn(who, b"secret")
            for path in paths:
                page.goto(url + path)
                check_accessible(page)
            if picture:
                page.screenshot(path=album / picture)

        one = f"{LIST}/{application}"
        look(APPLICANT, "/services/portal/feasibility", LIST, one, *(f"{one}/form/{name}" for name in SECTIONS))
        look(APPLICANT, f"{one}/form/data", picture="application-data.png")
        digest = in_review(store, application)
        look(STEWARD, one)
        look("chair", one, picture="application-review.png")
        vote_all(store, application)
        look("expert", one)
        rounds.conclude_round(store, actor="chair", application=application, digest=digest)
        minutes.write_minutes(store, actor="chair", application=application, text="We met and decided.")
        look("chair", one)
        look("trust-delegate", one)
        agree_all(store, application)
        look(APPLICANT, one)

        page.goto(url + LIST)
        page.get_by_role("button", name="Apply for a project").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/form/about")
        page.get_by_label("Title").focus()
        page.keyboard.type("By keyboard alone")
        page.get_by_role("button", name="Save and see all").focus()
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="By keyboard alone").wait_for()
