"""Whatever path a workspace invents: if it passes, no reading of it leaves the services' API for workspaces."""

from __future__ import annotations

import posixpath
from urllib.parse import unquote

from hypothesis import example, given
from hypothesis import strategies as st

from hub.relay.allowed import hub_allows, service_allows

PIECES = st.sampled_from(
    [
        "/",
        "//",
        "v1",
        "..",
        ".",
        "%2e",
        "%2F",
        "%5c",
        "%00",
        "%25",
        "services",
        "airlock",
        "?",
        "#",
        ";",
        "a",
        "\\",
        "~",
    ]
)
PATHS = st.lists(PIECES | st.text(max_size=3), max_size=12).map("".join)


@given(PATHS | PATHS.map(lambda path: f"/v1/{path}"))
@example("/v1/%252e%252e/services")
def test_a_path_that_passes_stays_in_the_api_however_often_it_is_decoded(path: str) -> None:
    if not service_allows("GET", path):
        return
    seen = path.partition("?")[0]
    for _ in range(4):
        assert posixpath.normpath(seen).startswith("/v1/"), path
        assert not set(seen) & set("\\\0\r\n#;"), path
        seen = unquote(seen)


@given(PATHS | PATHS.map(lambda path: f"/hub/api/user{path}"))
def test_the_hubs_paths_have_one_spelling(path: str) -> None:
    if hub_allows("alice")("GET", path):
        assert path in ("/hub/api", "/hub/api/", "/hub/api/user")
