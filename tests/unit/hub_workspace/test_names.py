"""Slugs, places and addresses of a workspace."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from governance.state import LONGEST_SOCKET_NAME, StateFolder
from hub.names import places_of, socket_url, workspace_slug

STATE = StateFolder(Path("/srv/sde"))


def test_a_slug_is_a_short_hash_and_the_project() -> None:
    assert workspace_slug("researcher-a", "gi-bleed") == "a0be8c5cfff6-gi-bleed"


@pytest.mark.parametrize("subject", ["Alice", "alice", "alice@example.org", "../../etc", "ä\u202e", "x" * 500])
def test_a_slug_is_lowercase_and_safe_in_a_path_for_any_subject(subject: str) -> None:
    slug = workspace_slug(subject, "p")
    assert slug == slug.lower()
    assert len(slug) == 14
    assert set(slug) <= set("0123456789abcdef-p")


def test_subjects_that_differ_in_case_have_different_workspaces() -> None:
    assert workspace_slug("Alice", "p") != workspace_slug("alice", "p")


def test_the_longest_socket_path_is_the_one_the_state_folder_makes_room_for() -> None:
    places = places_of(STATE, "anybody", "x" * 30)
    sockets = (places.server_socket, places.hub_socket, places.guard_socket, places.airlock_socket)
    longest = max(len(os.fsencode(socket)) - len(os.fsencode(STATE.run)) for socket in sockets)
    assert longest == LONGEST_SOCKET_NAME


def test_a_run_shares_the_home_and_nothing_else() -> None:
    own, run = places_of(STATE, "a", "p"), places_of(STATE, "a", "p", name="run-1")
    assert own.home == run.home
    for place in ("run", "server_folder", "hub_socket", "guard_socket", "airlock_socket", "lock", "log"):
        assert getattr(own, place) != getattr(run, place)


def test_two_gateways_on_one_machine_share_no_group() -> None:
    other = StateFolder(Path("/srv/other"))
    assert places_of(STATE, "a", "p").group != places_of(other, "a", "p").group


def test_a_socket_url_survives_being_lowercased_by_the_hub() -> None:
    url = socket_url(Path("/srv/sde/run/w/x/ws/s.sock"), "/user/a/p/")
    assert url == "http+unix://%2Fsrv%2Fsde%2Frun%2Fw%2Fx%2Fws%2Fs.sock/user/a/p/"
    hostname = urlsplit(url).hostname
    assert hostname is not None
    assert unquote(hostname) == "/srv/sde/run/w/x/ws/s.sock"
