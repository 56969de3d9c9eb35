"""Headers: nobody claims to be the edge, and a hostile workspace loosens nothing."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from hub.edge.headers import content_policy, for_browser, for_browser_from_workspace, for_upstream

URL = "https://sde.example.org"
PREFIX = ("user", "researcher-a", "gi-bleed")


def headers(*pairs: tuple[str, str]) -> CIMultiDictProxy[str]:
    return CIMultiDictProxy(CIMultiDict(pairs))


def from_workspace(*pairs: tuple[str, str], below: tuple[str, ...] = ("lab",)) -> CIMultiDict[str]:
    policy = content_policy(URL)
    return for_browser_from_workspace(headers(*pairs), prefix=PREFIX, below=below, policy=policy, public_url=URL)


@pytest.mark.parametrize(
    "name",
    [
        "X-SDE-Channel",
        "x-sde-anything",
        "X-Forwarded-For",
        "x-forwarded-user",
        "Forwarded",
        "X-Real-IP",
        "X-Remote-User",
    ],
)
def test_what_only_the_edge_may_say_is_dropped(name: str) -> None:
    sent = for_upstream(headers((name, "forged"), ("Accept", "*/*")), client="192.0.2.1", public_url=URL)
    assert "forged" not in sent.values()
    assert sent["Accept"] == "*/*"


def test_the_edge_says_who_asked() -> None:
    sent = for_upstream(headers(("Host", "elsewhere")), client="192.0.2.1", public_url=URL)
    assert sent["Host"] == sent["X-Forwarded-Host"] == "sde.example.org"
    assert (sent["X-Forwarded-For"], sent["X-Forwarded-Proto"]) == ("192.0.2.1", "https")


def test_hop_by_hop_headers_stop_here() -> None:
    named = headers(("Connection", "keep-alive, X-Secret-Hop"), ("X-Secret-Hop", "1"), ("TE", "trailers"))
    assert not {"Connection", "X-Secret-Hop", "TE"} & set(for_upstream(named, client="", public_url=URL))
    assert "X-Secret-Hop" not in for_browser(named)


@pytest.mark.parametrize(
    "pair",
    [
        ("Content-Disposition", "attachment; filename=data.csv"),
        ("Service-Worker-Allowed", "/"),
        ("Clear-Site-Data", '"cookies"'),
        ("Refresh", "0; url=https://elsewhere.example"),
        ("Link", "<https://elsewhere.example>; rel=preload"),
        ("Access-Control-Allow-Origin", "*"),
        ("Location", "https://elsewhere.example/?data"),
        ("Location", "//elsewhere.example/?data"),
        ("Location", "\\\\elsewhere.example/?data"),
        ("Set-Cookie", "jupyterhub-hub-login=stolen; Path=/hub/"),
        ("Set-Cookie", "x=1; Path=/"),
        ("Set-Cookie", "x=1"),
        ("Set-Cookie", "x=1; Path=/user/researcher-a/gi-bleed/../../../hub/"),
        ("Set-Cookie", "x=1; Path=/user/researcher-a/; Domain=example.org"),
        ("Set-Cookie", "x=1; Path=/user/researcher-a/gi-bleed/; Domain=example.org"),
        ("Set-Cookie", "x=1; Path=/user/researcher-a/gi-bleeding/"),
    ],
)
def test_a_hostile_workspace_is_not_believed(pair: tuple[str, str]) -> None:
    assert pair[0] not in from_workspace(pair)


def test_what_jupyterlab_needs_passes() -> None:
    cookie = ("Set-Cookie", "jupyterhub-user-researcher-a=x; HttpOnly; Path=/user/researcher-a/gi-bleed/")
    answer = from_workspace(
        cookie, ("Location", "/user/researcher-a/gi-bleed/lab"), ("Content-Type", "text/html"), ("ETag", '"1"')
    )
    assert answer["Set-Cookie"] == cookie[1]
    assert answer["Location"] == "/user/researcher-a/gi-bleed/lab"
    assert (answer["Content-Type"], answer["ETag"]) == ("text/html", '"1"')


def test_the_workspace_can_tighten_the_policy_but_not_replace_it() -> None:
    policies = from_workspace(("Content-Security-Policy", "default-src *")).getall("Content-Security-Policy")
    assert policies == ["default-src *", content_policy(URL)]


def test_the_policy_reaches_this_origin_only() -> None:
    policy = dict(part.split(" ", 1) for part in content_policy(URL).split("; "))
    assert policy["connect-src"] == "'self' wss://sde.example.org"
    assert policy["form-action"] == policy["frame-ancestors"] == policy["default-src"] == "'self'"
    assert policy["object-src"] == "'none'"
    sources = {source for value in policy.values() for source in value.split()}
    assert not {source for source in sources if ":" in source} - {"data:", "blob:", "wss://sde.example.org"}


def test_nothing_of_a_workspace_stays_in_the_browser_but_its_program() -> None:
    assert from_workspace(("Cache-Control", "max-age=9"), below=("api", "contents", "x"))["Cache-Control"] == "no-store"
    assert from_workspace(("Cache-Control", "max-age=9"), below=("static", "lab.js"))["Cache-Control"] == "max-age=9"
    ours = ("lab", "extensions", "sde-workspace", "static", "container.js")  # an upgrade must not meet its older half
    assert from_workspace(("Cache-Control", "max-age=9"), below=ours)["Cache-Control"] == "no-store"


def test_every_answer_is_taken_for_what_it_says_it_is() -> None:
    for answer in (from_workspace(("X-Content-Type-Options", "")), for_browser(headers())):
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Referrer-Policy"] == "same-origin"
