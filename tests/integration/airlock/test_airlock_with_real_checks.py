"""The airlock with its real checks and rendering, each in its locked child: files in, findings and pages out."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from egress.airlock import Airlock
from egress.drafting import create_draft
from egress.ending_review import conclude_and_release, decide_and_release, vote_and_go_on
from egress.reading import read_request
from egress.releasing.signing import public_key
from egress.releasing.verification import verify_release
from egress.states import State
from egress.submission import submit
from governance.settings import Settings
from tests.support.airlock_service import ServedAirlock
from tests.support.airlock_world import (
    AUTHOR,
    CHECKER,
    PROJECT,
    SECOND,
    STEWARD,
    WORDS,
    AirlockWorld,
    output,
    supporting,
)

pytestmark = pytest.mark.slow

ROUNDED = b"sex,year,people\nF,2024,120\nF,2025,135\nM,2024,115\nM,2025,90\n"
SMALL = b"sex,year,people\nF,2024,120\nF,2025,3\nM,2024,115\nM,2025,90\n"
NHS_NUMBERS = b"patient,age\n943 476 5919,50\n987 654 4321,61\n"
NOTEBOOK = (
    b'{"cells":[{"cell_type":"markdown","metadata":{},"source":["# Results\\n<script>alert(1)</script>"]}],'
    b'"metadata":{},"nbformat":4,"nbformat_minor":5}'
)


@pytest.fixture
def world(airlock_template: Path, settings: Settings) -> Iterator[AirlockWorld]:
    copied = AirlockWorld.copy_of(airlock_template, settings)
    yield AirlockWorld(Airlock(copied.store, settings))
    copied.store.close()


def picture_with_words() -> bytes:
    words = PngInfo()
    words.add_text("Author", "somebody of the project")
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "white").save(out, format="PNG", pnginfo=words)
    return out.getvalue()


def test_a_release_takes_off_what_readers_do_not_see_and_holds_both_digests(world: AirlockWorld) -> None:
    content = picture_with_words()
    words = replace(WORDS, exception="The words in the picture are known.")
    request = world.reviewed(output("figure.png", content), output("table.csv", ROUNDED), description=words)
    conclude_and_release(world.airlock, actor=CHECKER, request_id=request)
    if world.state(request) is State.AWAIT_CONTROLLER:
        given = {"decision": "approved", "reason": "Known."}
        decide_and_release(world.airlock, actor=STEWARD, request_id=request, **given)
    assert world.state(request) is State.RELEASED
    folder = world.airlock.settings.folder.releases / PROJECT / request
    figure, table = json.loads((folder / "manifest.json").read_bytes())["files"]
    assert b"somebody" not in (folder / "figure.png").read_bytes()
    assert (figure["sanitised"], bool(figure["removed"])) == (True, True)
    assert figure["approved"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert (table["sanitised"], (folder / "table.csv").read_bytes()) == (False, ROUNDED)
    assert verify_release(folder, public_key(world.airlock.settings.folder.keys), request).files == 2


@pytest.mark.parametrize(
    ("name", "content", "state"),
    [
        ("table.csv", ROUNDED, State.IN_REVIEW),
        ("table.csv", SMALL, State.RETURNED),
        ("people.csv", NHS_NUMBERS, State.RETURNED),
        ("model.csv", b"\x80\x05\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x01a\x94.", State.RETURNED),
    ],
)
def test_what_the_checks_say_decides_where_it_goes(
    world: AirlockWorld, name: str, content: bytes, state: State
) -> None:
    request = world.draft(output(name, content))
    assert submit(world.airlock, actor=AUTHOR, request_id=request) is state
    findings = read_request(world.airlock, AUTHOR, request).findings
    assert any(finding.severity == "FAIL" for finding in findings) == (state is State.RETURNED)
    assert all(b"943" not in str(finding).encode() for finding in findings)  # places, never values


def test_a_passing_table_is_released_byte_for_byte(world: AirlockWorld) -> None:
    files = [output("table.csv", ROUNDED), supporting("notes.ipynb", NOTEBOOK)]
    request = create_draft(world.airlock, actor=AUTHOR, project=PROJECT, description=WORDS, files=files)
    submit(world.airlock, actor=AUTHOR, request_id=request)
    votes = {file.id: "approve" for file in world.outputs(request)}
    for checker in (CHECKER, SECOND):
        state = vote_and_go_on(world.airlock, actor=checker, request_id=request, decisions=votes)
    assert state is State.RELEASED
    folder = world.airlock.settings.folder.releases / PROJECT / request
    assert (folder / "table.csv").read_bytes() == ROUNDED


def test_checkers_see_files_drawn_without_anything_that_runs(gateway: ServedAirlock) -> None:
    request = gateway.world.submitted(output("table.csv", ROUNDED), output("notes.ipynb", NOTEBOOK))
    checker = gateway.browser(CHECKER)
    numbers = [file.id for file in gateway.world.files(request)]
    pages = [gateway.page(checker, f"{request}?file={number}") for number in numbers]
    frames = [page.soup.find("iframe") for page in pages]
    table, notebook = (checker.client.get(str(frame["src"])) for frame in frames if frame)
    assert "135" in table.text and "people" in table.text
    assert "Results" in notebook.text
    for answer in (table, notebook):
        assert "<script" not in answer.text.lower()
        assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


def test_check_before_submission_says_the_same_and_keeps_nothing(gateway: ServedAirlock) -> None:
    client = gateway.workspace(AUTHOR)
    answer = client.post("/v1/check", files=[("files", ("a.csv", SMALL)), ("files", ("b.csv", ROUNDED))])
    assert {one["file"] for one in answer.json()["findings"] if one["severity"] == "FAIL"} == {"a.csv"}
    assert list(gateway.world.airlock.settings.folder.airlock.iterdir()) == []
