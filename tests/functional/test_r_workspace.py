"""An R workspace as a person meets it: chosen in the portal, an R kernel by the real spawner, answers of the guard,
the example notebook, and the way back to Python in the same home."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hub.processes import descendants
from tests.support.gateway import Gateway
from tests.support.kernel import Kernel
from tests.support.r_workspace import require_r
from tests.support.visitor import Page, Visitor

PORTAL, PROJECT = "/services/portal/", "gi-bleed"
SECONDS = 120


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, lab_template: Path) -> Iterator[Gateway]:
    """Its own, since what is seen in a home depends on how it began."""
    with Gateway(shutil.copytree(lab_template, tmp_path_factory.mktemp("r") / "state")) as running:
        yield running


def start(person: Visitor, image: str = "") -> str:
    """Press the button with that choice, or with the one that is offered; the workspace's address."""
    home = wait_for(person, "Start workspace")
    [form] = [form for form in home.soup.find_all("form") if f"/{PROJECT}/start" in str(form.get("action"))]
    chosen = form.find("option", selected=True)
    assert chosen is not None
    hidden = {str(field["name"]): str(field.get("value", "")) for field in form.find_all("input")}
    data = {**hidden, "image": image or str(chosen["value"])}
    person.send(str(home.response.url.join(str(form["action"]))), data, {})
    card = wait_for(person, "Open workspace")
    [link] = [a for a in card.soup.find_all("a") if f"/{PROJECT}/lab" in str(a.get("href"))]
    return str(card.response.url.join(str(link["href"]))).split("/lab")[0]


def stop(person: Visitor) -> None:
    home = person.open(PORTAL)
    [form] = [form for form in home.soup.find_all("form") if f"/{PROJECT}/stop" in str(form.get("action"))]
    hidden = {str(field["name"]): str(field.get("value", "")) for field in form.find_all("input")}
    person.send(str(home.response.url.join(str(form["action"]))), hidden, {})
    wait_for(person, "Start workspace")


def wait_for(person: Visitor, words: str) -> Page:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        home = person.open(PORTAL)
        if words in card_of(home):
            return home
        time.sleep(0.3)
    raise AssertionError(f"{words!r} never came: {home.text[:800]}")


def card_of(home: Page) -> str:
    """The words of the project's card."""
    cards = home.soup.find_all("li", class_="card")
    return " ".join(next((card.get_text(" ") for card in cards if f"/{PROJECT}/" in str(card)), "").split())


def kernels_of(person: Visitor, base: str) -> tuple[str, set[str]]:
    """The default kernel and all that are offered."""
    person.client.get(f"{base}/lab")
    told = person.client.get(f"{base}/api/kernelspecs").json()
    return told["default"], set(told["kernelspecs"])


@pytest.mark.slow
def test_r_is_chosen_works_and_python_follows_in_the_same_home(gateway: Gateway) -> None:
    require_r()
    with closing(gateway.sign_in("researcher-b")) as client:
        person = Visitor(client)
        base = start(person, "r")
        assert "with the image R" in person.open(PORTAL).text
        assert kernels_of(person, base) == ("ir", {"ir", "python3"})
        with Kernel(client, base, "ir") as kernel:
            example_runs(kernel)
            a_refusal_reads_well(kernel)
            an_interrupt_ends_what_runs(kernel)
            an_interrupt_ends_the_wait_for_the_guard(gateway, kernel)
            kernel.run('writeLines("kept", "from-r.txt")')
        stop(person)

        base = start(person)  # the last choice is offered again
        assert kernels_of(person, base)[0] == "ir"
        stop(person)

        base = start(person, "python")
        assert kernels_of(person, base) == ("python3", {"python3"})
        with Kernel(client, base) as kernel:
            assert kernel.run("print(open('from-r.txt').read())").text.strip() == "kept"
        stop(person)


def example_runs(kernel: Kernel) -> None:
    """Every cell of the example in the new home, and what it shows."""
    listed = kernel.run('cat(paste(readLines("first-steps-r.ipynb"), collapse = "\\n"))')
    shown = []
    for cell in json.loads(listed.text)["cells"]:
        if cell["cell_type"] == "code":
            source = "".join(cell["source"])
            result = kernel.run(source)
            assert not result.error, (source, result.error)
            shown += result.shown
            assert "library(sde)" not in source or "gi-bleed" in result.text
    assert any("[suppressed]" in data.get("text/html", "") or "<table" in data.get("text/html", "") for data in shown)
    assert any("image/png" in data or "image/svg+xml" in data for data in shown)
    assert any("rows-not-shown" in data.get("text/plain", "") for data in shown)


def a_refusal_reads_well(kernel: Kernel) -> None:
    refused = kernel.run('dbGetQuery(con, "SELECT * FROM person")')
    assert "Refused [rows-not-shown]" in refused.error
    assert "GROUP BY" in refused.error


def an_interrupt_ends_the_wait_for_the_guard(gateway: Gateway, kernel: Kernel) -> None:
    """The guard is paused, so that it takes as long as it takes."""
    running = [(pid, Path(f"/proc/{pid}/cmdline").read_bytes()) for pid in descendants(gateway.pid)]
    [guard] = [pid for pid, command in running if b"guard\0serve" in command]
    os.kill(guard, signal.SIGSTOP)
    try:
        waited = kernel.run('dbGetQuery(con, "SELECT count(*) FROM person")', interrupt_at="still at work")
    finally:
        os.kill(guard, signal.SIGCONT)
    assert "still at work" in waited.text
    assert not kernel.run('stopifnot(dbGetQuery(con, "SELECT count(*) AS n FROM person")$n > 0)').error


def an_interrupt_ends_what_runs(kernel: Kernel) -> None:
    asleep = """IRdisplay::publish_mimebundle(list("text/plain" = "asleep")); Sys.sleep(600)"""
    kernel.run(asleep, interrupt_at="asleep")  # and not until its own time is over
    assert kernel.run("cat(1 + 1)").text.strip() == "2"
