"""Bringing files in by pages over the real socket: the author's form, the checker's queue and vote, the recall."""

from __future__ import annotations

from pathlib import Path

import pytest

from egress.states import State
from tests.support.airlock_service import ServedAirlock
from tests.support.airlock_world import AUTHOR, CHECKER, COLLEAGUE, PROJECT

pytestmark = pytest.mark.slow
AIRLOCK = "/services/airlock"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    file = tmp_path / "analysis.py"
    file.write_text("#!/usr/bin/env python3\nprint('hello')\n")
    return file


def test_the_whole_road_in_by_pages(gateway: ServedAirlock, script: Path) -> None:
    author, world = gateway.browser(AUTHOR), gateway.world
    new = author.open(f"{AIRLOCK}/").link("Bring files in")
    assert "never records of people" in new.text
    given = {"title": "My analysis", "context": "Rates, our own code", "purpose": "code"}
    page = new.press("Submit for review", files={"files": [script]}, **given)
    assert "The request was submitted." in page.text
    assert "One output checker must look at it" in page.text
    request = page.response.url.path.rpartition("/")[2]
    assert (world.row(request).direction, world.row(request).purpose) == ("in", "code")
    checker = gateway.browser(CHECKER)
    queue = checker.open(f"{AIRLOCK}/queue?direction=in")
    assert "Brings files in" in queue.text
    assert "My analysis" not in checker.open(f"{AIRLOCK}/queue?direction=out").text
    page = queue.link("My analysis")
    assert "Code: scripts, notebooks" in page.text
    assert "To be brought in" in page.text
    [preview] = page.soup.find_all("iframe")
    assert "hello" in checker.open(str(preview["src"])).text
    names = {str(box["name"]) for box in page.soup.find_all("input", attrs={"type": "radio"})}
    page = page.press("Record my vote", **{name: "approve" for name in names if name.startswith("vote-")})
    assert "Brought in" in page.text
    folder = world.landed_folder(request)
    assert folder is not None
    assert (folder / "analysis.py").read_bytes() == script.read_bytes()
    page = gateway.page(author, request)
    assert f"imports/{folder.name}/" in page.text
    assert "Download" not in page.text
    page = gateway.page(checker, request).press("Recall what was brought in", reason="Wrong version: delete copies.")
    assert "taken out of the workspaces" in page.text
    assert world.landed_folder(request) is None
    assert "Wrong version" in gateway.page(author, request).text


def test_a_draft_is_kept_and_mended_by_pages(gateway: ServedAirlock, script: Path) -> None:
    author = gateway.browser(AUTHOR)
    page = author.open(f"{AIRLOCK}/imports/new?project={PROJECT}").press("Keep as a draft", purpose="documents")
    assert "no file to bring in" in page.text
    page = page.press("Add files", files={"files": [script]})
    page = page.press("Save", title="Better", purpose="code", context="Ours")
    assert "Code: scripts" in page.text
    assert "Disclosure controls" not in page.text
    page = page.press("Submit for review")
    assert "With one output checker" in page.text


def test_a_form_turns_no_request_around(gateway: ServedAirlock, script: Path) -> None:
    """Whatever a form says beside its fields: the address of the first told the direction, and nothing does later."""
    author, world = gateway.browser(AUTHOR), gateway.world
    new = author.open(f"{AIRLOCK}/imports/new")
    [token] = {str(box["value"]) for box in new.soup.find_all("input", attrs={"name": "xsrf"})}
    sent = {"xsrf": token, "context": "c", "purpose": "code", "direction": "out", "controls": "d"}
    page = author.send(f"{AIRLOCK}/imports", {**sent, "project": PROJECT}, {"files": [script]})
    request = page.response.url.path.rpartition("/")[2]
    author.send(f"{AIRLOCK}/requests/{request}/describe", sent, {})
    assert world.row(request).direction == "in"
    page = gateway.page(author, request).press("Submit for review")
    checker = gateway.browser(CHECKER)
    page = gateway.page(checker, request)
    [token] = {str(box["value"]) for box in page.soup.find_all("input", attrs={"name": "xsrf"})}
    [file] = world.outputs(request)
    vote = {"xsrf": token, f"vote-{file.id}": "approve", "direction": "out"}
    checker.send(f"{AIRLOCK}/requests/{request}/vote", vote, {})
    assert world.state(request) is State.RELEASED
    assert not [path for path in world.airlock.settings.folder.releases.rglob("*") if path.is_file()]
    refused = author.open(f"{AIRLOCK}/requests/{request}/download/analysis.py")
    assert "read in the workspace" in refused.text


def test_a_colleague_sees_nothing_of_it(gateway: ServedAirlock) -> None:
    request = gateway.world.incoming()
    assert gateway.browser(COLLEAGUE).open(f"{AIRLOCK}/requests/{request}").response.status_code == 404
