"""The page that lets a browser into a workspace: one's own and nobody else's, and never elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from hub.portal.portal import PREFIX
from hub.services import LET_IN_HEADER

Visit = Callable[[str], TestClient]
OWN = "/user/researcher-a/gi-bleed/"


def enter(client: TestClient, to: str) -> tuple[int, str, bool]:
    answer = client.get(f"{PREFIX}/enter", params={"to": to}, follow_redirects=False)
    return answer.status_code, answer.headers.get("location", ""), LET_IN_HEADER in answer.headers


@pytest.mark.parametrize("below", ["", "lab", "lab/tree/a%20b.ipynb?reset&x=%2F", "lab?next=//elsewhere.example/"])
def test_ones_own_workspace_is_gone_to(visit: Visit, below: str) -> None:
    assert enter(visit("researcher-a"), OWN + below) == (303, OWN + below, True)


def test_another_spelling_becomes_the_hubs_own(visit: Visit) -> None:
    assert enter(visit("researcher-a"), "/user/%72esearcher%2da/gi-bleed/lab") == (303, f"{OWN}lab", True)


@pytest.mark.parametrize(
    "to",
    [
        "/user/researcher-b/gi-bleed/lab",
        "/user/researcher-a",
        "/user/researcher-a/",
        "/user/researcher-a/gi-bleed",
        "/user/researcher-a/../researcher-b/gi-bleed/lab",
        "/user/researcher-a/Gi/lab",
        "/user/researcher-a//lab",
        "/user//gi-bleed/lab",
        "//elsewhere.example/user/researcher-a/gi-bleed/lab",
        "https://elsewhere.example/user/researcher-a/gi-bleed/lab",
        "/hub/home",
        "user/researcher-a/gi-bleed/lab",
        "\\user\\researcher-a\\gi-bleed\\lab",
    ],
)
def test_any_other_address_is_refused(visit: Visit, to: str) -> None:
    status, location, let_in = enter(visit("researcher-a"), to)
    assert (status, location, let_in) == (403, "", False)


def test_no_line_is_added_to_the_answer(visit: Visit) -> None:
    _, location, _ = enter(visit("researcher-a"), f"{OWN}lab\r\nSet-Cookie: x=1")
    assert location == f"{OWN}lab{quote(chr(13) + chr(10))}Set-Cookie:%20x=1"


def test_no_address_leads_home(visit: Visit) -> None:
    assert enter(visit("researcher-a"), "") == (303, f"{PREFIX}/", False)
