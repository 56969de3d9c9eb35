"""The workspaces' API over its real socket: channel and token alone decide who asks."""

from __future__ import annotations

import socket
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from egress.service import guarding
from egress.service.guarding import LARGEST_BODY
from egress.states import State
from governance.callers import CHANNEL_HEADER
from tests.support.acro_sessions import write_session
from tests.support.airlock_service import ServedAirlock
from tests.support.airlock_world import AUTHOR, BAD, CHECKER, COLLEAGUE, GOOD, SECOND
from tests.support.moving_clock import MovingClock

pytestmark = pytest.mark.slow
WORDS = {"title": "A table", "context": "Counts", "controls": "Rounded"}


def propose(client: httpx.Client, **given: object) -> httpx.Response:
    files = given.pop("files", [("files", ("table.csv", GOOD))])
    return client.post("/v1/requests", data=WORDS | given, files=files)  # type: ignore[arg-type]


def test_submit_list_and_show(gateway: ServedAirlock) -> None:
    client = gateway.workspace(AUTHOR)
    files = [("files", ("a.csv", b"REVIEW")), ("files", ("b.csv", GOOD)), ("supporting", ("notes.txt", b"notes"))]
    answer = propose(client, files=files)
    assert answer.status_code == 201
    made = answer.json()
    assert made["state"] == "in_review"
    assert made["url"] == f"{gateway.world.airlock.settings.url}/services/airlock/requests/{made['id']}"
    assert made["findings"] == [
        {
            "file": "a.csv",
            "check": "word",
            "severity": "REVIEW",
            "where": "line 1",
            "why": "The word is there.",
            "fix": "Take it out.",
        }
    ]
    assert [(file["name"], file["kind"]) for file in made["files"]] == [
        ("a.csv", "output"),
        ("b.csv", "output"),
        ("notes.txt", "supporting"),
    ]
    (line,) = client.get("/v1/requests").json()
    assert (line["id"], line["title"], line["turn"]) == (made["id"], "A table", 1)
    assert client.get(f"/v1/requests/{made['id']}").json() == made
    assert answer.headers["cache-control"] == "no-store"


def test_a_fail_comes_back_with_its_findings(gateway: ServedAirlock) -> None:
    answer = propose(gateway.workspace(AUTHOR), files=[("files", ("a.csv", BAD))])
    assert (answer.status_code, answer.json()["state"]) == (201, "returned")
    assert [finding["severity"] for finding in answer.json()["findings"]] == ["FAIL"]


def test_check_stores_nothing(gateway: ServedAirlock) -> None:
    client = gateway.workspace(AUTHOR)
    answer = client.post("/v1/check", files=[("files", ("a.csv", BAD)), ("files", ("b.csv", GOOD))])
    assert [(one["file"], one["severity"]) for one in answer.json()["findings"]] == [("a.csv", "FAIL")]
    assert gateway.world.events() == []
    assert list(gateway.world.airlock.settings.folder.airlock.iterdir()) == []
    assert client.post("/v1/check").json()["code"] == "no-output-file"


def test_a_check_speaks_of_every_file_and_names_its_profile(gateway: ServedAirlock) -> None:
    given = {"a.csv": BAD, "../b.csv": GOOD, "c.csv": b"", "d.csv": GOOD, "results.json": GOOD}
    answer = gateway.workspace(AUTHOR).post("/v1/check", files=[("files", item) for item in given.items()]).json()
    assert answer["profile"]["version"].startswith("nhs-sde/")
    assert (answer["profile"]["threshold"], answer["profile"]["round_to"]) == (10, 5)
    told = {one["file"]: (one["verdict"], [found["check"] for found in one["findings"]]) for one in answer["files"]}
    assert list(told) == list(given)
    assert told == {
        "a.csv": ("FAIL", ["word"]),
        "../b.csv": ("FAIL", ["file-name"]),
        "c.csv": ("FAIL", ["empty-file"]),
        "d.csv": ("PASS", []),
        "results.json": ("FAIL", ["file-name"]),
    }
    assert len(answer["findings"]) == 4


@pytest.mark.parametrize(
    ("files", "status", "code"),
    [
        ([("files", ("../x.csv", GOOD))], 422, "bad-file-name"),
        ([("files", ("manifest.json", GOOD))], 422, "bad-file-name"),
        ([("files", ("a.csv", b""))], 422, "file-empty"),
        ([("files", ("a.csv", GOOD)), ("files", ("A.csv", GOOD))], 422, "same-name-twice"),
        ([("supporting", ("a.csv", GOOD))], 422, "no-output-file"),
        ([("files", (f"{number}.csv", GOOD)) for number in range(60)], 413, "too-many-files"),
        ([("files", (f"{number}.csv", GOOD)) for number in range(110)], 400, "bad-request"),
    ],
)
def test_refusals_are_readable(gateway: ServedAirlock, files: list[object], status: int, code: str) -> None:
    answer = propose(gateway.workspace(AUTHOR), files=files)
    told = answer.json()
    assert (answer.status_code, told["code"]) == (status, code)
    assert told.keys() == {"code", "message", "remedy", "where"}


def test_a_file_or_a_body_too_large_is_refused_while_it_arrives(gateway: ServedAirlock) -> None:
    client = gateway.workspace(AUTHOR)
    limit = gateway.world.airlock.settings.egress_file_bytes
    answer = propose(client, files=[("files", ("a.csv", b"x" * (limit + 1)))])
    assert (answer.status_code, answer.json()["code"]) == (413, "file-too-large")
    lines = [
        "POST /v1/requests HTTP/1.1",
        "Host: gateway",
        f"{CHANNEL_HEADER}: {client.headers[CHANNEL_HEADER]}",
        f"Authorization: {client.headers['authorization']}",
        "Content-Type: multipart/form-data; boundary=x",
        f"Content-Length: {LARGEST_BODY + 1}",
    ]
    with socket.socket(socket.AF_UNIX) as raw:
        raw.connect(str(gateway.socket))
        raw.sendall("\r\n".join([*lines, "", "--x"]).encode())
        answer = raw.recv(4096) + raw.recv(4096)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"request-too-large" in answer


def test_only_channel_and_token_say_who_asks(gateway: ServedAirlock) -> None:
    good = gateway.workspace(AUTHOR)
    other = gateway.workspace(COLLEAGUE)
    channel, token = good.headers[CHANNEL_HEADER], good.headers["authorization"]
    attempts = [
        {CHANNEL_HEADER: "0" * 32, "Authorization": token},
        {CHANNEL_HEADER: channel},
        {CHANNEL_HEADER: channel, "Authorization": token.replace("Bearer", "Basic")},
        {CHANNEL_HEADER: channel, "Authorization": "Bearer"},
        {CHANNEL_HEADER: channel, "Authorization": other.headers["authorization"]},
    ]
    for headers in attempts:
        answer = gateway.client(**headers).get("/v1/requests")
        assert (answer.status_code, answer.json()["code"]) == (403, "unknown-channel")
    assert gateway.client().get("/v1/requests").json()["code"] == "workspace-only"


def test_a_workspace_sees_only_its_own_persons_requests_of_its_own_project(gateway: ServedAirlock) -> None:
    made = propose(gateway.workspace(AUTHOR)).json()["id"]
    assert gateway.workspace(COLLEAGUE).get("/v1/requests").json() == []
    assert gateway.workspace(COLLEAGUE).get(f"/v1/requests/{made}").status_code == 404
    here, there = gateway.workspace(COLLEAGUE), gateway.workspace(COLLEAGUE, "respiratory")
    theirs = propose(here).json()["id"]
    assert here.get(f"/v1/requests/{theirs}").status_code == 200
    assert (there.get(f"/v1/requests/{theirs}").status_code, there.get("/v1/requests").json()) == (404, [])


def test_no_request_can_name_another_person_or_project(gateway: ServedAirlock) -> None:
    made = propose(gateway.workspace(AUTHOR), project="respiratory", author=COLLEAGUE, actor=CHECKER).json()
    row = gateway.world.row(made["id"])
    assert (row.author, row.project_slug) == (AUTHOR, "gi-bleed")


def test_a_body_without_a_length_is_cut_off_too(gateway: ServedAirlock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarding, "LARGEST_BODY", 10_000)
    client = gateway.workspace(AUTHOR)
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.csv"\r\n\r\n'
    answer = client.post("/v1/requests", headers=headers, content=iter([head, *[b"x" * 1000] * 20]))
    assert (answer.status_code, answer.json()["code"]) == (413, "request-too-large")


def test_expired_training_stops_the_next_call(gateway: ServedAirlock, monkeypatch: pytest.MonkeyPatch) -> None:
    client = gateway.workspace(AUTHOR)
    clock = MovingClock()
    clock.install(monkeypatch)
    clock.ahead = timedelta(days=340)
    answer = propose(client)
    assert (answer.status_code, answer.json()["code"]) == (403, "training-expired")


def test_what_a_workspace_sees_of_a_review(gateway: ServedAirlock) -> None:
    client = gateway.workspace(AUTHOR)
    made = propose(client).json()["id"]
    gateway.world.vote_all(CHECKER, made)
    assert client.get(f"/v1/requests/{made}").json()["state"] == "in_review"
    gateway.world.vote_all(SECOND, made)
    assert client.get(f"/v1/requests/{made}").json()["state"] == "reviewed"
    assert gateway.world.state(made) is State.REVIEWED


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/nothing"), ("DELETE", "/v1/requests"), ("GET", "/docs")])
def test_there_is_nothing_else(gateway: ServedAirlock, method: str, path: str) -> None:
    answer = gateway.workspace(AUTHOR).request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (404, "no-such-page")


def test_a_failure_says_one_constant_sentence(gateway: ServedAirlock, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(*given: object, **named: object) -> None:
        raise RuntimeError("secret value 9434765919")

    monkeypatch.setattr("egress.service.workspace_api.list_own", break_off)
    answer = gateway.workspace(AUTHOR).get("/v1/requests")
    assert answer.status_code == 500
    assert answer.json() == {
        "code": "failed",
        "message": "Something went wrong.",
        "remedy": "Try again; if it stays so, tell the service desk.",
        "where": "",
    }


def hand_in(client: httpx.Client, folder: Path, *, without: str = "") -> httpx.Response:
    files = [("files", (path.name, path.read_bytes())) for path in folder.iterdir() if path.is_file()]
    held = [("checksums", (path.name, path.read_bytes())) for path in (folder / "checksums").iterdir()]
    sent = [one for one in files + held if one[1][0] != without]
    return client.post("/v1/sessions", files=sent)


def test_an_acro_session_becomes_a_draft(gateway: ServedAirlock, tmp_path: Path) -> None:
    client = gateway.workspace(AUTHOR)
    answer = hand_in(client, write_session(tmp_path / "outputs"))
    assert (answer.status_code, answer.json()["state"]) == (201, "draft")
    assert [(file["name"], file["kind"]) for file in answer.json()["files"]] == [
        ("table.csv", "output"),
        ("fit.csv", "output"),
        ("DO_NOT_RELEASE_session_summary.csv", "supporting"),
        ("acro-session.json", "supporting"),
    ]
    assert [path.name for path in gateway.world.airlock.settings.folder.airlock.iterdir()] == ["files"]


def test_a_session_that_is_not_whole_or_not_plain_is_refused(gateway: ServedAirlock, tmp_path: Path) -> None:
    client = gateway.workspace(AUTHOR)
    folder = write_session(tmp_path / "outputs")
    assert hand_in(client, folder, without="fit.csv.txt").json()["code"] == "acro-file-missing"
    assert hand_in(client, folder, without="results.json").json()["code"] == "acro-file-missing"
    (folder / "fit.csv").write_bytes(b"forged")
    assert hand_in(client, folder).json()["code"] == "acro-checksum-wrong"
    outside = [("files", ("../../x.csv", b"1")), ("checksums", ("a.csv.txt", b"1"))]
    assert client.post("/v1/sessions", files=outside).json()["code"] == "bad-file-name"
    assert client.post("/v1/sessions", files=[("checksums", ("../x.txt", b"1"))]).json()["code"] == "bad-file-name"
    assert gateway.world.events() == []
