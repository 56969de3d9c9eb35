"""The whole journey over HTTP: sign-in, workspace, the example notebook in a real kernel, egress, two reviews, release,
audit. No part of ours is replaced; the people are httpx clients that follow real redirects and press real buttons.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosedError

from tests.support.gateway import Gateway
from tests.support.kernel import Kernel
from tests.support.visitor import Page, Visitor

PORTAL, AIRLOCK = "/services/portal/", "/services/airlock/"
SUBMIT = """
sde.submit(
    ["table.csv", "figure.png"],
    title="Ten most common conditions",
    context="People with each of the ten most common conditions, from condition_occurrence.",
    controls="Guard profile nhs-sde: groups under 10 people suppressed, counts rounded to 5.",
)["id"]
"""


def visitor(gateway: Gateway, account: str) -> Visitor:
    return Visitor(gateway.sign_in(account))


def open_workspace(person: Visitor, project: str) -> str:
    """Press the button, watch the page until the workspace is ready; its address."""
    portal = person.open(PORTAL)
    if portal.has_button("Start workspace"):
        portal.press("Start workspace")
    end = time.monotonic() + 120
    while time.monotonic() < end:
        home = person.open(PORTAL)
        for anchor in home.soup.find_all("a"):
            if "Open workspace" in anchor.get_text() and f"/{project}" in str(anchor["href"]):
                return str(home.response.url.join(str(anchor["href"]))).split("/lab")[0]
        time.sleep(0.3)
    raise AssertionError(f"the workspace did not start: {home.text[:800]}")


def run_example(kernel: Kernel) -> dict[str, str]:
    """Run every cell of the example notebook as it lies in the home folder; what each printed, by its source."""
    listed = kernel.run("import json; print(json.dumps(json.load(open('first-steps.ipynb'))['cells']))")
    cells = json.loads(listed.text)
    printed = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            source = "".join(cell["source"])
            result = kernel.run(source)
            assert not result.error, (source, result.error)
            printed[source] = result.text
    return printed


def approve_all(person: Visitor, request: str) -> Page:
    page = person.open(f"{AIRLOCK}requests/{request}")
    votes = {str(field["name"]): "approve" for field in page.soup.find_all("input", attrs={"type": "radio"})}
    return page.press("Record these votes", **{name: vote for name, vote in votes.items() if name.startswith("vote-")})


@pytest.mark.slow
def test_from_sign_in_to_a_released_result(gateway: Gateway, tmp_path: Path) -> None:
    author = visitor(gateway, "researcher-a")
    assert "Gastrointestinal bleeding" in author.open(PORTAL).text

    workspace = open_workspace(author, "gi-bleed")
    with Kernel(author.client, workspace) as kernel:
        printed = run_example(kernel)
        told = "\n".join(printed.values())
        assert "Refused [" in told  # SELECT * FROM person
        request = kernel.run(SUBMIT)
        assert not request.error, request.error
        [number] = re.findall(r"Egress request (\S+):", request.text)
        table = kernel.run("print(open('table.csv').read(), end='')").text
        digest = kernel.run(
            "import hashlib; print(hashlib.sha256(open('figure.png','rb').read()).hexdigest())"
        ).text.strip()

    assert table.count("\n") == 11
    counts = [int(float(line.rsplit(",", 2)[-2])) for line in table.splitlines()[1:]]
    assert all(count >= 10 and count % 5 == 0 for count in counts)

    # Nobody but two checkers who are not members can move it on, and neither sees the other's vote.
    assert author.open(f"{AIRLOCK}requests/{number}").has_button("Record my vote") is False
    colleague = visitor(gateway, "researcher-b")
    assert colleague.open(f"{AIRLOCK}requests/{number}").has_button("Record my vote") is False
    first, second = visitor(gateway, "checker-a"), visitor(gateway, "checker-b")
    assert number in first.open(f"{PORTAL}review").response.text, author.open(f"{AIRLOCK}requests/{number}").text
    approve_all(first, number)
    waiting = second.open(f"{AIRLOCK}requests/{number}")
    assert "Chidi Marsh" not in waiting.text
    assert "checker-a" not in waiting.text
    assert "Download" not in author.open(f"{AIRLOCK}requests/{number}").text
    approve_all(second, number)  # the last review, and everybody approves every file: released at once

    released = author.open(f"{AIRLOCK}requests/{number}")
    assert "released" in released.text.lower()
    figure = released.link("figure.png").response
    assert released.link("table.csv").response.text == table
    manifest = json.loads(released.link("manifest.json").response.text)
    assert {file["approved"]["sha256"] for file in manifest["files"]} == {
        digest,
        hashlib.sha256(table.encode()).hexdigest(),
    }
    left = {file["name"]: file["sha256"] for file in manifest["files"]}
    assert left["figure.png"] == hashlib.sha256(figure.content).hexdigest()  # encoded anew

    events = gateway.run("audit", "tail", "-n", "500", "--json").stdout
    for event in ("workspace.opened", "query.answered", "query.refused", "egress.submitted", "egress.voted",
                  "egress.released", "egress.downloaded"):  # fmt: skip
        assert event in events, event
    assert gateway.run("audit", "verify").returncode == 0


@pytest.mark.slow
def test_scope_holds_between_two_projects_of_one_person(gateway: Gateway) -> None:
    """researcher-b works in both: each workspace sees its own tables, people and pseudonyms."""
    both = visitor(gateway, "researcher-b")
    portal = both.open(PORTAL)
    for form in portal.soup.find_all("form"):
        if "/respiratory/start" in str(form.get("action")):
            data = {str(field["name"]): str(field.get("value", "")) for field in form.find_all("input")}
            both.send(str(portal.response.url.join(str(form["action"]))), data, {})
    workspace = open_workspace(both, "respiratory")
    with Kernel(both.client, workspace) as kernel:
        assert not kernel.run("import sde").error
        tables = kernel.run("print(sorted(sde.tables()['table']))").text
        assert "condition_occurrence" in tables
        assert "measurement" not in tables
        hidden = kernel.run(
            "try: sde.sql('SELECT count(*) FROM measurement')\nexcept sde.Refused as r: print(r.code, r)"
        ).text
        nowhere = kernel.run(
            "try: sde.sql('SELECT count(*) FROM nowhere')\nexcept sde.Refused as r: print(r.code, r)"
        ).text
        assert hidden.replace("measurement", "X") == nowhere.replace("nowhere", "X")
        people = kernel.run("print(int(sde.sql('SELECT count(*) AS n FROM person')['n'][0]))").text
        assert 0 < int(people) < 2600


@pytest.mark.slow
def test_membership_removed_is_refused_everywhere(gateway: Gateway) -> None:
    person = visitor(gateway, "researcher-b")
    workspace = open_workspace(person, "respiratory")
    with Kernel(person.client, workspace) as kernel:
        assert not kernel.run("import sde; sde.tables()").error
        gateway.run("member", "remove", "respiratory", "researcher-b")
        try:
            told = kernel.run("try: sde.tables()\nexcept sde.Refused as r: print('code', r.code)").text
            assert "code" in told
        except ConnectionClosedError as closed:  # the edge was quicker than the kernel's answer
            assert closed.rcvd is not None and closed.rcvd.code == 1008
        finally:
            until = time.strftime("%Y-12-31")
            gateway.run("member", "add", "respiratory", "researcher-b", "--role", "researcher", "--until", until)


@pytest.mark.slow
def test_a_person_approved_for_nothing_gets_a_clear_page_and_nothing_else(gateway: Gateway) -> None:
    client, page = gateway.try_sign_in("outsider")
    assert page.status_code == 403
    assert "not registered" in page.text or "approved for nothing" in page.text
    for path in (PORTAL, AIRLOCK, "/hub/api/user", "/user/outsider/gi-bleed/lab", "/hub/home"):
        answer = client.get(path)
        assert "Gastrointestinal" not in answer.text
        assert answer.status_code in {401, 403, 404} or "/provider/" in str(answer.url), (path, answer.status_code)
