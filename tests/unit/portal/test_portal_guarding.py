"""Headers of every answer, pages for navigations only, and a failure that tells nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from governance.look import LOOK_FOLDER
from hub.portal.identity import identify
from hub.portal.portal import PREFIX

Visit = Callable[[str], TestClient]


@pytest.mark.parametrize(
    ("subject", "path"),
    [
        ("researcher-a", "/"),
        ("researcher-a", "/administration"),
        ("outsider", "/"),
        ("admin", "/none"),
        ("admin", "/health"),
    ],
)
def test_every_answer_carries_the_headers(subject: str, path: str, visit: Visit) -> None:
    headers = visit(subject).get(PREFIX + path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert headers["cross-origin-opener-policy"] == "same-origin"


@pytest.mark.parametrize("name", ["style.css", "mark.svg"])
def test_the_looks_files_need_nobody_and_may_be_kept(name: str, app: FastAPI) -> None:
    client = TestClient(app, base_url="http://gateway.test")
    answer = client.get(f"{PREFIX}/static/{name}", headers={"sec-fetch-dest": "style"})
    assert answer.content == (LOOK_FOLDER / name).read_bytes()
    assert answer.headers["cache-control"] == "public, max-age=600"
    assert answer.headers["etag"]
    assert client.get(f"{PREFIX}/health").text == "ok"


@pytest.mark.parametrize("name", ["base.html", "__init__.py", "..%2f__init__.py", "%2fetc%2fpasswd"])
def test_nothing_else_of_the_folder_can_be_fetched(name: str, app: FastAPI) -> None:
    assert TestClient(app, base_url="http://gateway.test").get(f"{PREFIX}/static/{name}").status_code == 404


@pytest.mark.parametrize("wanted", ["empty", "iframe", "embed", "object", "script", "style", "serviceworker"])
def test_a_script_of_the_same_origin_reads_no_page(wanted: str, visit: Visit, form_token: str, hub: Any) -> None:
    client, asks = visit("admin"), {"sec-fetch-dest": wanted, "sec-fetch-site": "same-origin"}
    assert client.get(f"{PREFIX}/administration/people", headers=asks).status_code == 403
    path = f"{PREFIX}/administration/people/researcher-a/suspend"
    assert client.post(path, headers=asks, data={"xsrf": form_token}).status_code == 403
    assert "Suspended" not in client.get(f"{PREFIX}/administration/people").text


def test_a_navigation_reads_it(visit: Visit) -> None:
    assert visit("admin").get(f"{PREFIX}/", headers={"sec-fetch-dest": "document"}).status_code == 200


def test_a_failure_tells_nothing_but_its_type_to_the_log(app: FastAPI, capsys: pytest.CaptureFixture[str]) -> None:
    def break_down() -> None:
        raise LookupError("a value that must not be seen")

    app.dependency_overrides[identify] = break_down
    answer = TestClient(app, base_url="http://gateway.test").get(f"{PREFIX}/")
    assert answer.status_code == 500
    assert answer.text == "Something went wrong. Try again."
    assert answer.headers["cache-control"] == "no-store"
    said = "".join(capsys.readouterr())
    assert "LookupError" in said
    assert "a value" not in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [(b"x" * 70_000, 413, "Content Too Large"), (b"a=1&" * 30, 403, "The form could not be read.")],
)
def test_a_body_too_long_or_with_too_many_fields_is_refused(body: bytes, status: int, words: str, visit: Visit) -> None:
    answer = visit("admin").post(
        f"{PREFIX}/administration/people", content=body, headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code == status
    assert words in answer.text
