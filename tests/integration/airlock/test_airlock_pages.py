"""The pages over the real socket: sign-in, forms, what each part sees, headers, previews and downloads."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from jupyterhub.services import auth as hub_auth
from starlette.types import Message, Receive, Scope, Send

from egress.reviewing import conclude
from egress.service import visitors as visitors_module
from egress.service.app import create_app
from egress.service.guarding import Guard
from egress.service.scripts import AUTHOR_SCRIPT, REVIEW_SCRIPT, hash_source
from egress.service.serve import open_socket
from egress.states import State
from governance.callers import CHANNEL_HEADER, CallerIdentifier
from governance.refusal import Refusal
from governance.store.channels import QueryReceipt
from tests.support.airlock_service import ServedAirlock, running
from tests.support.airlock_world import (
    ADMIN,
    AUTHOR,
    BAD,
    CHECKER,
    COLLEAGUE,
    GOOD,
    PROJECT,
    SECOND,
    STEWARD,
    THIRD,
    AirlockWorld,
    output,
    supporting,
)
from tests.support.visitor import Page, Visitor

pytestmark = pytest.mark.slow
AIRLOCK = "/services/airlock"
NAME = "Chidi Marsh"  # of checker-a
ASKING = {"context": "c", "controls": "d"}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "table.csv"
    file.write_bytes(GOOD)
    return file


def vote_on_page(visitor: Visitor, gateway: ServedAirlock, request: str, decision: str = "approve") -> Page:
    page = gateway.page(visitor, request)
    names = {str(box["name"]) for box in page.soup.find_all("input", attrs={"type": "radio"})}
    votes = {name: decision for name in names if name.startswith("vote-")}
    return page.press("Record these votes", **votes)


def test_the_whole_road_by_pages(gateway: ServedAirlock, table: Path) -> None:
    author = gateway.browser(AUTHOR)
    new = author.open(f"{AIRLOCK}/").link("New request")
    page = new.press("Submit for review", files={"files": [table]}, title="Sexes", context="c", controls="d")
    assert "The request was submitted." in page.text
    request = page.response.url.path.rpartition("/")[2]
    first, second = gateway.browser(CHECKER), gateway.browser(SECOND)
    page = first.open(f"{AIRLOCK}/").link("Review queue").link("Sexes")
    page.press("Add the comment", text="Looks right.", audience="author")
    assert "Your votes were recorded" in vote_on_page(first, gateway, request).text
    page = gateway.page(second, request)
    assert "Looks right" not in page.text
    assert CHECKER not in page.text and NAME not in page.text
    assert "Released" in vote_on_page(second, gateway, request).text
    page = gateway.page(author, request)
    assert "Looks right." in page.text
    assert CHECKER not in page.text and NAME not in page.text
    answer = page.link("table.csv").response
    assert answer.content == GOOD
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''table.csv"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert page.link("manifest.sig").response.status_code == 200
    page = gateway.page(gateway.browser(ADMIN), request)
    page = page.press("Recall the release", reason="Delete every copy.")
    assert "was recalled" in page.text
    assert "Delete every copy." in gateway.page(author, request).text


def test_draft_edit_and_withdraw_by_pages(gateway: ServedAirlock, table: Path) -> None:
    author = gateway.browser(AUTHOR)
    page = author.open(f"{AIRLOCK}/new?project={PROJECT}").press("Keep as a draft", **ASKING)
    assert "No files yet" in page.text
    assert "no file to release" in page.text  # why it cannot be submitted
    page = page.press("Add files", files={"files": [table]})
    page = page.press("Save", title="Better", exception="The funder asks.")
    assert "Exception asked for" in page.text
    page = page.press("Take out")
    assert "was taken out" in page.text
    page = page.press("Add the comment", text="Not ready.")
    assert "Not ready." in page.text
    assert "was withdrawn" in page.press("Withdraw").text


def test_files_are_sorted_into_groups_with_words_of_their_own(gateway: ServedAirlock, table: Path) -> None:
    author = gateway.browser(AUTHOR)
    page = author.open(f"{AIRLOCK}/new").press("Keep as a draft", files={"files": [table]}, **ASKING, people="1,200")
    page = page.press(
        "Make the group", name="Table 1", context="sexes by year", controls="rounded", population="Adults"
    )
    assert "The groups were changed" in page.text
    request = page.response.url.path.rpartition("/")[2]
    file = gateway.world.files(request)[0].id
    group = page.soup.find("select", attrs={"name": f"group-{file}"}).find_all("option")[1]["value"]  # type: ignore[union-attr]
    page.press("Sort the files", **{f"group-{file}": str(group)})
    page = gateway.page(author, request).press("Save the group", name="Table 2", people="many")
    assert "bad-number" in page.text
    gateway.page(author, request).press("Save the group", name="Table 2").press("Submit for review")
    page = gateway.page(gateway.browser(CHECKER), request)
    assert "Table 2" in page.text and "Adults" in page.text and "sexes by year" in page.text
    again = author.open(f"{AIRLOCK}/new").press("Keep as a draft", **ASKING)
    again = again.press("Make the group", name="Table 1", **ASKING).press("Take the group apart")
    assert "Table 1" not in again.text


def test_the_queue_is_filtered_and_read_page_by_page(gateway: ServedAirlock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("egress.service.list_pages.PAGE", 2)
    requests = [gateway.world.submitted() for _ in range(5)]
    checker = gateway.browser(CHECKER)
    page = checker.open(f"{AIRLOCK}/queue")
    assert "5 under way" in page.text
    shown = page.response.text
    for _ in range(2):
        page = page.link("Next page")
        shown += page.response.text
    assert all(shown.count(f"requests/{request}") == 1 for request in requests)
    assert "Next page" not in page.text
    assert "5 under way" in page.link("First page").text
    page = checker.open(f"{AIRLOCK}/queue?project={PROJECT}&holder=the+output+checkers")
    assert page.response.text.count("/requests/") == 2
    page = checker.open(f"{AIRLOCK}/queue?holder=the+author")
    assert "Nothing waits for you" in page.text
    assert "bad-page" in checker.open(f"{AIRLOCK}/queue?after=nonsense").text


def test_a_second_turn_shows_what_changed(gateway: ServedAirlock, tmp_path: Path) -> None:
    table, other = tmp_path / "table.csv", tmp_path / "new.csv"
    table.write_bytes(b"FAIL,people\nF,120\n")
    author = gateway.browser(AUTHOR)
    page = author.open(f"{AIRLOCK}/new").press("Submit for review", files={"files": [table]}, **ASKING)
    request = page.response.url.path.rpartition("/")[2]
    table.write_bytes(b"sex,people\nF,125\n")
    other.write_bytes(GOOD)
    page = page.press("Add files", files={"files": [table, other]}).press("Save", context="For adults.")
    assert "125" in page.link("different from turn 1").text
    page.press("Submit again")
    page = gateway.page(gateway.browser(CHECKER), request)
    assert "changed in this turn" in page.text and "new in this turn" in page.text
    assert "1 earlier version" in page.text
    told = page.link("What changed since turn 1").text
    assert "row 1, column people 120 125" in told and "new.csv" in told and "For adults." in told
    first = gateway.page(author, gateway.world.draft()).response.url.path
    assert "This is the first turn" in author.open(f"{first}/changes").text


def test_a_script_may_ask_how_an_own_request_is_doing_and_nothing_else(gateway: ServedAirlock) -> None:
    request = gateway.world.submitted()
    asking = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "same-origin"}
    address = f"{AIRLOCK}/requests/{request}/progress"
    answer = gateway.browser(AUTHOR).client.get(address, headers=asking)
    assert answer.json()["is_over"] is True
    assert set(answer.json()) == {"is_over", "words"}
    assert gateway.browser(CHECKER).client.get(address, headers=asking).status_code == 404
    for elsewhere in ("same-site", "cross-site"):
        headers = asking | {"Sec-Fetch-Site": elsewhere}
        assert gateway.browser(AUTHOR).client.get(address, headers=headers).status_code == 403


def test_a_fail_is_shown_and_an_exception_goes_to_the_controller(gateway: ServedAirlock, tmp_path: Path) -> None:
    bad = tmp_path / "list.csv"
    bad.write_bytes(BAD)
    author = gateway.browser(AUTHOR)
    page = author.open(f"{AIRLOCK}/new").press("Submit for review", files={"files": [bad]}, **ASKING)
    assert "Returned" in page.text
    assert "Take it out." in page.text
    page = page.press("Save", exception="Agreed with the controller.").press("Submit again")
    request = page.response.url.path.rpartition("/")[2]
    for checker in (CHECKER, SECOND):
        page = vote_on_page(gateway.browser(checker), gateway, request)
    assert "With the data controller" in page.text
    page = gateway.page(gateway.browser(STEWARD), request)
    page = page.press("Record the decision", decision="approved", reason="As agreed.")
    assert "Released" in page.text


def test_disagreement_asks_a_third_and_is_concluded_by_hand(gateway: ServedAirlock) -> None:
    request = gateway.world.submitted()
    vote_on_page(gateway.browser(CHECKER), gateway, request, "changes")
    page = vote_on_page(gateway.browser(SECOND), gateway, request)
    assert "Further opinion wanted" in page.text
    page = vote_on_page(gateway.browser(THIRD), gateway, request, "changes")
    assert "The reviews are in" in page.text
    assert f"{NAME}:" in page.text
    assert "Returned" in page.press("Conclude the review").text


def test_a_failed_release_is_explained_retried_and_returned(gateway: ServedAirlock) -> None:
    world = gateway.world
    request = world.reviewed()
    conclude(world.airlock, actor=CHECKER, request_id=request)
    checker = gateway.browser(CHECKER)
    world.flip_byte(request)
    page = gateway.page(checker, request).press("Release now")
    assert (page.response.status_code, "file-changed" in page.text) == (409, True)
    assert "no longer the file that was approved" in gateway.page(checker, request).text
    world.flip_byte(request)
    world.train(AUTHOR, days=-1)
    page = gateway.page(checker, request)
    assert "Your training has expired" in page.text  # the obstacle
    assert not page.has_button("Release now")
    world.train(AUTHOR)
    page = gateway.page(checker, request).press("Return to the author", reason="Start again.")
    assert "returned to its author" in page.text
    assert world.state(request) is State.RETURNED
    again = world.reviewed()
    conclude(world.airlock, actor=CHECKER, request_id=again)
    assert "were released" in gateway.page(checker, again).press("Release now").text


def test_each_part_gets_its_page_and_strangers_none(gateway: ServedAirlock) -> None:
    request = gateway.world.submitted(output(), supporting())
    for person, words in (
        (AUTHOR, "You are the author"),
        (CHECKER, "You are an output checker"),
        (STEWARD, "You decide for the data controller"),
        (ADMIN, "You decide for the data controller"),  # a data steward too
    ):
        page = gateway.page(gateway.browser(person), request)
        assert (page.response.status_code, words in page.text) == (200, True)
    stranger = gateway.browser(COLLEAGUE)
    missing, hidden = (gateway.page(stranger, one) for one in ("0" * 16, request))
    assert missing.response.status_code == hidden.response.status_code == 404
    assert missing.text == hidden.text
    outside = gateway.browser("outsider").open(f"{AIRLOCK}/")
    assert (outside.response.status_code, "not-registered" in outside.text) == (403, True)
    nobody = gateway.browser(CHECKER).open(f"{AIRLOCK}/new")
    assert (nobody.response.status_code, "not-a-member" in nobody.text) == (403, True)


def test_checkers_read_the_queries_behind_a_request(gateway: ServedAirlock) -> None:
    from governance.clock import now

    request = gateway.world.submitted()
    with gateway.world.store.transaction() as session:
        for number, verdict in enumerate(("answered", "refused")):
            session.add(
                QueryReceipt(
                    id=f"r{number}",
                    project_slug=PROJECT,
                    subject=AUTHOR,
                    asked_at=now(),
                    sql=f"SELECT {number} AS n",
                    verdict=verdict,
                    policy_version="nhs-sde/2026-11",
                )
            )
    page = gateway.page(gateway.browser(CHECKER), request)
    assert "SELECT 0 AS n" in page.text
    assert "SELECT 1 AS n" not in page.text
    assert "SELECT 0" not in gateway.page(gateway.browser(AUTHOR), request).text


def preview_of(page: Page) -> httpx.Response:
    frame = page.soup.find("iframe")
    assert frame is not None
    assert frame.has_attr("sandbox") and not frame["sandbox"]  # nothing allowed
    client = page.visitor.client
    headers = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Mode": "navigate"}
    return client.get(str(frame["src"]), headers=headers)


def test_a_preview_is_sandboxed_by_page_and_header(gateway: ServedAirlock) -> None:
    request = gateway.world.submitted(output(content=b"sex,people\n<script>alert(1)</script>,10\n"))
    page = gateway.page(gateway.browser(CHECKER), request)
    answer = preview_of(page)
    policy = answer.headers["content-security-policy"]
    assert answer.status_code == 200
    assert policy.startswith("sandbox; default-src 'none'; ")
    assert "script-src" not in policy and "allow-" not in policy
    assert "<script>alert" not in answer.text
    author = gateway.browser(AUTHOR)
    assert gateway.page(author, request).soup.find("iframe") is None
    src = str(page.soup.find("iframe")["src"])  # type: ignore[index]
    assert author.open(src).response.status_code == 403
    assert "egress.previewed" in gateway.world.events()


def test_every_answer_carries_the_headers(gateway: ServedAirlock) -> None:
    author = gateway.browser(AUTHOR)
    for path in ("/", "/new", "/nothing", "/airlock.css", "/requests/0"):
        headers = author.open(AIRLOCK + path).response.headers
        assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "same-origin"
    assert author.open(f"{AIRLOCK}/airlock.css").response.headers["content-type"].startswith("text/css")
    assert author.open(AIRLOCK).response.url.path == f"{AIRLOCK}/"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
        {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"},
    ],
)
def test_scripts_and_frames_get_no_page(gateway: ServedAirlock, headers: dict[str, str]) -> None:
    client = gateway.browser(AUTHOR).client
    answer = client.get(f"{AIRLOCK}/", headers=headers)
    assert (answer.status_code, "tab of its own" in answer.text) == (403, True)
    answer = client.get(f"{AIRLOCK}/", headers={"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"})
    assert answer.status_code == 200


def test_the_style_sheet_is_part_of_a_page(gateway: ServedAirlock) -> None:
    answer = gateway.client().get(
        f"{AIRLOCK}/airlock.css", headers={"Sec-Fetch-Dest": "style", "Sec-Fetch-Mode": "no-cors"}
    )
    assert answer.status_code == 200


def test_the_pages_are_not_for_workspaces(gateway: ServedAirlock) -> None:
    client = gateway.browser(AUTHOR).client
    answer = client.get(f"{AIRLOCK}/", headers={CHANNEL_HEADER: "x"})
    assert (answer.status_code, "not for this door" in answer.text) == (403, True)


@pytest.mark.parametrize("token", ["", "0" * 64, "é"])
def test_a_form_without_the_sessions_token_does_nothing(gateway: ServedAirlock, token: str) -> None:
    request = gateway.world.draft()
    client = gateway.browser(AUTHOR).client
    answer = client.post(f"{AIRLOCK}/requests/{request}/withdraw", data={"xsrf": token})
    assert (answer.status_code, "form-expired" in answer.text) == (403, True)
    assert gateway.world.state(request) is State.DRAFT


def test_a_token_of_one_session_does_not_serve_another(gateway: ServedAirlock) -> None:
    request = gateway.world.draft()
    page = gateway.page(gateway.browser(AUTHOR), request)
    stolen = str(page.soup.find("input", attrs={"name": "xsrf"})["value"])  # type: ignore[index]
    answer = gateway.browser(AUTHOR).client.post(f"{AIRLOCK}/requests/{request}/withdraw", data={"xsrf": stolen})
    assert answer.status_code == 403


@pytest.mark.parametrize("field", ["vote-x", "vote-"])
def test_a_form_that_makes_no_sense(gateway: ServedAirlock, field: str) -> None:
    request = gateway.world.submitted()
    checker = gateway.browser(CHECKER)
    xsrf = str(gateway.page(checker, request).soup.find("input", attrs={"name": "xsrf"})["value"])  # type: ignore[index]
    answer = checker.client.post(f"{AIRLOCK}/requests/{request}/vote", data={"xsrf": xsrf, field: "approve"})
    assert (answer.status_code, "bad-request" in answer.text) == (400, True)
    answer = checker.client.get(f"{AIRLOCK}/requests/{request}/files/x/preview")
    assert (answer.status_code, "bad-request" in answer.text) == (400, True)


def test_without_a_session_a_page_leads_to_the_hub_and_a_form_says_so(gateway: ServedAirlock) -> None:
    client = gateway.client()
    answer = client.get(f"{AIRLOCK}/requests/abc?done=voted")
    assert answer.status_code == 302
    cookie = answer.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=lax", f"Path={AIRLOCK}/", "Max-Age=600"))
    landed = client.get(gateway.answer_of_hub(answer, AUTHOR))
    assert landed.headers["location"] == f"{AIRLOCK}/requests/abc?done=voted"
    answer = gateway.client().post(f"{AIRLOCK}/requests/abc/withdraw", data={"xsrf": "x"})
    assert (answer.status_code, "session has ended" in answer.text) == (403, True)


def test_a_sign_in_serves_once_and_only_its_own_browser(gateway: ServedAirlock) -> None:
    client = gateway.client()
    back = gateway.answer_of_hub(client.get(f"{AIRLOCK}/"), AUTHOR)
    thief = gateway.client()
    assert thief.get(back).status_code == 400  # the state's cookie is in the other browser
    assert client.get(back).status_code == 303
    assert client.get(back).status_code == 400
    client = gateway.client()
    answer = client.get(f"{AIRLOCK}/")
    state = back.partition("state=")[2]
    assert client.get(f"{AIRLOCK}/oauth_callback?code=x&state={state}").status_code == 400
    assert client.get(f"{AIRLOCK}/oauth_callback").status_code == 400
    good = gateway.answer_of_hub(answer, AUTHOR)
    gateway.hub.codes.clear()
    answer = client.get(good)
    assert (answer.status_code, "sign-in-failed" in answer.text) == (400, True)


def later(patch: pytest.MonkeyPatch, seconds: float) -> None:
    """Sessions and the hub's answers are older; the event loop's own clock is left alone."""
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + seconds)
    patch.setattr(visitors_module, "time", clock)
    patch.setattr(hub_auth, "time", clock)


def test_sign_out_at_the_hub_ends_the_session_here(gateway: ServedAirlock, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = gateway.browser(AUTHOR)
    visitor.client.follow_redirects = False
    assert visitor.open(f"{AIRLOCK}/").response.status_code == 200
    gateway.hub.tokens.clear()
    later(monkeypatch, visitors_module.BELIEVED_SECONDS + 1)
    assert visitor.open(f"{AIRLOCK}/").response.status_code == 302
    monkeypatch.undo()
    assert visitor.open(f"{AIRLOCK}/").response.status_code == 302


def test_sessions_end_and_are_few(gateway: ServedAirlock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitors_module, "MOST_SESSIONS", 1)
    first, second = gateway.browser(AUTHOR), gateway.browser(CHECKER)
    first.client.follow_redirects = second.client.follow_redirects = False
    assert first.open(f"{AIRLOCK}/").response.status_code == 302
    assert second.open(f"{AIRLOCK}/").response.status_code == 200
    later(monkeypatch, gateway.world.airlock.settings.session_hours * 3600 + 1)
    assert second.open(f"{AIRLOCK}/").response.status_code == 302


@pytest.mark.parametrize(("kind", "scopes"), [("service", None), ("user", ["access:servers!user=researcher-a"])])
def test_whom_the_hub_does_not_let_in(gateway: ServedAirlock, kind: str, scopes: list[str] | None) -> None:
    gateway.hub.kind = kind
    gateway.hub.scopes = scopes or gateway.hub.scopes
    answer = gateway.browser(AUTHOR).open(f"{AIRLOCK}/").response
    assert (answer.status_code, "pages-not-allowed" in answer.text) == (403, True)


def test_a_hub_that_does_not_answer(gateway: ServedAirlock) -> None:
    gateway.hub.broken = True
    answer = gateway.browser(AUTHOR).open(f"{AIRLOCK}/").response
    assert (answer.status_code, "hub-not-answering" in answer.text) == (503, True)


def test_without_a_hub_there_are_no_pages(world: AirlockWorld, tmp_path: Path) -> None:
    app = create_app(world.airlock, CallerIdentifier(world.store, lambda token: frozenset()), None)
    with running(app, open_socket(tmp_path / "s.sock")):
        client = httpx.Client(transport=httpx.HTTPTransport(uds=str(tmp_path / "s.sock")), base_url="http://x")
        for path in ("/", "/oauth_callback"):
            assert client.get(AIRLOCK + path).status_code == 503
        assert client.post(f"{AIRLOCK}/requests", data={}).status_code == 503
        client.close()


def test_a_page_that_breaks_says_one_constant_sentence(gateway: ServedAirlock, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(*given: object, **named: object) -> None:
        raise RuntimeError("secret value 9434765919")

    visitor = gateway.browser(AUTHOR)
    monkeypatch.setattr("egress.service.list_pages.list_own", break_off)
    answer = visitor.open(f"{AIRLOCK}/").response
    assert (answer.status_code, answer.text) == (
        500,
        "Something went wrong. Try again; if it stays so, tell the service desk.",
    )


def test_an_answer_that_breaks_in_the_middle_is_cut_off() -> None:
    async def break_off(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            raise RuntimeError("secret value 9434765919")

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message["type"])

    sent: list[str] = []
    scope = {"type": "http", "path": f"{AIRLOCK}/", "method": "GET", "headers": []}
    with pytest.raises(ConnectionError, match="cut short"):
        asyncio.run(Guard(break_off)(scope, receive, send))
    assert sent == ["http.response.start"]


def test_forms_are_labelled_and_pages_have_one_heading(gateway: ServedAirlock) -> None:
    """WCAG 2.2: 1.3.1, 2.4.6, 3.3.2, 4.1.2 as far as a parser can tell."""
    request = gateway.world.submitted()
    for person, path in (
        (AUTHOR, "/new"),
        (AUTHOR, f"/requests/{gateway.world.draft()}"),
        (CHECKER, f"/requests/{request}"),
    ):
        page = gateway.browser(person).open(AIRLOCK + path)
        soup = page.soup
        assert len(soup.find_all("h1")) == 1
        labelled = {label.get("for") for label in soup.find_all("label")}
        for box in soup.find_all(["input", "textarea", "select"]):
            if box.get("type") not in ("hidden", "submit"):
                assert box.get("id") in labelled or box.find_parent("label") is not None, box
        ids = [tag["id"] for tag in soup.find_all(id=True)]
        assert len(ids) == len(set(ids))
        assert all(frame.get("title") for frame in soup.find_all("iframe"))
        assert all(fieldset.find("legend") for fieldset in soup.find_all("fieldset"))
        assert {script.string for script in soup.find_all("script")} <= {REVIEW_SCRIPT, AUTHOR_SCRIPT}
        assert not soup.find_all(style=True)
        policy = page.response.headers["content-security-policy"]
        assert all(hash_source(script) in policy for script in (REVIEW_SCRIPT, AUTHOR_SCRIPT))


def test_a_vote_is_kept_when_another_concludes_first(world: AirlockWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    from egress import ending_review

    def too_late(*given: object, **named: object) -> None:
        raise Refusal("wrong-state", "late")

    request = world.submitted()
    world.vote_all(CHECKER, request)
    monkeypatch.setattr(ending_review, "conclude", too_late)
    votes = {file.id: "approve" for file in world.outputs(request)}
    state = ending_review.vote_and_go_on(world.airlock, actor=SECOND, request_id=request, decisions=votes)
    assert state is State.REVIEWED
