"""A path has one meaning or is refused; the rules look at every reading of it."""

from __future__ import annotations

from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.refusal import Refusal
from hub.edge.paths import read_path
from hub.edge.refused import RULES, TERMINALS, check_workspace_path

WORKSPACE = "/user/researcher-a/gi-bleed"
DEPTH = 3

BYPASSES = [
    "/files/secret.csv",
    "//files/secret.csv",
    "/%66iles/secret.csv",
    "/%2566iles/secret.csv",
    "/%252566iles/secret.csv",
    "/FILES/secret.csv",
    "/lab/../files/secret.csv",
    "/lab/%2e%2e/files/secret.csv",
    "/lab/%2E./files/secret.csv",
    "/lab/%252e%252e/files/secret.csv",
    "/lab%2f..%2ffiles/secret.csv",
    "/files%2fsecret.csv",
    "/files%252fsecret.csv",
    "/files%5csecret.csv",
    "/./files/secret.csv",
    "/files",
    "/files/",
    "/%00files/secret.csv",
    "/files%00/secret.csv",
    "/nbconvert/csv/analysis.ipynb",
    "/%6ebconvert/html/analysis.ipynb",
    "/nbconvert",
    "/view/page.html",
    "/terminals/1",
    "/terminals/websocket/1",
    "/api/terminals",
    "/api//terminals",
    "/api/%74erminals/1",
    "/api/kernels/../terminals",
]
#: What JupyterLab asks for while it works.
NEEDED = [
    "/lab",
    "/lab/tree/example.ipynb",
    "/lab/tree/a%20folder/caf%C3%A9%20100%25.ipynb",
    "/api/contents/files/results.csv",
    "/api/contents/a%20b/view",
    "/api/contents/example.ipynb/checkpoints",
    "/api/kernels/3c0a1b3e-7e0a-4b0e-8a61-0a5d1c1b2a3d/channels",
    "/api/sessions",
    "/lab/api/settings/@jupyterlab/apputils-extension:themes",
    "/lab/api/workspaces/default",
    "/lab/extensions/@jupyter-notebook/lab-extension/static/remoteEntry.5cbb9d2323598fbda535.js",
    "/static/lab/main.2f0c9a3b.js",
    "/oauth_callback",
    "/",
]


def judge(below: str, method: str = "GET") -> str | None:
    try:
        check_workspace_path(read_path(WORKSPACE + below), DEPTH, method)
    except Refusal as refusal:
        return refusal.code
    return None


@pytest.mark.parametrize("below", BYPASSES)
def test_every_writing_of_a_refused_path_is_refused(below: str) -> None:
    assert judge(below) in {"ambiguous-path", "download-refused", "terminal-refused"}


@pytest.mark.parametrize("below", NEEDED)
def test_what_jupyterlab_needs_passes(below: str) -> None:
    assert judge(below) is None


def test_extensions_may_be_listed_but_not_installed() -> None:
    assert judge("/lab/api/extensions", "GET") is None
    assert judge("/lab/api/extensions", "POST") == "extension-refused"
    assert judge("/lab/%61pi/extensions", "POST") == "extension-refused"


@pytest.mark.parametrize(
    "raw", ["", "lab", "http://elsewhere/lab", "/a b", "/a\\b", "/caf\u00e9", "/%zz", "/%", "/%ff%fe"]
)
def test_what_is_no_plain_path_is_refused(raw: str) -> None:
    with pytest.raises(Refusal, match="ambiguous-path"):
        read_path(raw)


def test_decoding_without_end_is_refused() -> None:
    nested = "%41"
    for _ in range(8):
        nested = nested.replace("%", "%25")
    with pytest.raises(Refusal, match="ambiguous-path"):
        read_path(f"/{nested}")


def spellings(text: str) -> st.SearchStrategy[str]:
    """Each letter of the text plain, in capitals, or encoded once, twice or three times."""

    def spell(letter: str) -> st.SearchStrategy[str]:
        code = f"%{ord(letter):02x}"
        forms = [letter, letter.upper(), code, code.upper(), code.replace("%", "%25"), code.replace("%", "%2525")]
        return st.sampled_from(forms)

    return st.tuples(*(spell(letter) for letter in text)).map("".join)


@given(
    st.sampled_from((*(rule.prefix for rule in RULES), *TERMINALS)).flatmap(
        lambda prefix: st.tuples(*(spellings(part) for part in prefix))
    )
)
def test_no_spelling_of_a_rule_passes(parts: tuple[str, ...]) -> None:
    assert judge("/" + "/".join(parts) + "/x", "POST") is not None


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="/\\"), min_size=1, max_size=30))
def test_a_file_name_is_read_as_it_was_meant(name: str) -> None:
    """Whatever a file is called, its address is either refused or means that very name."""
    try:
        path = read_path(f"{WORKSPACE}/api/contents/{quote(name, safe='')}")
    except Refusal:
        assert "%" in name or name in {".", ".."} or not name.isprintable()
        return
    assert path.segments[-1] == name
    assert unquote(path.raw.rsplit("/", 1)[1]) == name
