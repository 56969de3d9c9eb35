"""Only the person's own browser looks into a workspace: attacks on the edge's cookie, and on the way to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import web
from multidict import CIMultiDict

from governance.clock import now
from governance.settings import Settings, load_settings
from governance.store import Store
from hub.edge.cookies import ENTRY, HUB_SESSION, values_of, without_entry
from hub.edge.entry import Entry
from hub.edge.table import RouteTable, Workspace, make_route
from hub.services import LET_IN_HEADER, LET_IN_PAGE
from tests.support import edge_lab
from tests.support.edge_lab import OWNER, PREFIX, Lab, in_lab
from tests.support.gateway import free_port

OWN = Workspace("researcher-a", "gi-bleed")
HOURS = 12.0
NO_SESSION: CIMultiDict[str] = CIMultiDict()
PAGE = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
ELSEWHERE = {"Location": "https://elsewhere.example/user/researcher-a/gi-bleed/lab", LET_IN_HEADER: "1"}


@pytest.fixture
def settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SDE_PORT", str(free_port()))
    return load_settings()


@pytest.fixture(autouse=True)
def _register(demo_register: Store) -> None:
    """Every test has the demonstration's register."""


@pytest.fixture
def entry() -> Entry:
    table = RouteTable()
    table.add(make_route(PREFIX, "http+unix://%2Frun%2Fs.sock", OWNER))
    table.add(make_route("/", "http+unix://%2Frun%2Fhub.sock", {"hub": True}))
    return Entry("5a" * 32, table, hours=HOURS)


def cookies(*lines: str) -> CIMultiDict[str]:
    return CIMultiDict([("Cookie", line) for line in lines])


def test_signing_out_at_the_hub_ends_it(entry: Entry) -> None:
    signed_in = f"{HUB_SESSION}=1f2e"
    shown = f"{ENTRY}={entry.make(OWN, cookies(signed_in))}"
    assert entry.let_in_at(OWN, cookies(signed_in, shown))
    for after in (cookies(shown), cookies(f"{HUB_SESSION}=", shown), cookies(signed_in, f"{HUB_SESSION}=x", shown)):
        assert not entry.let_in_at(OWN, after)


def forged(entry: Entry) -> Iterator[str]:
    """Values that somebody without the key could show."""
    good, other = entry.make(OWN, NO_SESSION), Workspace("researcher-b", "gi-bleed")
    ends, _, seal = good.partition(".")
    yield from (
        "",
        ".",
        f"{ends}.",
        f".{seal}",
        seal,
        ends,
        good[:-1],
        f"{good}0",
        good.upper(),
        "\ud800",
        "é.é",
        "0.0",
    )
    yield f"{int(ends) + 1}.{seal}"  # longer than it was given for
    yield f"{ends} .{seal}"
    yield entry.make(other, NO_SESSION)
    yield entry.make(Workspace("researcher-a", "respiratory"), NO_SESSION)
    yield entry.make(Workspace("researcher-agi", "-bleed"), NO_SESSION)
    yield Entry("5b" * 32, RouteTable(), hours=HOURS).make(OWN, NO_SESSION)
    yield entry.make(OWN, cookies(f"{HUB_SESSION}=1f"))  # another session at the hub


def test_only_what_the_edge_has_sealed_lets_in(entry: Entry, monkeypatch: pytest.MonkeyPatch) -> None:
    good = entry.make(OWN, NO_SESSION)
    assert entry.let_in_at(OWN, cookies(f"{ENTRY}={good}"))
    assert entry.let_in_at(OWN, cookies("a=1; b", f"{ENTRY}=tossed;{ENTRY} = {good} ; c=2"))
    for value in forged(entry):
        assert not entry.let_in_at(OWN, cookies(f"{ENTRY}={value}")), value
    assert not entry.let_in_at(OWN, cookies())
    assert not entry.let_in_at(OWN, cookies(f"x{ENTRY}={good}; {ENTRY}x={good}"))
    later = now() + timedelta(hours=HOURS, seconds=1)
    monkeypatch.setattr("hub.edge.entry.now", lambda: later)
    assert not entry.let_in_at(OWN, cookies(f"{ENTRY}={good}"))


def test_an_address_that_leads_into_no_workspace_gives_no_cookie(entry: Entry) -> None:
    [cookie] = entry.cookies_for(f"{PREFIX}lab?x=1", NO_SESSION)
    assert f"; Path={PREFIX}; " in cookie and "HttpOnly" in cookie and "SameSite=Lax" in cookie
    for location in ("/", "/hub/home", "/user/researcher-b/gi-bleed/lab"):
        assert list(entry.cookies_for(location, NO_SESSION)) == []


@pytest.mark.parametrize(
    ("sent", "passed"),
    [
        ([f"{ENTRY}=1.2"], []),
        ([f"a=1; {ENTRY}=1.2; b", "c=3"], ["a=1; b; c=3"]),
        ([f'q="x; {ENTRY}=1.2; y"'], ['q="x; y"']),
        ([f"{ENTRY}", f" {ENTRY} = 2;;"], []),
        (["a=1"], ["a=1"]),
    ],
)
def test_no_server_behind_the_edge_sees_it(sent: list[str], passed: list[str]) -> None:
    headers = cookies(*sent)
    without_entry(headers)
    assert headers.getall("Cookie", []) == passed
    assert values_of(headers, ENTRY) == []


def test_a_stranger_gets_not_one_byte_of_a_workspace(settings: Settings) -> None:
    async def story(lab: Lab) -> None:
        async with aiohttp.ClientSession() as stranger:
            for path in ("lab", "static/app.js", "api", "endless", "files/x", "api/terminals", "204", ""):
                async with stranger.get(lab.url + PREFIX + path) as answer:
                    assert (answer.status, (await answer.json())["code"]) == (403, "not-let-in")
            async with stranger.post(lab.url + PREFIX + "api", data=b"x") as answer:
                assert answer.status == 403
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                await stranger.ws_connect(f"{lab.url}{PREFIX}api/kernels/1/channels")
            page = f"{PREFIX}lab/tree/a%20b.ipynb?reset&x=1"
            async with stranger.get(lab.url + page, headers=PAGE, allow_redirects=False) as answer:
                assert (answer.status, answer.headers["Location"]) == (302, f"{LET_IN_PAGE}?to={quote(page, safe='')}")
        assert lab.seen == [], "the workspace heard nothing of it"

    in_lab(settings, story)


def test_who_is_let_in_stays_nameless_to_the_workspace(settings: Settings) -> None:
    async def story(lab: Lab) -> None:
        async with lab.client.get(f"{lab.url}{PREFIX}lab", headers={"Cookie": f"a=1; {lab.cookie}; b=2"}) as answer:
            said = await answer.json()
        assert said["headers"]["Cookie"] == "a=1; b=2"

    in_lab(settings, story)


def test_only_the_portals_word_counts(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hub and workspace name the header in vain; the portal's word holds for an address of ours only."""
    onward = {"Location": f"{PREFIX}lab", LET_IN_HEADER: "1"}

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=303, headers=ELSEWHERE if "elsewhere" in request.path else onward)

    monkeypatch.setattr(edge_lab, "hub_answer", answer)
    monkeypatch.setattr(edge_lab, "workspace_answer", answer)

    async def given(lab: Lab, path: str) -> tuple[int, list[str]]:
        async with lab.client.get(lab.url + path, allow_redirects=False) as got:
            assert LET_IN_HEADER not in got.headers
            return got.status, [one for one in got.headers.getall("Set-Cookie", []) if ENTRY in one]

    async def story(lab: Lab) -> None:
        status, cookies = await given(lab, "/services/portal/enter")
        assert status == 303 and len(cookies) == 1
        for path in ("/hub/x", f"{PREFIX}lab"):
            assert await given(lab, path) == (303, [])
        assert (await given(lab, "/services/portal/elsewhere"))[1] == []

    in_lab(settings, story)


def test_a_workspace_cannot_set_or_end_the_cookie(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        headers = CIMultiDict(
            [("Set-Cookie", f"{ENTRY}=; Path={PREFIX}; Max-Age=0"), ("Set-Cookie", f"o=1; Path={PREFIX}")]
        )
        return web.Response(headers=headers)

    monkeypatch.setattr(edge_lab, "workspace_answer", answer)

    async def story(lab: Lab) -> None:
        async with lab.client.get(f"{lab.url}{PREFIX}lab") as got:
            assert [one.partition("=")[0] for one in got.headers.getall("Set-Cookie")] == ["o"]

    in_lab(settings, story)
