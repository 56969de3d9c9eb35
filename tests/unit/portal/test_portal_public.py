"""The public pages: for everybody, the same for everybody, cheap for whoever asks often, plain to read."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from bs4 import BeautifulSoup
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import event
from typer.testing import CliRunner

from governance import registry
from governance.registry import initialise
from governance.settings import Settings
from governance.store import Store
from hub.commands.register import app as register_command
from hub.portal.app import create_app
from hub.portal.public.kept import KeptPages
from tests.unit.portal.conftest import SERVICE, StandInHub
from tests.unit.portal.test_portal_pages import check_page

PUBLIC = "/services/portal/public"
HTML = ("", "/register", "/register/gi-bleed", "/data", "/opt-out", "/safety", "/statistics")
FILES = ("/register.json", "/register.csv")
MOST_GRADE = 6.5  # Flesch-Kincaid: a reader of about eleven


@pytest.fixture
def anybody(app: FastAPI) -> Iterator[TestClient]:
    """A browser without a session; the register is looked at anew on each visit."""
    app.state.portal = replace(app.state.portal, public=KeptPages(fresh_seconds=0))
    yield TestClient(app, base_url="http://gateway.test", follow_redirects=False)


def test_every_page_is_open_to_everybody_sound_and_cacheable(anybody: TestClient) -> None:
    for path in (*HTML, *FILES):
        answer = anybody.get(PUBLIC + path)
        assert answer.status_code == 200, path
        assert "set-cookie" not in answer.headers
        assert answer.headers["cache-control"] == "public, max-age=60"
        assert "script" not in answer.headers["content-security-policy"]
        again = anybody.get(PUBLIC + path, headers={"If-None-Match": f'"x", W/{answer.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b"")
        if path in HTML:
            page = check_page(answer.text)
            links = [link["href"] for link in page.find_all("a", href=True)]
            assert not [link for link in links if link.startswith("/") and not link.startswith(PUBLIC)]


def test_a_visitor_who_is_signed_in_gets_the_same_bytes(anybody: TestClient) -> None:
    cookies = {"Cookie": "service-portal-session=x; jupyterhub-session-id=y", "Authorization": "Bearer z"}
    for path in HTML:
        assert anybody.get(PUBLIC + path).content == anybody.get(PUBLIC + path, headers=cookies).content


def test_every_link_of_the_site_leads_somewhere(anybody: TestClient) -> None:
    seen, ahead = set(), [PUBLIC]
    while ahead:
        path = ahead.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = anybody.get(path)
        assert answer.status_code == 200, path
        if answer.headers["content-type"].startswith("text/html"):
            found = [link["href"] for link in BeautifulSoup(answer.text, "html.parser").find_all("a", href=True)]
            ahead += [link for link in found if link.startswith("/")]
    assert {PUBLIC + path for path in (*HTML, *FILES)} <= seen


def test_what_is_not_published_is_like_what_is_not_there(anybody: TestClient, demo_register: Store) -> None:
    with demo_register.transaction() as session:
        session.get_one(registry.projects.Project, "respiratory").status = "draft"
    nothing = anybody.get(f"{PUBLIC}/register/no-such-project")
    draft = anybody.get(f"{PUBLIC}/register/respiratory")
    assert nothing.status_code == draft.status_code == 404
    assert nothing.text == draft.text
    assert "respiratory" not in anybody.get(f"{PUBLIC}/register.json").text


def test_what_people_typed_is_text_to_the_browser_and_to_a_spreadsheet(
    anybody: TestClient, demo_register: Store
) -> None:
    evil = "<script>alert(1)</script>"
    registry.change_project(demo_register, actor="service:test", slug="gi-bleed", title="=1+1", lay_summary=evil)
    page = anybody.get(f"{PUBLIC}/register/gi-bleed").text
    assert evil not in page and "&lt;script&gt;" in page
    answer = anybody.get(f"{PUBLIC}/register.csv")
    assert answer.headers["content-disposition"].startswith("attachment")
    titles = [row["title"] for row in csv.DictReader(io.StringIO(answer.text, newline=""))]
    assert "'=1+1" in titles and "=1+1" not in titles


def test_a_change_of_the_register_shows_and_changes_the_etag(anybody: TestClient, demo_register: Store) -> None:
    before = anybody.get(f"{PUBLIC}/register").headers["etag"]
    registry.change_project(demo_register, actor="service:test", slug="gi-bleed", status="closed")
    after = anybody.get(f"{PUBLIC}/register", headers={"If-None-Match": before})
    assert after.status_code == 200
    assert "Ended" in after.text


def test_asking_often_reads_the_register_once(app: FastAPI, demo_register: Store) -> None:
    app.state.portal = replace(app.state.portal, public=KeptPages(fresh_seconds=3600))
    client = TestClient(app, base_url="http://gateway.test")
    client.get(PUBLIC)
    asked: list[str] = []
    event.listen(demo_register.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    for _ in range(20):
        for path in HTML:
            assert client.get(PUBLIC + path).status_code == 200
    assert asked == []


@pytest.mark.parametrize("path", ["", "/opt-out", "/safety", "/data"])
def test_the_words_are_plain(anybody: TestClient, path: str) -> None:
    page = BeautifulSoup(anybody.get(PUBLIC + path).text, "html.parser")
    text = " ".join(part.get_text(" ", strip=True) for part in page.main.find_all(["p", "li"]))
    assert grade(text) <= MOST_GRADE, grade(text)


def grade(text: str) -> float:
    """Flesch-Kincaid grade level (Kincaid et al. 1975); add five for the age."""
    sentences = max(1, len(re.findall(r"[.!?:](?=\s|$)", text)))
    words = re.findall(r"[A-Za-z']+", text)
    syllables = sum(
        max(1, len(re.findall(r"[aeiouy]+", re.sub(r"(?<=[^aeiouyl])e(s|d)?$", "", word.lower())))) for word in words
    )
    return 0.39 * len(words) / sentences + 11.8 * syllables / len(words) - 15.59


@pytest.mark.parametrize(("kind", "names"), [("json", {"data-uses.json"}), ("csv", {"data-uses.csv"})])
def test_a_copy_as_a_file(demo_register: Store, tmp_path: Path, kind: str, names: set[str]) -> None:
    done = CliRunner().invoke(register_command, ["export", "--format", kind, "--to", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert {file.name for file in (tmp_path / "out").iterdir()} == names


def test_a_copy_as_pages_stands_by_itself(demo_register: Store, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "out"
    assert CliRunner().invoke(register_command, ["export", "--to", str(folder)]).exit_code == 0
    names = {file.name for file in folder.iterdir()}
    assert {"index.html", "project-gi-bleed.html", "data-uses.json", "style.css"} <= names
    for file in folder.glob("*.html"):
        page = BeautifulSoup(file.read_text(), "html.parser")
        wanted = [part[name] for name in ("href", "src") for part in page.find_all(attrs={name: True})]
        local = [link.removeprefix("./") for link in wanted if not link.startswith(("https://", "#"))]
        assert set(local) <= names, file.name
    assert json.loads((folder / "data-uses.json").read_text())["format"] == 1
    refused = CliRunner().invoke(register_command, ["export", "--to", str(folder)])
    assert refused.exit_code != 0 and {file.name for file in folder.iterdir()} == names


@pytest.mark.slow
def test_five_hundred_projects_are_served_fast(settings: Settings) -> None:
    """p95 of the pages as kept, and of the page that must read the register anew."""
    store = initialise(settings)
    store.close()
    application = create_app(settings, SERVICE, transport=httpx.MockTransport(StandInHub()))
    portal = application.state.portal
    until = registry.projects.today().replace(year=2030)
    with portal.store.transaction() as session:
        for number in range(500):
            project = registry.projects.Project(
                slug=f"p-{number}", title=f"Project {number}", lay_summary="Why. " * 80, purpose="national",
                mode="aggregate", profile="hes", starts_on=until.replace(year=2025), ends_on=until,
                created_at=registry.extracts.now(),
            )  # fmt: skip
            session.add(project)
    client = TestClient(application, base_url="http://gateway.test")

    def measure(path: str) -> float:
        begun = time.process_time()
        assert client.get(PUBLIC + path).status_code == 200
        return time.process_time() - begun

    anew = measure("/register")
    kept = sorted(measure(path) for path in ("/register", "/register.json", "/register/p-7") for _ in range(40))
    portal.store.close()
    print(f"anew {anew * 1e3:.0f} ms, kept p95 {kept[int(0.95 * len(kept))] * 1e3:.1f} ms")
    assert anew < 3.0 and kept[int(0.95 * len(kept))] < 0.1
