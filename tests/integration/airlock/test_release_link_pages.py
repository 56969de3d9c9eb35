"""Links to releases over the real socket: made on the author's page, followed by a browser that signs in."""

from __future__ import annotations

import io
import zipfile

import pytest

from egress.ending_review import conclude_and_release
from egress.states import State
from tests.support.airlock_service import ServedAirlock
from tests.support.airlock_world import AUTHOR, CHECKER, COLLEAGUE, output

pytestmark = pytest.mark.slow
AIRLOCK = "/services/airlock"


def released(gateway: ServedAirlock) -> str:
    request = gateway.world.reviewed(output("a.csv"))
    assert conclude_and_release(gateway.world.airlock, actor=CHECKER, request_id=request) is State.RELEASED
    return request


def test_the_author_makes_a_link_follows_it_and_ends_it(gateway: ServedAirlock) -> None:
    request = released(gateway)
    author = gateway.browser(AUTHOR)
    page = gateway.page(author, request)
    made = page.press("Make a download link")
    assert made.response.status_code == 200
    address = made.soup.find("code").get_text()
    assert address.startswith(gateway.world.airlock.settings.url)
    assert made.response.headers["cache-control"] == "no-store"
    path = address.removeprefix(gateway.world.airlock.settings.url)

    stranger = gateway.client().get(path)
    assert stranger.status_code == 302  # a link alone is nobody: to the sign-in
    assert "no-such-link" in gateway.browser(COLLEAGUE).open(path).response.text

    fetched = gateway.browser(AUTHOR).open(path).response
    assert fetched.headers["content-disposition"].endswith(f"release-{request}.zip")
    names = zipfile.ZipFile(io.BytesIO(fetched.content)).namelist()
    assert f"release-{request}/a.csv" in names
    assert f"release-{request}/manifest.sig" in names
    assert author.open(f"{path}/a.csv").response.content.startswith(b"sex")

    ended = gateway.page(author, request).press("End all links")
    assert "were ended" in ended.text
    gone = author.open(path)
    assert (gone.response.status_code, "link-revoked" in gone.response.text) == (410, True)


def test_links_are_made_by_forms_of_ones_own_session(gateway: ServedAirlock) -> None:
    request = released(gateway)
    author, colleague = gateway.browser(AUTHOR), gateway.browser(COLLEAGUE)
    assert author.send(f"{AIRLOCK}/requests/{request}/links", {}, {}).response.status_code == 403
    form = gateway.page(author, request).soup.find("input", attrs={"name": "xsrf"})["value"]
    theirs = colleague.send(f"{AIRLOCK}/requests/{request}/links", {"xsrf": str(form)}, {})
    assert theirs.response.status_code == 403
